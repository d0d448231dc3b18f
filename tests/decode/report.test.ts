import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Outcome, ProgramName, Result } from "./cell.ts";
import { NO_INPUT, SOURCES, type Source } from "./codings.ts";
import { FFMPEG, FFMPEG_8 } from "./ffmpeg.ts";
import { FORMATS, type Format, fitting } from "./formats.ts";
import { GSTREAMER } from "./gstreamer.ts";
import { failuresOf, reportOf, tableOf } from "./report.ts";
import { whyNot } from "./run-cell.ts";

const source = (name: string): Source => SOURCES.find((each) => each.name === name) as Source;
const format = (name: string): Format => FORMATS.find((each) => each.name === name) as Format;

function result(where: readonly [string, string, ProgramName], outcome: Outcome): Result {
  const [from, as, program] = where;
  return { source: source(from), format: format(as), program, outcome };
}

const RESULTS: readonly Result[] = [
  result(["h264+aac", "dash", "ffmpeg"], { kind: "ok", note: "" }),
  result(["h264+aac", "aac", "ffmpeg"], { kind: "ok", note: "sound only" }),
  result(["h264+aac", "ogg", "ffmpeg"], { kind: "impossible", why: "not possible by the format" }),
  result(["h264+aac", "dash", "gstreamer"], { kind: "failed", failures: ["3 pictures", "late"] }),
  result(["h264+aac", "ogg", "gstreamer"], { kind: "impossible", why: "not possible by the format" }),
  result(["h264+aac", "aac", "gstreamer"], { kind: "known", why: "its own", failures: ["x"] }),
];

describe("the report", () => {
  test("has a row for each source and program, and says below what needs words, once", () => {
    assert.equal(
      tableOf(RESULTS),
      [
        "| source | program | dash | ogg | aac |",
        "| --- | --- | --- | --- | --- |",
        "| h264+aac | ffmpeg | ok | – [1] | ok, sound only |",
        "| h264+aac | gstreamer | FAILED [2] | – [1] | (!) [3] |",
        "",
        "1. not possible by the format",
        "2. 3 pictures; late",
        "3. its own",
      ].join("\n"),
    );
  });

  test("fails for what is not known, and for what kept a source from being looked at", () => {
    assert.deepEqual(failuresOf(RESULTS), ["h264+aac as dash by gstreamer: 3 pictures; late"]);
    const head = { seconds: 9, versions: ["ffmpeg 5.1"] };
    assert.match(reportOf(RESULTS, head, ["no server"]), /- FAILED: no server\n- FAILED: h264\+aac as dash/);
    assert.match(reportOf(RESULTS.slice(0, 3), head, []), /\npassed\n$/);
  });
});

describe("the cells", () => {
  test("are those that the format allows", () => {
    assert.deepEqual(fitting(format("webm"), source("av1+aac")), { video: "av1" });
    assert.deepEqual(fitting(format("ogg"), source("h264+opus")), { audio: "opus" });
    assert.equal(fitting(format("http-ts"), source("av1")), undefined);
  });

  test("are left to FFmpeg 8 where the older one and GStreamer cannot know the coding", () => {
    const cell = { source: source("av1+opus"), format: format("flv") };
    assert.match(whyNot({ ...cell, program: FFMPEG }) ?? "", /no av1 and opus in flv/);
    assert.match(whyNot({ ...cell, program: GSTREAMER }) ?? "", /no av1 and opus in flv/);
    assert.equal(whyNot({ ...cell, program: FFMPEG_8 }), undefined);
  });

  test("cover each pair of codecs that some format holds, but for those that no input carries", () => {
    const video = ["h264", "hevc", "av1", "vp9", "mpeg2video", undefined];
    const audio = ["aac", "ac3", "eac3", "opus", "mp3", "mp2", "flac", undefined];
    const pairs = video.flatMap((picture) =>
      audio.map((sound) => [picture, sound].filter(Boolean).join("+")),
    );
    const known = [...SOURCES.map(({ name }) => name), ...NO_INPUT, ""];
    assert.deepEqual(
      pairs.filter((pair) => !known.includes(pair)),
      [],
    );
  });
});

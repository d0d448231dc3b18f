import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FragmentReader, parseWebvttSample, webvttSample } from "@millrace/isobmff";
import type { AccessUnit, Track } from "@millrace/model";
import type { SegmentRecord } from "./model.ts";
import { AUDIO, makePackager, type Recorder, START_MS, unitOf, VIDEO } from "./packager.test-support.ts";
import type { CmafPackager } from "./packager.ts";

const TEXT: Track = { id: 300, kind: "subtitle", codec: "webvtt", timescale: 90_000, language: "deu" };
/** Page 888 for the hard of hearing, page 889, and page 100, which has no subtitles. */
const DESCRIPTORS = Uint8Array.from(Buffer.from("560f66726128886465751089656e670900", "hex"));
const TELETEXT: Track = {
  id: 301,
  kind: "subtitle",
  codec: "teletext",
  timescale: 90_000,
  ts: { pid: 301, streamType: 6, program: 1, descriptors: DESCRIPTORS },
};
/** PES data fields: pages 888 and 889 with a line each, and 889 erased. */
const PAGES: readonly string[] = [
  "10032cc7e4a8a80b0ba80ba80ba8a80404040404040404040404040404040404040404040404040404040404040404032cc8e4a831b0d0d086043d467c046404c751510404040404040404040404040404040404040404040404040404",
  "10032cc7e4a8a8e30ba80ba80ba8a80404040404040404040404040404040404040404040404040404040404040404032cc8e4a831b0d0d0cea7c7f7762651510404040404040404040404040404040404040404040404040404040404",
  "10032cc7e4a8a8e30ba80ba80ba8a80404040404040404040404040404040404040404040404040404040404040404",
];
const START = 900_000;
const FRAME = 3600;
const AAC_FRAME = 1920;

interface Feeding {
  readonly seconds: number;
  readonly texts: readonly AccessUnit[];
  /** How much later than the picture sound comes. */
  readonly lateSound?: number;
  readonly sound?: boolean;
  /** What has not come by then never does. */
  readonly isCut?: boolean;
}

/** What is shown from so many seconds on; it comes `late` seconds later than the picture of that moment. */
function cue(second: number, text: string, late = 0): AccessUnit {
  const pts = START + Math.round(second * 90_000);
  const data = [webvttSample(text === "" ? [] : [{ text }])];
  return unitOf(TEXT, { pts, dts: pts + Math.round(late * 90_000), data });
}

/** Picture, sound and text, as they come. */
function feed(packager: CmafPackager, feeding: Feeding): void {
  const { seconds, texts, lateSound = 0, sound = true, isCut = false } = feeding;
  const coming: [number, AccessUnit][] = texts.map((unit) => [unit.dts, unit]);
  const end = START + seconds * 90_000;
  const wallOf = (ticks: number): number => START_MS + Math.round((ticks - START) / 90);
  for (let i = 0, dts = START; dts < end; dts = START + ++i * FRAME) {
    coming.push([dts, unitOf(VIDEO, { dts, pts: dts, key: i % 50 === 0, wallMs: wallOf(dts) })]);
  }
  for (let dts = START; sound && dts < end; dts += AAC_FRAME) {
    coming.push([dts + lateSound, unitOf(AUDIO, { dts, pts: dts, wallMs: wallOf(dts) })]);
  }
  for (const [at, unit] of coming.toSorted(([a], [b]) => a - b)) if (!isCut || at < end) packager.unit(unit);
}

/** What samples of a track show, in seconds from the start; samples side by side that show the same are one. */
function shownOn(recorder: Recorder, name: string): [number, number, string][] {
  const init = recorder.periods[0]?.tracks.find((track) => track.name === name)?.init ?? "";
  const found: [number, number, string][] = [];
  const times: { pts: number; text: string }[] = [];
  const reader = new FragmentReader({
    onTracks: () => {},
    onUnit: ({ pts, data }) => {
      const cues = parseWebvttSample(Buffer.concat(data)) ?? [];
      times.push({ pts, text: cues.map(({ text }) => text).join(" ") });
    },
  });
  reader.push(recorder.inits.get(init) as Uint8Array);
  for (const { segment, bytes } of recorder.parts) if (segment.track === name) reader.push(bytes);
  const last = recorder.partsOf(name).at(-1);
  const end = (last?.startTicks ?? 0) + (last?.durationTicks ?? 0);
  const zero = recorder.periods[0]?.startTicks ?? 0;
  const seconds = (ticks: number): number => Math.round((ticks - zero) / 90) / 1000;
  for (const [i, { pts, text }] of times.entries()) {
    const to = seconds(times[i + 1]?.pts ?? end);
    const before = found.at(-1);
    if (before?.[2] === text) before[1] = to;
    else found.push([seconds(pts), to, text]);
  }
  return found;
}

/** All but their names is alike: numbers, starts, durations. */
function assertBeside(recorder: Recorder, name: string): void {
  const facts = ({ msn, period, startTicks, durationTicks, wallMs, complete, parts }: SegmentRecord) => ({
    msn,
    period,
    startTicks,
    durationTicks,
    wallMs,
    complete,
    parts: parts.map((part) => [part.startTicks, part.durationTicks]),
  });
  assert.ok(recorder.of(name).length > 0);
  assert.deepEqual(recorder.of(name).map(facts), recorder.of("v1").map(facts));
}

describe("text is cut where the picture is", () => {
  for (const [name, options] of [
    ["with sound", {}],
    ["without sound", { sound: false }],
    ["with late sound", { lateSound: 60_000 }],
    ["with sound that comes too late", { lateSound: 270_000 }],
  ] as const) {
    test(name, () => {
      const { recorder, packager } = makePackager();
      packager.setTracks([VIDEO, AUDIO, TEXT]);
      feed(packager, { seconds: 7, texts: [cue(0.5, "one"), cue(3, "two"), cue(4, "")], ...options });
      packager.close();
      assertBeside(recorder, "t1");
      assert.deepEqual(shownOn(recorder, "t1"), [
        [0, 0.5, ""],
        [0.5, 3, "one"],
        [3, 4, "two"],
        [4, 7, ""],
      ]);
    });
  }

  test("each segment is a WebVTT file too, in which cues end with it and go on in the next", () => {
    const { recorder, packager } = makePackager();
    packager.setTracks([VIDEO, AUDIO, TEXT]);
    feed(packager, { seconds: 4.5, texts: [cue(1.5, "one"), cue(2.25, "")] });
    const files = recorder.of("t1").map(({ vtt }) => recorder.vtts.get(vtt ?? "")?.split("\n\n") ?? []);
    assert.deepEqual(
      files.map(([, ...cues]) => cues),
      [["00:00:01.500 --> 00:00:02.000\none\n"], ["00:00:00.000 --> 00:00:00.250\none\n"]],
    );
    const [first] = recorder.of("t1") as [SegmentRecord];
    assert.equal(first.vtt, `t1/${first.startTicks}.vtt`);
    assert.match(files[0]?.[0] ?? "", new RegExp(`MPEGTS:${first.startTicks % 2 ** 33},`));
  });

  test("parts are there as soon as sound is, and with the picture where there is none", () => {
    for (const [sound, lateSound, behind] of [
      [false, 0, 0],
      [true, 0, 0],
      [true, 45_000, 45_000],
      [true, 270_000, 90_000],
    ] as const) {
      const { recorder, packager } = makePackager();
      packager.setTracks(sound ? [VIDEO, AUDIO, TEXT] : [VIDEO, TEXT]);
      feed(packager, { seconds: 5, texts: [], sound, lateSound, isCut: true });
      const end = (name: string): number => {
        const last = recorder.partsOf(name).at(-1);
        return (last?.startTicks ?? 0) + (last?.durationTicks ?? 0);
      };
      const gap = end("v1") - end("t1");
      assert.ok(gap >= 0 && gap <= behind + 36_000, `${gap} for ${lateSound}`);
    }
  });

  test("text that is late by less than sound is shown when it should be, later text from the next part on", () => {
    const { recorder, packager } = makePackager();
    packager.setTracks([VIDEO, AUDIO, TEXT]);
    const texts = [cue(1, "in time", 0.5), cue(2, "late", 1.5), cue(5, "", 0)];
    feed(packager, { seconds: 7, texts, lateSound: 60_000 });
    packager.close();
    const shown = shownOn(recorder, "t1");
    assert.deepEqual(shown[1]?.[0], 1);
    const late = shown.find(([, , text]) => text === "late")?.[0] ?? 0;
    assert.ok(late > 2 && late <= 3.5, String(late));
    assert.deepEqual(shown.at(-1), [5, 7, ""]);
  });

  test("what is told of one moment again takes the place of what was told first", () => {
    const { recorder, packager } = makePackager();
    packager.setTracks([VIDEO, AUDIO, TEXT]);
    feed(packager, { seconds: 3, texts: [cue(1, "half"), cue(1, "whole"), cue(2, "whole"), cue(2.5, "")] });
    packager.close();
    assert.deepEqual(
      shownOn(recorder, "t1").map(([from, , text]) => [from, text]),
      [
        [0, ""],
        [1, "whole"],
        [2.5, ""],
      ],
    );
  });

  test("where the timeline breaks nothing of before is shown, and numbers go on", () => {
    const { recorder, packager } = makePackager();
    packager.setTracks([VIDEO, AUDIO, TEXT]);
    feed(packager, { seconds: 3, texts: [cue(1, "before")] });
    const at = START + 90_000 * 1000;
    for (let i = 0; i < 80; i++) {
      const dts = at + i * FRAME;
      packager.unit(unitOf(VIDEO, { dts, pts: dts, key: i % 50 === 0, wallMs: START_MS + 3000 + i * 40 }));
    }
    packager.close();
    assert.equal(recorder.periods.length, 2);
    const text = recorder.of("t1");
    assert.deepEqual(
      text.map(({ msn }) => msn),
      recorder.of("v1").map(({ msn }) => msn),
    );
    const ends = text.map(({ startTicks, durationTicks }) => startTicks + durationTicks);
    for (const [i, { startTicks }] of text.slice(1).entries()) assert.ok(startTicks >= (ends[i] ?? 0));
    assert.doesNotMatch(recorder.vtts.get(text.at(-1)?.vtt ?? "") ?? "before", /before/);
  });
});

describe("text tracks", () => {
  test("there is one for each subtitle page of teletext, with its language and for whom it is", () => {
    const { recorder, packager } = makePackager();
    packager.setTracks([VIDEO, AUDIO, TELETEXT]);
    feed(packager, { seconds: 1, texts: [] });
    assert.deepEqual(
      recorder.periods[0]?.tracks
        .filter(({ kind }) => kind === "subtitle")
        .map(({ name, codec, codecString, language, audioType, timescale }) => [
          name,
          codec,
          codecString,
          language,
          audioType,
          timescale,
        ]),
      [
        ["t1", "webvtt", "wvtt", "fra", 2, 90_000],
        ["t2", "webvtt", "wvtt", "deu", 0, 90_000],
      ],
    );
  });

  test("bitmaps and teletext without subtitles are none; a page that comes begins a period", () => {
    const { recorder, packager } = makePackager();
    const dvb: Track = { ...TEXT, id: 302, codec: "dvbsub" };
    const { ts: _, ...bare } = TELETEXT;
    packager.setTracks([VIDEO, dvb, bare]);
    feed(packager, { seconds: 1, texts: [], sound: false });
    assert.deepEqual(
      recorder.periods[0]?.tracks.map(({ name }) => name),
      ["v1"],
    );
    packager.setTracks([VIDEO, dvb, bare]);
    packager.setTracks([VIDEO, dvb, TELETEXT]);
    feed(packager, { seconds: 1, texts: [], sound: false });
    assert.equal(recorder.periods.length, 2);
  });

  test("each has its own text", () => {
    const { recorder, packager } = makePackager();
    const other: Track = { ...TEXT, id: 303, language: "eng" };
    packager.setTracks([VIDEO, TEXT, other]);
    const texts = [cue(0.5, "eins"), { ...cue(1, "one"), track: other.id }];
    feed(packager, { seconds: 2, texts, sound: false });
    packager.close();
    const shown = ["t1", "t2"].map((name) => shownOn(recorder, name).at(-1));
    assert.deepEqual(shown, [
      [0.5, 2, "eins"],
      [1, 2, "one"],
    ]);
  });

  test("pages are told apart, and what would be markup is not", () => {
    const { recorder, packager } = makePackager();
    packager.setTracks([VIDEO, TELETEXT]);
    const units = PAGES.map((hex, i) => {
      const pts = START + 45_000 * (i + 1);
      return unitOf(TELETEXT, { pts, dts: pts, data: [Uint8Array.from(Buffer.from(hex, "hex"))] });
    });
    feed(packager, { seconds: 3, texts: units, sound: false });
    packager.close();
    assert.deepEqual(
      shownOn(recorder, "t1").filter(([, , text]) => text !== ""),
      [[0.5, 3, "a &lt;b&gt; &amp; c"]],
    );
    assert.deepEqual(
      shownOn(recorder, "t2").filter(([, , text]) => text !== ""),
      [[1, 1.5, "second"]],
    );
  });
});

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { TeletextSubtitles } from "@millrace/codec";
import { parseMediaPlaylist } from "@millrace/playlist";
import { needs, run } from "../e2e/kit/programs.ts";
import { TestServer, until } from "../e2e/kit/server.ts";
import { PlayerPage } from "./kit/dash-players.ts";
import { openHlsPage } from "./kit/hls-page.ts";
import {
  SOME_LINES,
  TELETEXT_CAPTURE,
  TELETEXT_FRAME_TICKS,
  teletextFields,
  writeTeletextFile,
} from "./kit/teletext-file.ts";

const WAIT_MS = 40_000;
/** What another decoder of teletext made of the capture's page 889. */
const ORACLE = join(TELETEXT_CAPTURE, "..", "test-012.ts.ref/test-012.srt");

function hasCapture(t: TestContext): boolean {
  const found = existsSync(TELETEXT_CAPTURE);
  if (!found) t.skip("SHARED MEDIA MISSING: ts/subtitles/test-012.ts");
  return found;
}

/** A server whose stream has the capture's subtitles, again and again. */
async function startServer(t: TestContext): Promise<TestServer | undefined> {
  if (!hasCapture(t)) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "millrace-teletext-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "teletext.mpegts");
  writeTeletextFile(file);
  return TestServer.start(t, `stream a { input file://${file}; }`);
}

/** The cues of a text track that is on, as the page's video has them. */
const CUES = `Array.from(document.querySelector("video").textTracks).filter((track) => track.mode !== "disabled")
  .flatMap((track) => Array.from(track.activeCues ?? []).map((cue) => ({ text: cue.text, start: cue.startTime })))`;

interface ShownCue {
  readonly text: string;
  /** On the page's timeline, seconds. */
  readonly start: number;
}

interface DatedCue {
  readonly text: string;
  /** UTC, milliseconds, by the date of the segment in which it begins. */
  readonly atMs: number;
}

/** `playingDate` is no help: for a moment behind the boundary of segments it is still that of the last one. */
const DATED_CUES = `(() => {
  const { fragments } = player.levels[player.currentLevel].details;
  return ${CUES}.flatMap(({ text, start }) => {
    const fragment = fragments.find((each) => each.start <= start && start < each.start + each.duration);
    return fragment === undefined ? [] : [{ text, atMs: fragment.programDateTime + (start - fragment.start) * 1000 }];
  });
})()`;

test("teletext becomes the text that another decoder reads, at the same times", (t) => {
  if (!hasCapture(t)) return;
  const subtitles = new TeletextSubtitles({ page: 0x889, language: "fra" });
  const changes = teletextFields().flatMap((data, i) => [
    ...subtitles.push({ data: [data], pts: i * TELETEXT_FRAME_TICKS }),
  ]);
  const ours = changes.filter(({ text }) => text !== "");
  const theirs = readFileSync(ORACLE, "utf8")
    .trim()
    .split(/\r?\n\r?\n/)
    .map((block) => block.split(/\r?\n/));
  assert.deepEqual(
    ours.map(({ text }) => text.split("\n")),
    theirs.map((lines) => lines.slice(2)),
  );
  const startMs = theirs.map(
    ([, times = ""]) => Number(times.slice(3, 5)) * 60_000 + Number(times.slice(6, 12).replace(",", "")),
  );
  // The capture has no clock: two frames more or less, from the first line on.
  for (const [i, { startTicks }] of ours.entries()) {
    const sinceMs = (startTicks - (ours[0]?.startTicks ?? 0)) / 90;
    assert.ok(Math.abs(sinceMs - ((startMs[i] ?? 0) - (startMs[0] ?? 0))) <= 80, `line ${i}`);
  }
});

describe("hls.js in Chromium shows subtitles from teletext", () => {
  for (const [path, config] of [
    ["/a/index.fmp4.m3u8", {}],
    ["/a/index.ll.m3u8", { lowLatencyMode: true }],
  ] as const) {
    test(path, async (t) => {
      const server = await startServer(t);
      if (server === undefined) return;
      const hls = await openHlsPage(t, server.url(path), config);
      if (hls === undefined) return;
      await hls.until("two text tracks", ({ subtitles, time }) => subtitles === 2 && time > 0, {
        timeoutMs: WAIT_MS,
      });
      await hls.page.evaluate("player.subtitleTrack = 1, player.subtitleDisplay = true, undefined");
      const seen = new Map<string, number>();
      await until("three of the subtitles", WAIT_MS, async () => {
        for (const { text, atMs } of await hls.page.evaluate<DatedCue[]>(DATED_CUES)) {
          if (SOME_LINES.some((line) => text.includes(line))) seen.set(text, atMs);
        }
        return seen.size >= 3 ? seen : undefined;
      });
      await assertTimes(server, seen);
    });
  }
});

/** What was shown began when the server's file says, by the clock of its playlist. */
async function assertTimes(server: TestServer, seen: ReadonlyMap<string, number>): Promise<void> {
  const begins = await listedCues(server);
  let checked = 0;
  for (const [text, shownMs] of seen) {
    // A text that goes on in the next segment is in there once more, from where that begins.
    const offMs = (begins.get(text) ?? [])
      .map((startMs) => shownMs - startMs)
      .reduce((least, each) => (Math.abs(each) < Math.abs(least) ? each : least), Number.POSITIVE_INFINITY);
    // A round earlier or later it began elsewhere.
    if (Math.abs(offMs) > 1000) continue;
    assert.ok(Math.abs(offMs) < 100, `${offMs} ms off`);
    checked++;
  }
  assert.ok(checked > 0, "nothing that was shown is still listed");
}

/** When the texts that are listed now begin, UTC, milliseconds. */
async function listedCues(server: TestServer): Promise<ReadonlyMap<string, readonly number[]>> {
  const begins = new Map<string, number[]>();
  const playlist = parseMediaPlaylist(await (await fetch(server.url("/a/cmaf/t2.m3u8"))).text());
  for (const { uri, programDateTimeMs = Number.NaN } of playlist.segments) {
    const file = await (await fetch(server.url(`/a/cmaf/${uri}`))).text();
    for (const block of file.split("\n\n").slice(1)) {
      const [times = "", ...lines] = block.trim().split("\n");
      const [, s = "", ms = ""] = /^00:00:(\d\d)\.(\d{3}) -->/.exec(times) ?? [];
      const text = lines.join("\n");
      begins.set(text, [...(begins.get(text) ?? []), programDateTimeMs + Number(s) * 1000 + Number(ms)]);
    }
  }
  return begins;
}

test("Shaka Player in Chromium shows subtitles from teletext by DASH", async (t) => {
  const server = await startServer(t);
  if (server === undefined) return;
  const page = await PlayerPage.open(t, { player: "shaka", url: server.url("/a/index.mpd") });
  if (page === undefined) return;
  await until("the stream to play", WAIT_MS, async () => ((await page.state()).time > 0 ? true : undefined));
  await page.page.evaluate(`(() => {
    const { player } = state;
    player.selectTextTrack(player.getTextTracks()[1]);
  })()`);
  const seen = new Set<string>();
  await until("three of the subtitles", WAIT_MS, async () => {
    const cues = await page.page.evaluate<ShownCue[]>(CUES);
    for (const { text } of cues) for (const line of SOME_LINES) if (text.includes(line)) seen.add(line);
    return seen.size >= 3 ? true : undefined;
  });
  assert.deepEqual((await page.state()).errors, []);
});

test("FFmpeg reads segments of text as WebVTT files", async (t) => {
  if (!needs(t, "ffmpeg")) return;
  const server = await startServer(t);
  if (server === undefined) return;
  const { uri, text } = await until("a segment with a cue", WAIT_MS, async () => {
    const answer = await fetch(server.url("/a/cmaf/t2.m3u8"));
    if (answer.status !== 200) return undefined;
    for (const segment of parseMediaPlaylist(await answer.text()).segments) {
      const file = await (await fetch(server.url(`/a/cmaf/${segment.uri}`))).text();
      if (file.includes("-->")) return { uri: segment.uri, text: file };
    }
    return undefined;
  });
  const lines = text.split("\n\n")[1]?.trim().split("\n").slice(1) ?? [];
  const args = ["-v", "warning", "-i", server.url(`/a/cmaf/${uri}`), "-f", "srt", "-"];
  const { status, stdout, stderr } = await run("ffmpeg", args, 20_000);
  assert.deepEqual([status, stderr], [0, ""]);
  assert.ok(stdout.replaceAll("\r", "").includes(lines.join("\n")), stdout);
});

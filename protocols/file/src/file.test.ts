import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { MillraceError, type Options } from "@millrace/model";
import { Demuxer, TsScanner } from "@millrace/mpegts";
import {
  countedTs,
  eventually,
  fixturePath,
  leavesNothingOpen,
  packetsIn,
  readBytes,
  TestWriter,
  testContext,
} from "../../../tests/contract/index.ts";
import { file } from "./index.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-file-"));
after(() => rmSync(folder, { recursive: true }));

function store(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return pathToFileURL(path).href;
}

const locations = { fileLocations: [{ name: "vod", paths: [join(folder, "empty"), folder] }] };

function source(url: string, options: Options = {}) {
  const input = { url, scheme: "file", priority: 1, sourceTimeoutMs: 60_000, options };
  const made = file.pull?.(input, testContext(locations));
  assert.ok(made !== undefined);
  return made;
}

/** Plays for a while, or to the end. */
async function play(url: string, options: Options, milliseconds: number): Promise<TestWriter> {
  const into = new TestWriter();
  const abort = new AbortController();
  const run = source(url, options).run(into, abort.signal);
  await Promise.race([run, sleep(milliseconds)]);
  abort.abort();
  await run;
  return into;
}

/** Decoding times by track in order of arrival, and what the demultiplexer found wrong. */
function demux(packets: Uint8Array) {
  const scanner = new TsScanner();
  scanner.scan(packets, 0, packets.length / 188);
  const times = new Map<number, number[]>();
  const demuxer = new Demuxer({
    onTracks: () => undefined,
    onUnit: ({ track, dts }) => {
      const list = times.get(track) ?? [];
      list.push(dts);
      times.set(track, list);
    },
  });
  demuxer.push(packets, 0, packets.length / 188);
  demuxer.flush();
  return { tracks: times, ccErrors: scanner.ccErrors };
}

suite("file input", () => {
  test("plays a file once, every packet of it, in real time", async () => {
    // Half a second at 4 Mbit/s.
    const bytes = countedTs(1330);
    const url = store("once.ts", bytes);
    const started = performance.now();
    const into = await play(url, { loop: false }, 3000);
    const tookMs = performance.now() - started;
    assert.deepEqual(into.bytes(), bytes);
    assert.ok(tookMs > 400 && tookMs < 1100, `0.5 s of media took ${tookMs} ms`);
    assert.deepEqual(into.counters, {});
  });

  test("starts within 200 ms and goes on evenly", async () => {
    const into = new TestWriter();
    const abort = new AbortController();
    const url = store("backup.mpegts", countedTs(10_000));
    const started = performance.now() * 1e6;
    const run = source(url).run(into, abort.signal);
    await into.until(188);
    assert.ok(into.firstNs - started < 200e6, `${(into.firstNs - started) / 1e6} ms`);
    await sleep(400);
    const expected = (4_000_000 / 8) * 0.4;
    assert.ok(Math.abs(into.length - expected) < 0.35 * expected, `${into.length} bytes in 0.4 s`);
    abort.abort();
    await run;
  });

  for (const name of ["ac3", "mpeg2-mp2"]) {
    test(`loops without a seam: time goes on, counters go on (${name})`, async () => {
      const media = readBytes(fixturePath(`${name}.mpegts`));
      const into = await play(store(`${name}.mpegts`, media), {}, 1200);
      assert.ok((into.counters["laps"] as number) >= 2, `${into.length} bytes`);
      assert.ok(into.length > 1.5 * media.length, `${into.length} bytes of ${media.length}`);
      const { packets, rubbishBytes } = packetsIn(into.bytes());
      assert.equal(rubbishBytes, 0);
      assert.deepEqual(packets.subarray(0, media.length), media, "the first lap is as the file");
      const { tracks, ccErrors } = demux(packets);
      assert.equal(ccErrors, 0);
      assert.ok(tracks.size > 0);
      for (const [track, times] of tracks) {
        const steps = times.slice(1).map((time, i) => time - (times[i] as number));
        assert.ok(Math.min(...steps) > 0, `track ${track} goes back: ${Math.min(...steps)}`);
        assert.ok(Math.max(...steps) < 90_000 / 4, `track ${track} jumps by ${Math.max(...steps)}`);
      }
    });
  }

  test("M2TS and Reed-Solomon packets become plain ones", async () => {
    const plain = countedTs(500);
    for (const [size, offset] of [
      [192, 4],
      [204, 0],
    ] as const) {
      const padded = new Uint8Array(500 * size);
      for (let i = 0; i < 500; i++) padded.set(plain.subarray(i * 188, (i + 1) * 188), i * size + offset);
      const into = await play(store(`padded-${size}.m2t`, padded), { loop: false }, 2000);
      assert.deepEqual(into.bytes(), plain);
    }
  });

  test("a program is taken out, locations are looked through", async () => {
    store("programs.ts", countedTs(700));
    const into = await play("file://vod/programs.ts?loop=off", { loop: false, program: 1 }, 2000);
    assert.ok(into.length > 0 && into.length < 650 * 188);
    assert.equal(into.counters["filteredPackets"], 98);
  });

  test("leaves nothing open when aborted: before, at once, while it plays", async () => {
    const url = store("abort.ts", countedTs(3000));
    await leavesNothingOpen(async () => {
      await source(url).run(new TestWriter(), AbortSignal.abort());
      for (const wait of [0, 1, 5, 60]) {
        const abort = new AbortController();
        const run = source(url).run(new TestWriter(), abort.signal);
        if (wait > 0) await sleep(wait);
        abort.abort();
        await run;
      }
    });
  });

  const refused: readonly [url: string, message: RegExp][] = [
    ["file://", /expected/],
    ["file:///storage/", /expected/],
    ["file:///storage/../etc/passwd", /\.\./],
    ["file:///storage/%2e%2e/etc/passwd", /\.\./],
    ["file://vod/a/../../b.ts", /\.\./],
    ["file://nowhere/a.ts", /no "file nowhere/],
    ["file:///storage/film.mp4", /MP4 files are not supported yet/],
    ["file:///storage/film.mkv?loop=off", /MKV files are not supported yet/],
  ];
  for (const [url, message] of refused) {
    test(`refuses ${url}`, () => {
      assert.throws(
        () => source(url),
        (error: unknown) =>
          error instanceof MillraceError && error.code === "bad-url" && message.test(error.message),
      );
    });
  }

  test("says what is wrong with a file", async () => {
    await leavesNothingOpen(async () => {
      const cases = [
        [pathToFileURL(join(folder, "missing.ts")).href, "file.unreadable", /there is no such file/],
        [pathToFileURL(folder).href, "file.unreadable", /no regular file/],
        [store("empty.ts", new Uint8Array(0)), "file.not-ts", /no MPEG transport stream/],
        [store("text.ts", new TextEncoder().encode("not media ".repeat(5000))), "file.not-ts", /no MPEG/],
      ] as const;
      for (const [url, code, message] of cases) {
        await assert.rejects(source(url).run(new TestWriter(), new AbortController().signal), {
          code,
          message,
        });
      }
    });
  });

  test("a file that is replaced is played anew from the next lap on", async () => {
    const into = new TestWriter();
    const abort = new AbortController();
    const first = countedTs(200);
    const run = source(store("replaced.ts", first)).run(into, abort.signal);
    await into.until(188);
    store("replaced.ts", countedTs(200, { bitrate: 2_000_000 }));
    await eventually(() => into.length > 3 * first.length);
    abort.abort();
    await run;
  });
});

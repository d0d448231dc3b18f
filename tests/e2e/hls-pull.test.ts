import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { PACKET, type Reading, readHttp } from "./kit/capture.ts";
import { TestServer, until } from "./kit/server.ts";
import { continuityErrors, timestampsOf } from "./kit/ts-check.ts";

const WAIT_MS = 20_000;

/** Starts a server that lives until `stop`. */
async function started(text: string): Promise<{ server: TestServer; stop: () => Promise<unknown> }> {
  let stop: () => Promise<unknown> = () => Promise.resolve();
  const server = await TestServer.start({ after: (end) => void (stop = end) }, text);
  return { server, stop };
}

/** PTS of the PID with most of them, and how far apart they are, in order of time. */
function stepsOf(bytes: Buffer): Map<number, number[]> {
  const pids = new Set<number>();
  for (let at = 0; at + PACKET <= bytes.length; at += PACKET) pids.add(bytes.readUInt16BE(at + 1) & 0x1fff);
  const steps = new Map<number, number[]>();
  for (const pid of pids) {
    const stamps = pid < 0x20 || pid === 0x1fff ? [] : timestampsOf(bytes, pid).toSorted((a, b) => a - b);
    if (stamps.length > 10)
      steps.set(
        pid,
        stamps.slice(1).map((stamp, i) => stamp - (stamps[i] as number)),
      );
  }
  return steps;
}

describe("a server that plays another's HLS", () => {
  let origin: TestServer;
  let edge: TestServer;
  const stops: (() => Promise<unknown>)[] = [];
  let source: Reading;

  before(async () => {
    const first = await started("stream live { input fake://clock; segment_duration 1; }");
    stops.push(first.stop);
    origin = first.server;
    source = await readHttp(origin.url("/live/mpegts"));
    const at = `hls://127.0.0.1:${origin.port}/live`;
    const second = await started(
      `stream ts { input ${at}/index.m3u8; }
       stream fmp4 { input ${at}/index.fmp4.m3u8; }
       stream ll { input ${at}/index.ll.m3u8; }
       stream gone { input hls://127.0.0.1:${origin.port}/nothing/index.m3u8; input ${at}/index.m3u8; }`,
    );
    stops.push(second.stop);
    edge = second.server;
  });

  after(async () => {
    source.close();
    for (const stop of stops.reverse()) await stop();
  });

  async function running(name: string) {
    return until(`${name} to run`, WAIT_MS, async () => {
      const stream = await edge.stream(name);
      return stream.running && stream.tracks.length >= 2 ? stream : undefined;
    });
  }

  async function seconds(name: string, wanted: number): Promise<Buffer> {
    const reading = await readHttp(edge.url(`/${name}/mpegts`));
    await until(`${wanted} s of ${name}`, WAIT_MS, () => {
      const bytes = reading.bytes();
      const steps = [...stepsOf(bytes.subarray(0, bytes.length - (bytes.length % PACKET))).values()];
      const most = Math.max(0, ...steps.map((each) => each.reduce((sum, step) => sum + step, 0)));
      return most >= wanted * 90_000 ? true : undefined;
    });
    reading.close();
    const bytes = reading.bytes();
    return bytes.subarray(0, bytes.length - (bytes.length % PACKET));
  }

  test("transport stream: byte for byte what the other plays", async () => {
    await running("ts");
    const got = await seconds("ts", 4);
    const sent = source.bytes();
    // Tables alone come again and again.
    const at = sent.indexOf(got.subarray(0, 20 * PACKET));
    assert.ok(at >= 0, "its beginning was never sent");
    assert.ok(got.equals(sent.subarray(at, at + got.length)));
    const [input] = (await edge.stream("ts")).inputs;
    assert.equal(input?.counters["ccErrors"], 0);
    assert.equal(input?.details?.["format"], "ts");
    assert.equal(input?.details?.["kind"], "live");
  });

  for (const [name, kind] of [
    ["fmp4", "live"],
    ["ll", "low-latency"],
  ] as const) {
    test(`${name}: picture and sound out of playlists of their own, without a gap`, async () => {
      const { tracks, inputs } = await running(name);
      assert.deepEqual(tracks.map(({ codec }) => codec).sort(), ["aac", "h264"]);
      assert.equal(inputs[0]?.details?.["kind"], kind);
      assert.equal(inputs[0]?.details?.["format"], "fmp4");
      const got = await seconds(name, 4);
      assert.deepEqual(continuityErrors(got), []);
      const steps = [...stepsOf(got).values()];
      assert.equal(steps.length, 2);
      for (const each of steps) {
        // The last may lack a frame that comes later in order of decoding.
        const inside = each.slice(0, -4);
        const [least, most] = [Math.min(...inside), Math.max(...inside)];
        assert.ok(most - least <= 100, `${least} to ${most} ticks from one to the next`);
      }
      const now = (await edge.stream(name)).inputs[0]?.counters ?? {};
      for (const count of [
        "overlappingUnits",
        "timelineBreaks",
        "damagedUnits",
        "lostRenditions",
        "missedSegments",
      ]) {
        assert.equal(now[count] ?? 0, 0, count);
      }
    });
  }

  test("an input that the other does not have is passed over", async () => {
    const { inputs } = await running("gone");
    assert.match(inputs[0]?.lastError ?? "", /404/);
    assert.equal(inputs[1]?.state, "active");
  });

  test("what was pulled is played as HLS again", async () => {
    await running("ll");
    const response = await fetch(edge.url("/ll/index.m3u8"));
    assert.equal(response.status, 200);
    assert.match(await response.text(), /#EXT-X-STREAM-INF/);
  });
});

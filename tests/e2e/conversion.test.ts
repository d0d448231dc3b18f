import assert from "node:assert/strict";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import {
  type Logger,
  MediaWorker,
  type Protocol,
  type Runtime,
  Supervisor,
  UnitReader,
} from "@millrace/engine";
import type { AccessUnit, ServerConfig, StreamConfig, Track } from "@millrace/model";
import { Demuxer, PACKET_SIZE } from "@millrace/mpegts";
import { httpTs } from "@millrace/protocol-http-ts";
import { readHttp } from "./kit/capture.ts";
import { fixture } from "./kit/paths.ts";
import { freePort, until } from "./kit/server.ts";

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error: console.error, child: () => SILENT };

interface Demuxed {
  tracks: readonly Track[];
  units: AccessUnit[];
}

function demux(bytes: Uint8Array): Demuxed {
  const out: Demuxed = { tracks: [], units: [] };
  const demuxer = new Demuxer({
    onTracks: (tracks) => {
      out.tracks = tracks;
    },
    onUnit: (unit) => out.units.push({ ...unit, data: unit.data.map((part) => part.slice()) }),
  });
  demuxer.push(bytes, 0, Math.floor(bytes.length / PACKET_SIZE));
  demuxer.flush();
  return out;
}

/** `units://` delivers the access units of a capture, as an RTMP or RTSP input would, when it is told to go. */
function unitsProtocol(media: Demuxed, go: Promise<void>): Protocol {
  return {
    name: "units",
    schemes: ["units"],
    options: [],
    pull: () => ({
      lane: "units",
      run: async (into, signal) => {
        into.setTracks(media.tracks);
        into.unit(media.units[0] as AccessUnit);
        await go;
        for (const unit of media.units.slice(1)) into.unit(unit);
        await new Promise<void>((resolve) =>
          signal.addEventListener("abort", () => resolve(), { once: true }),
        );
      },
    }),
  };
}

const STREAM: StreamConfig = {
  name: "",
  kind: "static",
  inputs: [],
  pushes: [],
  publishEnabled: false,
  disabled: false,
  retryLimit: 10,
  clientsTimeoutMs: 60_000,
  sourceTimeoutMs: 60_000,
  options: {},
};

async function startWorker(t: TestContext, streams: StreamConfig[], protocols: Protocol[]) {
  const port = await freePort();
  const server: ServerConfig = {
    http: [{ port, host: "127.0.0.1" }],
    workers: 0,
    streams,
    livePrefixes: [],
    rewrites: [],
    fileLocations: [],
    options: {},
  };
  let runtime: Runtime | undefined;
  const supervisor = new Supervisor({
    server,
    dataDir: mkdtempSync(join(tmpdir(), "millrace-")),
    log: SILENT,
    spawn: (start) => {
      runtime = new MediaWorker(start, protocols);
      return { terminate: () => {}, onExit: () => {} };
    },
  });
  await supervisor.start();
  t.after(() => supervisor.stop());
  return { port, runtime: runtime as Runtime };
}

function stamps(units: readonly AccessUnit[], track: number): number[][] {
  return units
    .filter((unit) => unit.track === track)
    .map((unit) => [unit.pts % 2 ** 33, unit.dts % 2 ** 33, Number(unit.key)]);
}

function payload(units: readonly AccessUnit[], track: number): Buffer[] {
  return units.filter((unit) => unit.track === track).map((unit) => Buffer.concat(unit.data));
}

test("an input of access units is multiplexed once, for whoever wants transport packets", async (t) => {
  const media = demux(readFileSync(fixture("h264-aac.mpegts")));
  assert.ok(media.units.length > 100);
  let start = (): void => {};
  const go = new Promise<void>((resolve) => {
    start = resolve;
  });
  const config = { url: "units://x", scheme: "units", priority: 1, sourceTimeoutMs: 60_000, options: {} };
  const { port } = await startWorker(
    t,
    [{ ...STREAM, name: "u", inputs: [config] }],
    [unitsProtocol(media, go), httpTs],
  );
  const viewer = await readHttp(`http://127.0.0.1:${port}/u/mpegts`);
  await new Promise((resolve) => setTimeout(resolve, 200));
  start();
  // The multiplexer holds the last second and a half back, waiting for what a slower track may still bring.
  await until("the packets", 5000, () => viewer.bytes().length > 250_000 || undefined);
  const out = demux(viewer.bytes());
  viewer.close();
  assert.deepEqual(
    out.tracks.map((track) => track.codec),
    media.tracks.map((track) => track.codec),
  );
  for (const [i, track] of media.tracks.entries()) {
    const id = (out.tracks[i] as Track).id;
    const got = stamps(out.units, id).slice(0, -1);
    assert.ok(got.length > 30, `${got.length} units of ${track.codec}`);
    const wanted = stamps(media.units, track.id).slice(0, got.length);
    if (track.kind === "video") {
      assert.deepEqual(got, wanted);
      continue;
    }
    // Frames that share a PES packet are placed by their length, which is no whole number of ticks at 44.1 kHz.
    for (const [n, [pts = 0]] of got.entries())
      assert.ok(Math.abs(pts - (wanted[n]?.[0] ?? 0)) <= 1, `frame ${n}`);
    assert.deepEqual(
      payload(out.units, id).slice(0, got.length),
      payload(media.units, track.id).slice(0, got.length),
    );
  }
});

test("a stream of transport packets is demultiplexed once, when somebody reads units, and never before", async (t) => {
  const capture = readFileSync(fixture("h264-aac.mpegts"));
  const expected = demux(capture);
  let feed = (): void => {};
  const protocol: Protocol = {
    name: "bytes",
    schemes: ["bytes"],
    options: [],
    pull: () => ({
      lane: "ts",
      run: async (into, signal) => {
        feed = () => into.ts(capture);
        await new Promise<void>((resolve) =>
          signal.addEventListener("abort", () => resolve(), { once: true }),
        );
      },
    }),
  };
  const config = { url: "bytes://x", scheme: "bytes", priority: 1, sourceTimeoutMs: 60_000, options: {} };
  const { runtime } = await startWorker(t, [{ ...STREAM, name: "b", inputs: [config] }], [protocol]);
  const reader = new UnitReader(await runtime.read("b", "units"));
  t.after(() => reader.close());
  const got: AccessUnit[] = [];
  reader.reader.onReadable = () => {
    for (let unit = reader.next(); unit !== undefined; unit = reader.next()) {
      got.push({ ...unit, data: unit.data.map((part) => part.slice()) });
    }
  };
  feed();
  await until("the units", 3000, () => got.length >= expected.units.length - 10 || undefined);
  for (const track of expected.tracks) {
    const seen = stamps(got, track.id);
    assert.ok(seen.length > 30);
    assert.deepEqual(seen, stamps(expected.units, track.id).slice(0, seen.length));
    assert.deepEqual(payload(got, track.id), payload(expected.units, track.id).slice(0, seen.length));
  }
  assert.deepEqual(
    reader.tracks.map((track) => track.codecString),
    expected.tracks.map((track) => track.codecString),
  );
});

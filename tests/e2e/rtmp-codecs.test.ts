import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { AccessUnit, Track } from "@millrace/model";
import { Demuxer, PACKET_SIZE } from "@millrace/mpegts";
import { FlvMuxer, parseAudioBody, parseVideoBody } from "../../packages/flv/src/index.ts";
import { FarServer } from "../../protocols/rtmp/src/far-server.test-support.ts";
import { NO_ENHANCED_CAPS } from "../../protocols/rtmp/src/session/enhanced.ts";
import type { RtmpServerOptions } from "../../protocols/rtmp/src/session/server-options.ts";
import { readHttp } from "./kit/capture.ts";
import { repoRoot } from "./kit/paths.ts";
import { type FlvTag, RtmpClient } from "./kit/rtmp-client.ts";
import { complaints, messagesIn, running } from "./kit/rtmp-live.ts";
import { freePort, TestServer, until } from "./kit/server.ts";

const SECOND_SOUND = 9999;

interface Media {
  readonly tracks: readonly Track[];
  readonly units: readonly AccessUnit[];
}

/** Whole packets taken apart. */
function demultiplex(bytes: Uint8Array): Media {
  const units: AccessUnit[] = [];
  let tracks: readonly Track[] = [];
  const demuxer = new Demuxer({
    onTracks: (found) => {
      tracks = found;
    },
    onUnit: (unit) => units.push({ ...unit, data: unit.data.map((part) => part.slice()) }),
  });
  demuxer.push(bytes, 0, Math.floor(bytes.length / PACKET_SIZE));
  demuxer.flush();
  return { tracks, units };
}

/** A capture as a publisher of enhanced RTMP sends it: configurations first, times from zero; its sound twice if wanted. */
function tagsOf(fixture: string, soundTracks: 1 | 2 = 1): FlvTag[] {
  const file = new Uint8Array(readFileSync(join(repoRoot, "tests/fixtures", fixture)));
  let { tracks, units } = demultiplex(file);
  const sound = tracks.find(({ kind }) => kind === "audio");
  if (soundTracks === 2 && sound !== undefined) {
    tracks = [...tracks, { ...sound, id: SECOND_SOUND }];
    units = units.flatMap((unit) =>
      unit.track === sound.id ? [unit, { ...unit, track: SECOND_SOUND }] : [unit],
    );
  }
  const muxer = new FlvMuxer({ enhanced: true, multitrack: true });
  muxer.setTracks(tracks);
  const start = Math.min(...units.map(({ dts }) => dts));
  const tags: FlvTag[] = [{ type: 18, timestampMs: 0, body: Buffer.from(muxer.metadata()) }];
  for (const { type, body } of muxer.configs()) tags.push({ type, timestampMs: 0, body: Buffer.from(body) });
  for (const unit of units) {
    const made = muxer.unit({ ...unit, pts: unit.pts - start, dts: unit.dts - start });
    if (made !== undefined)
      tags.push({ type: made.type, timestampMs: made.timestampMs, body: Buffer.from(made.body) });
  }
  return tags;
}

/** How the video of a player is written: kind and codec id or FourCC, and what each body is, in order. */
function videoIn(bytes: Uint8Array): { forms: string[]; types: string[] } {
  const parts = messagesIn(bytes)
    .filter(({ type }) => type === 9)
    .flatMap(({ payload }) => parseVideoBody(payload));
  return {
    forms: [...new Set(parts.map(({ kind, codecId, fourCc }) => `${kind} ${codecId} ${fourCc}`))],
    types: parts.map(({ packetType }) => packetType),
  };
}

test("H.265 goes out as codec id 12 on a port for old players, to those who do not say that they are not", async (t) => {
  const [usual, old] = [await freePort(), await freePort()];
  const server = await TestServer.start(
    t,
    `rtmp 127.0.0.1:${usual};\nrtmp 127.0.0.1:${old} legacy_hevc;\nlive chats { }`,
  );
  const publisher = await RtmpClient.publish(t, usual, "chats/a");
  for (const tag of tagsOf("hevc-aac.mpegts")) publisher.send(tag);
  await running(server, "chats/a");
  const knows = { fields: { videoFourCcInfoMap: { hvc1: 1 } } };
  const cases = [
    ["usual port", usual, {}, "enhanced 0 hvc1"],
    ["port for old players", old, {}, "legacy 12 "],
    ["port for old players, but not an old one", old, knows, "enhanced 0 hvc1"],
  ] as const;
  const frames = new Map<string, number>();
  for (const [what, port, options, form] of cases) {
    const player = await RtmpClient.play(t, port, "chats/a", options);
    await until(`frames: ${what}`, 8000, () => videoIn(player.bytes).types.length > 5 || undefined);
    const { forms, types } = videoIn(player.bytes);
    assert.deepEqual(forms, [form], what);
    assert.equal(types[0], "config", what);
    frames.set(form, types.filter((type) => type === "frames").length);
    assert.ok(
      messagesIn(player.bytes).some(({ type }) => type === 8),
      `${what}: sound`,
    );
  }
  assert.equal(frames.size, 2);
  assert.deepEqual(complaints(server), []);
});

test("a push sends further tracks to servers that know of tracks, and the first of each kind to others", async (t) => {
  const plain: Partial<RtmpServerOptions> = { enhanced: NO_ENHANCED_CAPS };
  const [knowing, simple] = [await FarServer.start(t), await FarServer.start(t, { session: plain })];
  const port = await freePort();
  const server = await TestServer.start(
    t,
    `rtmp 127.0.0.1:${port};
     live chats { push rtmp://127.0.0.1:${knowing.port}/live/a; push rtmp://127.0.0.1:${simple.port}/live/a; }`,
  );
  const publisher = await RtmpClient.publish(t, port, "chats/a");
  const tags = tagsOf("hevc-aac.mpegts", 2);
  // Pushes begin with what comes after they stand.
  for (const tag of tags) publisher.send(tag);
  await until(
    "the pushes",
    8000,
    () => (knowing.clients.length > 0 && simple.clients.length > 0) || undefined,
  );
  const lastMs = tags.at(-1)?.timestampMs ?? 0;
  let turn = 1;
  const tracksAt = ({ clients }: FarServer): number[] => {
    const parts = (clients[0]?.audio ?? []).flatMap((body) => parseAudioBody(body));
    return [...new Set(parts.map(({ trackId }) => trackId))].sort((a, b) => a - b);
  };
  const heard = ({ clients }: FarServer): boolean => (clients[0]?.audio.length ?? 0) > 20;
  await until("sound at both", 10_000, () => {
    const shiftMs = turn++ * (lastMs + 40);
    for (const tag of tags) publisher.send({ ...tag, timestampMs: tag.timestampMs + shiftMs });
    return (heard(knowing) && heard(simple)) || undefined;
  });
  assert.deepEqual([tracksAt(knowing), tracksAt(simple)], [[0, 1], [0]]);
  assert.deepEqual(complaints(server), []);
});

test("AAC that came in milliseconds shares PES packets over HTTP-TS, at its sample rate", async (t) => {
  const port = await freePort();
  const server = await TestServer.start(t, `rtmp 127.0.0.1:${port};\nlive chats { }`);
  const publisher = await RtmpClient.publish(t, port, "chats/a");
  const flv = tagsOf("h264-aac.mpegts");
  for (const tag of flv.slice(0, 20)) publisher.send(tag);
  await running(server, "chats/a");
  const viewer = await readHttp(server.url("/chats/a/mpegts"));
  t.after(() => viewer.close());
  for (const tag of flv.slice(20)) publisher.send(tag);
  const media = await until("sound", 8000, () => {
    const bytes = viewer.bytes();
    const { tracks, units } = demultiplex(bytes);
    const track = tracks.find(({ kind }) => kind === "audio");
    const frames = units.filter((unit) => unit.track === track?.id);
    return frames.length > 30 && track !== undefined ? { bytes, track, frames } : undefined;
  });
  const { bytes, track, frames } = media;
  let packets = 0;
  for (let at = 0; at + PACKET_SIZE <= bytes.length; at += PACKET_SIZE) {
    const begins = ((bytes[at + 1] as number) & 0x40) !== 0;
    if (begins && (bytes.readUInt16BE(at + 1) & 0x1fff) === track.id) packets++;
  }
  assert.ok(frames.length / packets >= 2, `${frames.length} frames in ${packets} PES packets`);
  const { frameSamples = 0, sampleRate = 1 } = track.audio ?? {};
  const step = (frameSamples * 90_000) / sampleRate;
  const steps = frames.slice(1).map(({ pts }, i) => pts - (frames[i] as AccessUnit).pts);
  assert.deepEqual(
    steps.filter((each) => Math.abs(each - step) > 1),
    [],
  );
});

/** Tracks, time, and what is held back. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { serializeAudioBody } from "./audio-body.ts";
import { AAC_BODY, ASC_BODY, avcConfig, avcFrame, RAW_AAC, running } from "./body.test-support.ts";
import type { FlvDemuxer } from "./demuxer.ts";
import { ASC, AVC_RECORD, bytesOf, collect, hex, IDR, P_SLICE } from "./media.test-support.ts";
import { serializeVideoBody } from "./video-body.ts";

const META = ["onMetaData", { width: 768, height: 320, framerate: 25, videocodecid: 7, audiocodecid: 10 }];

test("tracks before units, once both are known", () => {
  const { demuxer, order, units, changes } = collect();
  demuxer.video(avcConfig(), 0);
  demuxer.video(avcFrame(IDR, 1, 80), 0);
  assert.deepEqual(order, []);
  demuxer.audio(ASC_BODY, 0);
  demuxer.audio(AAC_BODY, 4);
  assert.deepEqual(order, ["tracks", 1, 2]);
  assert.deepEqual(
    changes[0]!.map(({ id, kind, codec, timescale }) => [id, kind, codec, timescale]),
    [
      [1, "video", "h264", 90_000],
      [2, "audio", "aac", 90_000],
    ],
  );
  assert.equal(hex(changes[0]![0]!.config!), hex(AVC_RECORD));
  assert.deepEqual(
    [units[0]!.pts, units[0]!.dts, units[0]!.key, hex(units[0]!.bytes)],
    [7200, 0, true, hex(IDR)],
  );
  assert.deepEqual([units[1]!.pts, units[1]!.key, hex(units[1]!.bytes)], [360, true, hex(RAW_AAC)]);
});

test("a medium that does not come is waited for during one second of media", () => {
  for (const kind of ["video", "audio"] as const) {
    const { demuxer, order } = collect();
    const send = (ms: number) =>
      kind === "video" ? demuxer.video(avcFrame(IDR), ms) : demuxer.audio(AAC_BODY, ms);
    if (kind === "video") demuxer.video(avcConfig(), 0);
    else demuxer.audio(ASC_BODY, 0);
    // A publisher that begins late has not waited yet.
    for (const ms of [5000, 5500, 5999]) send(ms);
    assert.deepEqual(order, []);
    send(6000);
    const id = kind === "video" ? 1 : 2;
    assert.deepEqual(order, ["tracks", id, id, id, id]);
  }
});

test("what comes after all is told, too", () => {
  const { demuxer, order, changes } = collect();
  demuxer.audio(ASC_BODY, 0);
  for (const ms of [0, 1000]) demuxer.audio(AAC_BODY, ms);
  demuxer.video(avcConfig(), 1100);
  demuxer.video(avcFrame(IDR), 1100);
  assert.deepEqual(order, ["tracks", 2, 2, "tracks", 1]);
  assert.deepEqual(
    changes[1]!.map(({ kind }) => kind),
    ["video", "audio"],
  );
});

test("onMetaData that names one medium spares the wait for the other", () => {
  for (const values of [
    ["onMetaData", { videocodecid: 7 }],
    ["@setDataFrame", "onMetaData", { videocodecid: "avc1" }],
  ]) {
    const { demuxer, order } = collect();
    demuxer.metadata(values);
    demuxer.video(avcConfig(), 0);
    demuxer.video(avcFrame(IDR), 0);
    assert.deepEqual(order, ["tracks", 1]);
  }
  const { demuxer, order } = collect();
  demuxer.metadata(META);
  demuxer.video(avcConfig(), 0);
  demuxer.video(avcFrame(IDR), 0);
  assert.deepEqual(order, []);
  demuxer.flush();
  assert.deepEqual(order, ["tracks", 1]);
});

test("metadata that makes no sense is passed over", () => {
  const { demuxer } = collect();
  const values = [[], ["onMetaData"], ["onMetaData", null], ["onMetaData", [1]], [{}, "onMetaData"]];
  for (const it of [...values, ["onMetaData", { width: -1, framerate: "x", videocodecid: {} }]]) {
    demuxer.metadata(it);
  }
});

test("timestamps go on over 32 bits, for both media together", () => {
  const { demuxer, units } = running();
  const stamps = [2 ** 32 - 40, 2 ** 32 - 20, 0, 20];
  for (const ms of stamps) {
    demuxer.video(avcFrame(IDR), ms);
    demuxer.audio(AAC_BODY, ms);
  }
  // The sequence headers stood at 0: the nearest is before it.
  const wanted = [-40, -20, 0, 20].flatMap((ms) => [ms * 90, ms * 90]);
  assert.deepEqual(
    units.map(({ dts }) => dts),
    wanted,
  );
  assert.equal(demuxer.counters.jumps, 0);
});

test("timestamps that are unwrapped already are taken as they are", () => {
  const all = collect();
  all.demuxer.metadata(["onMetaData", { videocodecid: 7 }]);
  all.demuxer.video(avcConfig(), 2 ** 32 - 10);
  for (const ms of [2 ** 32 - 10, 2 ** 32 + 10]) all.demuxer.video(avcFrame(IDR), ms);
  assert.deepEqual(
    all.units.map(({ dts }) => dts / 90),
    [2 ** 32 - 10, 2 ** 32 + 10],
  );
});

test("jumps: counted and flagged; small steps back are levelled", () => {
  const { demuxer, units, problems } = running();
  for (const ms of [0, 40, 5, 80, 20_000, 20_040, 100, 140]) demuxer.video(avcFrame(IDR), ms);
  assert.deepEqual(
    units.map(({ dts, discontinuity }) => [dts / 90, discontinuity]),
    [
      [0, false],
      [40, false],
      [40, false],
      [80, false],
      [20_000, true],
      [20_040, false],
      [100, true],
      [140, false],
    ],
  );
  assert.deepEqual([demuxer.counters.jumps, demuxer.counters.backSteps], [2, 1]);
  assert.deepEqual(problems, ["flv.timestamp-jump", "flv.timestamp-jump"]);
});

test("a sequence header that changes: tracks anew, before the unit, which is flagged", () => {
  const { demuxer, order, changes, units } = running();
  demuxer.video(avcFrame(IDR), 0);
  demuxer.video(avcConfig(), 40);
  demuxer.video(avcFrame(P_SLICE, 2), 40);
  assert.deepEqual(order, ["tracks", 1, 1]);
  // 1080 × 720
  const other = bytesOf(
    "01640034ffe1001a67640034acd9404405be5f0110000003001000004b00f183196001000668ebe3cb22c0",
  );
  demuxer.video(avcConfig(other), 80);
  demuxer.video(avcFrame(IDR), 80);
  demuxer.video(avcFrame(P_SLICE, 2), 120);
  assert.deepEqual(order, ["tracks", 1, 1, "tracks", 1, 1]);
  assert.deepEqual([changes[1]![0]!.video?.width, changes[1]![0]!.codecString], [1080, "avc1.640034"]);
  assert.deepEqual(
    units.map(({ discontinuity }) => discontinuity),
    [false, false, true, false],
  );
});

test("units that are held back keep the tracks that they belong to", () => {
  const { demuxer, order } = collect();
  demuxer.video(avcConfig(), 0);
  demuxer.video(avcFrame(IDR), 0);
  demuxer.video(
    avcConfig(
      bytesOf("01640034ffe1001a67640034acd9404405be5f0110000003001000004b00f183196001000668ebe3cb22c0"),
    ),
    40,
  );
  assert.deepEqual(order, ["tracks", 1, "tracks"]);
});

test("units that are held back keep their track when its codec changes and nothing is known of the new one", () => {
  const { demuxer, order } = collect();
  demuxer.video(avcConfig(), 0);
  demuxer.video(avcFrame(IDR), 0);
  demuxer.video(bytesOf("1c 01 000000 00000003 020180"), 40);
  demuxer.audio(ASC_BODY, 40);
  demuxer.audio(AAC_BODY, 40);
  assert.deepEqual(order, ["tracks", 1, "tracks", 2]);
});

test("a codec that changes in mid-stream", () => {
  const { demuxer, changes, units } = running();
  demuxer.video(avcFrame(IDR), 0);
  const av1 = { codec: "av1", enhanced: true, frameType: 1 } as const;
  const record = bytesOf("8181 0c00 0a0b0000000c47fffefffcc020");
  demuxer.video(serializeVideoBody({ ...av1, packetType: "config", data: [record] }), 40);
  const frame = bytesOf("1200 3200");
  demuxer.video(serializeVideoBody({ ...av1, packetType: "frames", data: [frame] }), 40);
  // H.264 again, whose record is the old one: it has to be read anew.
  demuxer.video(avcFrame(P_SLICE, 2), 60);
  demuxer.video(avcConfig(), 80);
  demuxer.video(avcFrame(IDR), 80);
  assert.deepEqual(
    changes.map(([video]) => video?.codec),
    ["h264", "av1", "h264"],
  );
  assert.deepEqual(
    units.map(({ dts, discontinuity, bytes }) => [dts / 90, discontinuity, hex(bytes)]),
    [
      [0, false, hex(IDR)],
      [40, true, "3200"],
      [80, true, hex(IDR)],
    ],
  );
  assert.equal(demuxer.counters.dropped, 1);
});

test("several tracks; not more than eight of a kind", () => {
  const { demuxer, changes, units, problems } = collect();
  for (let trackId = 0; trackId < 10; trackId++) {
    const fields = { codec: "aac", enhanced: true, trackId } as const;
    demuxer.audio(serializeAudioBody({ ...fields, packetType: "config", data: [ASC] }), 0);
    demuxer.audio(serializeAudioBody({ ...fields, packetType: "frames", data: [RAW_AAC] }), 0);
  }
  demuxer.flush();
  const ids = [2, 4, 6, 8, 10, 12, 14, 16];
  assert.deepEqual([changes[0]!.map(({ id }) => id), units.map(({ track }) => track)], [ids, ids]);
  assert.equal(problems.filter((code) => code === "flv.too-many-tracks").length, 4);
});

test("a codec that is not read here is not waited for", () => {
  const { demuxer, order } = collect();
  demuxer.video(bytesOf("12 0000840080"), 0);
  demuxer.audio(ASC_BODY, 0);
  demuxer.audio(AAC_BODY, 0);
  assert.deepEqual(order, ["tracks", 2]);
});

test("what is held back is bounded, in number and in bytes", () => {
  const many = collect();
  many.demuxer.audio(ASC_BODY, 0);
  for (let i = 0; i < 2000; i++) many.demuxer.audio(AAC_BODY, 0);
  assert.equal(many.units.length, 2000);
  const large = collect();
  large.demuxer.video(avcConfig(), 0);
  const frame = new Uint8Array(4 << 20);
  frame.set([0x00, 0x3f, 0xff, 0xfc, 0x65, 0x88, 0x82]);
  for (let i = 0; i < 2; i++) large.demuxer.video(avcFrame(frame), 0);
  assert.equal(large.units.length, 2);
});

test("wall time is that of the body", () => {
  const { demuxer, units } = running();
  demuxer.wallMs = 1234;
  demuxer.video(avcFrame(IDR), 0);
  assert.equal(units[0]!.wallMs, 1234);
});

test("nothing but rubbish: nothing but counts", () => {
  const { demuxer, order } = collect();
  const feed: ((d: FlvDemuxer) => void)[] = [
    (d) => d.video(bytesOf(""), 0),
    (d) => d.audio(bytesOf(""), 0),
    (d) => d.video(bytesOf("17"), 0),
    (d) => d.audio(bytesOf("af"), 0),
    (d) => d.video(bytesOf("57 00"), 0),
    (d) => d.flush(),
  ];
  for (const give of feed) give(demuxer);
  assert.deepEqual([order, demuxer.counters.damaged], [[], 2]);
});

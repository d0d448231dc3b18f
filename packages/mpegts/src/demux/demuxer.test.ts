import assert from "node:assert/strict";
import { test } from "node:test";
import type { AccessUnit, Track } from "@millrace/model";
import { PACKET_SIZE, pidOf } from "../packet.ts";
import { TsScanner } from "../scan.ts";
import {
  alignedPackets,
  hasOracle,
  missing,
  type OraclePacket,
  oraclePackets,
  oracleStreams,
  sharedMedia,
} from "../testing/media.ts";
import { Demuxer, type DemuxerOptions } from "./demuxer.ts";

type Unit = Omit<AccessUnit, "data"> & { bytes: Uint8Array };

function collect(options: Partial<DemuxerOptions> = {}) {
  const units: Unit[] = [];
  const changes: (readonly Track[])[] = [];
  const demuxer = new Demuxer({
    ...options,
    onTracks: (tracks) => changes.push(tracks),
    onUnit: ({ data, ...unit }) => units.push({ ...unit, bytes: (data[0] as Uint8Array).slice() }),
  });
  return { demuxer, units, changes };
}

/**
 * ffprobe reads ahead until it knows the programs and then begins again at the start, so for a fair comparison the tables
 * are given first.
 */
function giveTables(demuxer: Demuxer, packets: Uint8Array): void {
  const scanner = new TsScanner();
  scanner.scan(packets, 0, packets.length / PACKET_SIZE);
  for (const table of scanner.tablePackets()) demuxer.push(table, 0, table.length / PACKET_SIZE);
}

const wrapped = (ticks: number) => ((ticks % 2 ** 33) + 2 ** 33) % 2 ** 33;

/** Time stamps that differ by more than rounding. */
function differs(ours: number, theirs: number | undefined): boolean {
  if (theirs === undefined) return false;
  const gap = Math.abs(wrapped(ours) - wrapped(theirs));
  return gap > 1 && gap < 2 ** 33 - 1;
}

/**
 * By capture, the streams that differ from ffprobe's reading, with the reason: `[units that ffprobe has more, reason]`, and
 * only counts are compared. All other streams must match in number, PTS, DTS and key flags.
 */
const CAPTURES: Readonly<Record<string, Readonly<Record<number, readonly [number, string]>>>> = {
  "ts/h264-aac/bear-640x360.ts": {},
  "ts/h264-aac/bipbop0.ts": {},
  "ts/h264-aac/bbb_1s.ts": {},
  "ts/h264-aac/sintel-trailer0.ts": {},
  "ts/h264-aac/test-072.ts": {},
  "ts/h264-aac/test.ts": { 66: [1, "the first PES packet holds no ADTS frame but rubbish"] },
  "ts/h264-aac/main.ts": {
    257: [1, "cut off in the middle of its last frame"],
    258: [0, "ffprobe replaces the DTS of frames where it is above the PTS"],
  },
  "ts/hevc/bear-640x360-hevc.ts": {},
  "ts/hevc/portrait_hevc_aac_seg0.ts": {},
  "ts/hevc/obs_hevc_aac.ts": {},
  "ts/hevc/sample_h265_rps_pred.ts": {},
  "ts/mpeg2-mp2/test-025.ts": { 4097: [1, "cut off in the middle of its last frame"] },
  "ts/mpeg2-mp2/sample_h262_mpeg_audio.ts": {},
  "ts/mpeg2-mp2/bbb_2500ms.ts": {},
  "ts/ac3/bear-640x360-ac3.ts": {},
  "ts/ac3/dvb-h264-ac3-segments/s_00000.ts": {},
  "ts/ac3/dvb-h264-ac3-segments/s_00001.ts": {},
  "ts/ac3/dvb-h264-ac3-segments/s_00002.ts": {},
  "ts/ac3/ac3-51.ts": {},
  "ts/ac3/ac3.ts": {},
  "ts/eac3/test-026.ts": {
    120: [9, "ffprobe gives the second field of a frame as a packet without time stamps"],
    130: [1, "cut off"],
    131: [1, "cut off"],
    132: [1, "cut off"],
  },
  "ts/eac3/ChID_voices_6ch_256kbps_ddp_sub_0000.ts": {},
  "ts/eac3/sample_eac3joc.ts": {},
  "ts/eac3/eac3.ts": {},
  "ts/other-audio/sample_latm.ts": {},
  "ts/other-audio/opus2880_h264.ts": {},
  "ts/other-audio/mp3_h264_id3_seg1.ts": {},
  "ts/other-audio/wowza_mp3_seg0.ts": {},
  "ts/other-audio/sample_h264_dts_audio.ts": {},
  "ts/other-audio/sample_ac4.ts": {},
  "ts/other-audio/bear-visualy-impaired-eng-audio.ts": {},
  "ts/other-audio/sample_h263.ts": {},
  "ts/subtitles/caption.ts": {},
  "ts/subtitles/id3.ts": {},
  "ts/subtitles/cea608_sd_hls0.ts": {},
  "ts/subtitles/test-012.ts": {},
  "ts/subtitles/sample_TS_dvbsub_rs204.ts": { 257: [0, "ffprobe replaces subtitle times by its own clock"] },
  "ts/scte35/sample_scte35.ts": {},
  "ts/scte35/80s_with_ad.ts": {},
  "ts/scte35/kyrion_dirtystart.ts": {},
  "ts/wrap/bear-640x360_ptswraparound.ts": {},
  "ts/wrap/hls-rollover/360p30_h264_48k_160_aac_ts-0000000028.ts": {},
  "ts/derived/wrap_dvb_h264_ac3.ts": {},
  "ts/derived/psi_only_once.ts": {},
  "ts/derived/mpts_4services_si_eit.ts": { 18: [28, "EIT: no part of a program"] },
  "ts/broken/sample_h264_no_access_unit_delimiters.ts": {},
  "ts/broken/bear.m2ts": {},
  "ts/mpts-si/sample_ait.ts": { 330: [1, "cut off"], 18: [16, "EIT: no part of a program"] },
};

function compare(ours: readonly Unit[], theirs: readonly OraclePacket[]): string {
  if (ours.length !== theirs.length) return `${ours.length} units, ffprobe has ${theirs.length}`;
  for (const [i, unit] of ours.entries()) {
    const other = theirs[i] as OraclePacket;
    if (differs(unit.pts, other.pts)) return `unit ${i}: PTS ${unit.pts}, ffprobe has ${other.pts}`;
    if (differs(unit.dts, other.dts)) return `unit ${i}: DTS ${unit.dts}, ffprobe has ${other.dts}`;
    if (unit.key !== other.key) return `unit ${i}: key ${unit.key}, ffprobe has ${other.key}`;
  }
  return "";
}

for (const [path, known] of Object.entries(CAPTURES)) {
  test(`units of ${path} as ffprobe reads them`, (t) => {
    const bytes = sharedMedia(path);
    if (bytes === undefined || !hasOracle(path)) return t.skip(missing(path));
    const packets = alignedPackets(bytes);
    const { demuxer, units } = collect({ program: "all" });
    giveTables(demuxer, packets);
    // Pushed in batches of all sizes: units must not depend on them.
    for (let at = 0, n = 1; at < packets.length; n = (n % 60) + 1) {
      const count = Math.min(n, (packets.length - at) / PACKET_SIZE);
      demuxer.push(packets, at, count);
      at += count * PACKET_SIZE;
    }
    demuxer.flush();
    const theirs = oraclePackets(path);
    for (const stream of oracleStreams(path)) {
      const ours = units.filter((unit) => unit.track === stream.pid);
      const other = theirs.filter((packet) => packet.stream === stream.index);
      const exception = known[stream.pid];
      if (exception === undefined)
        assert.equal(compare(ours, other), "", `PID ${stream.pid} ${stream.codec}`);
      else assert.equal(other.length - ours.length, exception[0], exception[1]);
    }
  });
}

function demuxFile(path: string, options: Partial<DemuxerOptions> = {}) {
  const bytes = sharedMedia(path);
  if (bytes === undefined) return undefined;
  const packets = alignedPackets(bytes);
  const run = collect(options);
  run.demuxer.push(packets, 0, packets.length / PACKET_SIZE);
  run.demuxer.flush();
  return { packets, ...run };
}

const DETAILS: [string, number, object][] = [
  [
    "ts/h264-aac/bear-640x360.ts",
    0x100,
    { codec: "h264", codecString: "avc1.64001e", width: 640, height: 360 },
  ],
  [
    "ts/h264-aac/bear-640x360.ts",
    0x101,
    { codec: "aac", codecString: "mp4a.40.2", sampleRate: 44100, channels: 2 },
  ],
  ["ts/hevc/portrait_hevc_aac_seg0.ts", 0x100, { codec: "h265", width: 720, height: 1280 }],
  ["ts/mpeg2-mp2/test-025.ts", 0x1000, { codec: "mpeg2video", width: 720, height: 576, interlaced: true }],
  ["ts/mpeg2-mp2/test-025.ts", 0x1001, { codec: "mpa", sampleRate: 48000, channels: 2 }],
  ["ts/ac3/ac3-51.ts", 0x101, { codec: "ac3", sampleRate: 44100, channels: 6 }],
  ["ts/eac3/test-026.ts", 0x82, { codec: "eac3", language: "fre", sampleRate: 48000, channels: 2 }],
  ["ts/eac3/test-026.ts", 0x8c, { codec: "dvbsub", kind: "subtitle", language: "fra" }],
  ["ts/subtitles/test-012.ts", 0x42c, { codec: "teletext", kind: "subtitle", language: "fra" }],
  ["ts/other-audio/sample_latm.ts", 0x100, { codec: "aac", sampleRate: 44100, channels: 1 }],
  [
    "ts/other-audio/opus2880_h264.ts",
    0x101,
    { codec: "opus", language: "eng", channels: 1, sampleRate: 48000 },
  ],
  ["ts/other-audio/sample_ac4.ts", 0x76c, { codec: "ac4" }],
  ["ts/other-audio/bear-visualy-impaired-eng-audio.ts", 0x101, { language: "eng", audioType: 3 }],
  ["ts/scte35/sample_scte35.ts", 0x258, { codec: "scte35", kind: "data" }],
  ["ts/h264-aac/main.ts", 0x103, { codec: "id3", kind: "data" }],
  // announced as MPEG-2 audio, is ADTS
  ["ts/h264-aac/test-072.ts", 0x64, { codec: "aac", sampleRate: 48000, channels: 2 }],
];

for (const [path, pid, expected] of DETAILS) {
  test(`track ${pid} of ${path}`, (t) => {
    const run = demuxFile(path);
    if (run === undefined) return t.skip(missing(path));
    const track = run.demuxer.tracks.find((candidate) => candidate.id === pid) as Track;
    const flat = { ...track, ...track.video, ...track.audio };
    assert.deepEqual({ ...flat, ...expected }, flat);
  });
}

test("tracks are told before the first unit to which they apply", (t) => {
  const path = "ts/h264-aac/bear-640x360.ts";
  const bytes = sharedMedia(path);
  if (bytes === undefined) return t.skip(missing(path));
  const packets = alignedPackets(bytes);
  let tracks: readonly Track[] = [];
  const demuxer = new Demuxer({
    onTracks: (list) => {
      tracks = list;
    },
    onUnit: (unit) => assert.ok(tracks.find(({ id }) => id === unit.track)?.config !== undefined),
  });
  demuxer.push(packets, 0, packets.length / PACKET_SIZE);
});

test("the payload of H.264 units is length-prefixed, without delimiters, with wall-clock time", (t) => {
  const path = "ts/h264-aac/bear-640x360.ts";
  const bytes = sharedMedia(path);
  if (bytes === undefined) return t.skip(missing(path));
  const packets = alignedPackets(bytes);
  const { demuxer, units } = collect({ pids: [0x100] });
  demuxer.wallMs = 1_700_000_000_123;
  demuxer.push(packets, 0, packets.length / PACKET_SIZE);
  demuxer.flush();
  assert.equal(units.length, 82);
  for (const { bytes: data, wallMs } of units) {
    let at = 0;
    while (at < data.length) {
      assert.notEqual(data[at + 4]! & 0x1f, 9);
      at += 4 + new DataView(data.buffer, data.byteOffset).getUint32(at);
    }
    assert.equal(at, data.length);
    assert.equal(wallMs, 1_700_000_000_123);
  }
});

test("the same PIDs with another codec: tracks change, no unit is lost", (t) => {
  const run = demuxFile("ts/derived/codec_change_same_pids.ts");
  if (run === undefined) return t.skip(missing("ts/derived/codec_change_same_pids.ts"));
  const codecs = run.changes.map((tracks) => tracks.find(({ id }) => id === 0x100)?.codec);
  assert.deepEqual(
    codecs.filter((codec, i) => codec !== codecs[i - 1]),
    ["h264", "h265", "h264"],
  );
  const video = run.units.filter((unit) => unit.track === 0x100);
  assert.equal(video.length, 82 * 3);
  assert.deepEqual(
    video.flatMap((unit, i) => (unit.discontinuity ? [i] : [])),
    [82, 164],
  );
});

test("timeline that restarts and jumps: flagged, nothing dropped", (t) => {
  const run = demuxFile("ts/derived/timeline_restart_and_jump.ts");
  if (run === undefined) return t.skip(missing("ts/derived/timeline_restart_and_jump.ts"));
  const video = run.units.filter((unit) => unit.track === 0x100);
  assert.deepEqual(
    video.flatMap((unit, i) => (unit.discontinuity ? [i] : [])),
    [81, 82], // the last unit before the break may lack its end
  );
  // The other encoder's PIDs come with a new PMT.
  assert.ok(run.units.some((unit) => unit.track === 0x41 && unit.pts === 324000000));
});

test("the 33-bit wrap: time stamps go on growing", (t) => {
  const run = demuxFile("ts/derived/wrap_dvb_h264_ac3.ts");
  if (run === undefined) return t.skip(missing("ts/derived/wrap_dvb_h264_ac3.ts"));
  for (const pid of [0x100, 0x101]) {
    const units: Unit[] = run.units.filter((unit) => unit.track === pid);
    assert.ok(units.every((unit, i) => i === 0 || unit.dts > units[i - 1]!.dts));
    assert.ok(units.at(-1)!.dts > 2 ** 33 && units[0]!.dts < 2 ** 33);
    assert.ok(units.every((unit) => !unit.discontinuity));
  }
});

test("scrambled packets are counted and not read", (t) => {
  const run = demuxFile("ts/derived/scrambling_toggle.ts");
  if (run === undefined) return t.skip(missing("ts/derived/scrambling_toggle.ts"));
  assert.equal(run.demuxer.counters.scrambledPackets, 1765);
  const clear = demuxFile("ts/eac3/test-026.ts")!;
  const stamps = new Map(clear.units.map((unit) => [`${unit.track}/${unit.pts}`, unit.bytes]));
  let equal = 0;
  for (const unit of run.units) {
    const same = stamps.get(`${unit.track}/${unit.pts}`);
    // Video fields that follow the loss of their parameter sets cannot be paired.
    assert.ok(
      same !== undefined || unit.track === 120,
      `${unit.track} ${unit.pts} is not in the clear original`,
    );
    if (same !== undefined && Buffer.compare(same, unit.bytes) === 0) equal++;
  }
  assert.ok(equal > 50, `${equal} units as in the clear original`);
  const whole = demuxFile("ts/scrambled/test-026.csa.ts")!;
  assert.deepEqual([whole.units.length, whole.demuxer.counters.scrambledPackets], [0, 5259]);
});

test("lost packets: damaged units are counted and flagged", (t) => {
  const run = demuxFile("ts/derived/cc_errors_mpeg2_mp2.ts");
  if (run === undefined) return t.skip(missing("ts/derived/cc_errors_mpeg2_mp2.ts"));
  const { counters } = run.demuxer;
  assert.equal(counters.teiPackets, 5);
  assert.ok(counters.ccErrors >= 20 && counters.damagedUnits > 0);
  const flagged = run.units.filter((unit) => unit.discontinuity).length;
  assert.ok(flagged >= counters.damagedUnits);
});

test("one program of several, or chosen PIDs", (t) => {
  const path = "ts/derived/mpts_4services_si_eit.ts";
  const all = demuxFile(path, { program: "all" });
  if (all === undefined) return t.skip(missing(path));
  assert.equal(all.demuxer.tracks.length, 8);
  const third = all.demuxer.programs[2]!;
  const one = demuxFile(path, { program: third.number })!;
  assert.deepEqual(
    one.demuxer.tracks.map(({ id }) => id),
    third.streams.map(({ pid }) => pid),
  );
  const pid = third.streams[1]!.pid;
  const few = demuxFile(path, { program: "all", pids: [pid] })!;
  assert.deepEqual(
    few.units.map((unit) => unit.pts),
    all.units.filter((unit) => unit.track === pid).map((unit) => unit.pts),
  );
  assert.deepEqual(
    demuxFile(path)!.demuxer.tracks.map(({ id }) => id),
    [0x100, 0x101],
  );
});

test("a PCR out of nowhere does not move the time stamps", (t) => {
  const path = "ts/h264-aac/bear-640x360.ts";
  const bytes = sharedMedia(path);
  if (bytes === undefined) return t.skip(missing(path));
  const packets = alignedPackets(bytes);
  for (let at = 0, n = 0; at < packets.length; at += PACKET_SIZE) {
    if (
      pidOf(packets, at) === 0x100 &&
      (packets[at + 3]! & 0x20) !== 0 &&
      packets[at + 4]! >= 7 &&
      (packets[at + 5]! & 0x10) !== 0
    ) {
      packets[at + 6] = (n++ * 77) & 0xff;
    }
  }
  const { demuxer, units } = collect();
  demuxer.push(packets, 0, packets.length / PACKET_SIZE);
  demuxer.flush();
  const clean = demuxFile(path)!;
  assert.deepEqual(
    units.map((unit) => wrapped(unit.pts)),
    clean.units.map((unit) => wrapped(unit.pts)),
  );
  assert.equal(demuxer.counters.timelineBreaks, 0);
});

/** A pseudo-random sequence, so that failures repeat. */
function* noise(seed: number): Generator<number, never, undefined> {
  for (let x = seed | 1; ; ) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    yield x >>> 0;
  }
}

for (const path of [
  "ts/h264-aac/bear-640x360.ts",
  "ts/hevc/obs_hevc_aac.ts",
  "ts/mpeg2-mp2/sample_h262_mpeg_audio.ts",
  "ts/eac3/eac3.ts",
  "ts/other-audio/sample_latm.ts",
  "ts/other-audio/opus2880_h264.ts",
  "ts/subtitles/sample_TS_dvbsub_at_video_start.ts",
]) {
  test(`corrupted: ${path} never throws`, (t) => {
    const bytes = sharedMedia(path);
    if (bytes === undefined) return t.skip(missing(path));
    for (let seed = 1; seed <= 3; seed++) {
      const packets = alignedPackets(bytes).slice();
      const random = noise(seed * 7919);
      const hits = Math.ceil(packets.length / (seed === 3 ? 20 : 300));
      for (let i = 0; i < hits; i++) {
        const at = random.next().value % packets.length;
        if (at % PACKET_SIZE !== 0) packets[at] = random.next().value & 0xff;
      }
      const { demuxer, units } = collect({ program: "all" });
      demuxer.push(packets, 0, packets.length / PACKET_SIZE);
      demuxer.flush();
      for (const unit of units) {
        assert.ok(Number.isSafeInteger(unit.pts) && Number.isSafeInteger(unit.dts) && unit.bytes.length > 0);
      }
    }
  });
}

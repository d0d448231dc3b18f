/** Files that other programs wrote, against ffprobe's reading of them; and files written here, read by FFmpeg. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type EventMessage, ticksOf } from "./index.ts";
import {
  collect,
  feed,
  joined,
  missing,
  needs,
  oracle,
  type Probed,
  probe,
  readMovie,
  sharedMedia,
  type Unit,
} from "./media.test-support.ts";

interface Packet {
  readonly pts: number;
  readonly dts: number;
  readonly size: number;
  readonly key: boolean;
}

function packetsOf({ timescale, packets }: Probed): Packet[] {
  return packets.map(({ pts, dts, size, key }) => ({
    pts: ticksOf(pts, timescale),
    dts: ticksOf(dts, timescale),
    size,
    key,
  }));
}

function unitsOf(units: readonly Unit[], trackId: number): Packet[] {
  return units
    .filter(({ track }) => track === trackId)
    .map(({ pts, dts, bytes, key }) => ({ pts, dts, size: bytes.length, key }));
}

/** Name, streams that are read, and what units have more or less bytes than samples. */
const MOVIES: readonly (readonly [string, readonly string[], "size"?])[] = [
  ["bbb_prog_10s", ["h264", "aac"]],
  ["bear-640x360", ["h264", "aac"]],
  ["bear-640x360-trailing-moov", ["h264", "aac"]],
  ["bear-640x360-trailing-moov-additional-mdat", ["h264", "aac"]],
  ["bear-640x360-ec3", ["h264", "eac3"]],
  ["bear-640x360-hevc-hdr10", ["hevc", "aac"]],
  ["bear-640x360-vp9", ["vp9", "aac"]],
  ["bear-flac", ["flac"]],
  ["edit_list_positive_shift", ["h264", "aac"]],
  ["multiple-aac-tracks", ["aac", "aac"]],
  ["prog_8s", ["aac", "h264"]],
  // Lengths of two bytes become lengths of four.
  ["sample_2_byte_NAL_length", ["h264", "aac"], "size"],
  // The headers of MPEG-4 come with key frames.
  ["sample_MP4_SRT", ["aac", "mpeg4"], "size"],
  ["sample_ac3_aac", ["ac3", "aac"]],
  ["sample_edit_list_only_preroll_sync_sample", ["h264", "aac"]],
  ["sample_mdat_too_long", ["h264", "aac"]],
  ["sample_opus", ["opus"]],
  ["sample_with_chapters", ["h264", "aac"]],
  ["video-h264-001", ["h264", "aac"]],
];

function withoutSize(packets: readonly Packet[]): Omit<Packet, "size">[] {
  return packets.map(({ pts, dts, key }) => ({ pts, dts, key }));
}

for (const [name, codecs, differs] of MOVIES) {
  const path = `mp4/${name}.mp4`;
  test(`${path}: every sample as ffprobe has it`, (t) => {
    const file = sharedMedia(path);
    if (file === undefined) return t.skip(missing(path));
    const { tracks, units } = readMovie(file);
    const read = oracle(path).filter(({ trackId }) => tracks.some(({ id }) => id === trackId));
    assert.deepEqual(
      read.map(({ codec }) => codec),
      codecs,
    );
    for (const stream of read) {
      const ours = unitsOf(units, stream.trackId);
      const theirs = packetsOf(stream);
      if (differs === undefined) assert.deepEqual(ours, theirs);
      else assert.deepEqual(withoutSize(ours), withoutSize(theirs));
      assert.ok(ours.length > 5);
    }
  });
}

/** Path, streams that are read, samples of others. */
const FRAGMENTED: readonly (readonly [string, readonly string[], number])[] = [
  ["mp4/bear-av1.mp4", ["av1"], 0],
  ["mp4/video-h264-002.mp4", ["h264", "aac"], 0],
  ["fmp4-cmaf/main_1.mp4", ["h264"], 9],
  ["fmp4-cmaf/cbcsdec.mp4", ["h264"], 5],
  // Encrypted, and a codec that is not read.
  ["mp4/bear-640x360-v_frag-cenc-senc.mp4", [], 82],
  ["fmp4-cmaf/vvc_400kbps_2s.mp4", [], 50],
];

for (const [path, codecs, dropped] of FRAGMENTED) {
  test(`${path}: every sample as ffprobe has it, in pieces of any size`, (t) => {
    const file = sharedMedia(path);
    if (file === undefined) return t.skip(missing(path));
    for (const piece of [file.length, 1000, 7]) {
      const { reader, units, changes } = collect();
      feed(reader, file, piece);
      const [tracks = []] = changes;
      assert.equal(changes.length, 1);
      assert.deepEqual(reader.counters, { units: units.length, damaged: 0, dropped });
      assert.ok(units.every(({ discontinuity }) => !discontinuity));
      const read = oracle(path).filter(({ trackId }) => tracks.some(({ id }) => id === trackId));
      assert.deepEqual(
        read.map(({ codec }) => codec),
        codecs,
      );
      for (const stream of read) assert.deepEqual(unitsOf(units, stream.trackId), packetsOf(stream));
    }
  });
}

test("mp4/sample_partially_fragmented.mp4: tables first, then fragments", (t) => {
  const path = "mp4/sample_partially_fragmented.mp4";
  const file = sharedMedia(path);
  if (file === undefined) return t.skip(missing(path));
  const { units } = readMovie(file);
  const { reader, units: more } = collect();
  feed(reader, file, 4000);
  assert.ok(units.length > 0 && more.length > 0);
  for (const stream of oracle(path))
    assert.deepEqual(unitsOf([...units, ...more], stream.trackId), packetsOf(stream));
});

/** Folder, files, codecs, how often tracks are told. */
const MEDIA_SEGMENTS: readonly (readonly [string, readonly string[], string, number?])[] = [
  ["fmp4-cmaf/testpic_2s/A48", ["init.mp4", "1.m4s", "2.m4s", "3.m4s", "4.m4s"], "aac"],
  ["fmp4-cmaf/testpic_2s/V300", ["init.mp4", "1.m4s", "2.m4s", "3.m4s", "4.m4s"], "h264"],
  ["fmp4-cmaf/testpic_2s/V300_with_cc1_and_cc3", ["init.mp4", "1.m4s", "2.m4s"], "h264"],
  ["fmp4-cmaf/testpic_2s_av1/av1", ["init.mp4", "1.m4s", "2.m4s", "3.m4s"], "av1"],
  // The PPS in its frames is another than that of its record.
  ["fmp4-cmaf/hls_mp4_muxed", ["init.mp4", "hls11.m4s"], "h264 aac", 2],
];

for (const [folder, names, codecs, told = 1] of MEDIA_SEGMENTS) {
  test(`${folder}: header and segments as ffprobe has them`, (t) => {
    const files = names.map((name) => sharedMedia(`${folder}/${name}`));
    const found = files.filter((file) => file !== undefined);
    if (found.length < files.length) return t.skip(missing(folder));
    if (!needs(t, "ffprobe")) return;
    const { reader, units, changes } = collect();
    // The header before each segment, as some servers send it.
    for (const segment of found.slice(1)) {
      feed(reader, found[0]!, 100);
      feed(reader, segment, 5000);
    }
    assert.equal(changes.length, told);
    assert.equal(reader.counters.damaged, 0);
    const streams = probe(joined(found));
    assert.equal(streams.map(({ codec }) => codec).join(" "), codecs);
    for (const stream of streams) {
      const ours = unitsOf(units, stream.trackId);
      const theirs = packetsOf(stream);
      assert.ok(theirs.length > 30);
      assert.deepEqual(withoutSize(ours), withoutSize(theirs));
      // Delimiters, with the zeros behind them, are left out.
      for (const [i, { size }] of ours.entries())
        assert.ok([0, 6, 8].includes(theirs[i]!.size - size), `${size} of ${theirs[i]!.size}`);
    }
  });
}

test("fmp4-cmaf/emsg/video.mp4: events", (t) => {
  const file = sharedMedia("fmp4-cmaf/emsg/video.mp4");
  if (file === undefined) return t.skip(missing("fmp4-cmaf/emsg/video.mp4"));
  const events: EventMessage[] = [];
  const { reader, units } = collect({ onEvent: (event) => events.push(event) });
  feed(reader, file, 64);
  assert.equal(units.length, 30);
  assert.deepEqual(
    events.map(({ schemeIdUri, presentationTime, timescale }) => [schemeIdUri, presentationTime, timescale]),
    [
      ["urn:test", 0, 30_000],
      ["urn:test", 15_000, 30_000],
    ],
  );
});

test("mp4/no_timescale.mp4: without a movie header, times of the track alone; broken pictures are counted", (t) => {
  const file = sharedMedia("mp4/no_timescale.mp4");
  if (file === undefined) return t.skip(missing("mp4/no_timescale.mp4"));
  const { reader, units, problems } = collect();
  feed(reader, file, 333);
  const { damaged, dropped } = reader.counters;
  assert.equal(units.length + dropped, 182);
  assert.ok(damaged > 0 && problems.every((code) => code === "isobmff.damaged"));
});

/** Why tracks are not read. */
for (const [path, why] of [
  ["mp4/bear-640x360-v_frag-cenc-senc.mp4", ["isobmff.encrypted"]],
  ["fmp4-cmaf/cbcs.mp4", ["isobmff.encrypted", "isobmff.codec"]],
  ["fmp4-cmaf/vvc_400kbps_2s.mp4", ["isobmff.codec"]],
] as const) {
  test(`${path}: why it is not read`, (t) => {
    const file = sharedMedia(path);
    if (file === undefined) return t.skip(missing(path));
    const { reader, units, changes, problems } = collect();
    feed(reader, file);
    assert.deepEqual([units.length, changes, problems], [0, [[]], why]);
  });
}

/** Files written here, as FFmpeg reads them: every packet at its time, and not a word of complaint when decoded. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import type { Track } from "@millrace/model";
import { canStore, codecStringOf, timeOf, timescaleOf } from "./index.ts";
import {
  collect,
  complaints,
  feed,
  generate,
  joined,
  missing,
  needs,
  type Probed,
  probe,
  readMovie,
  samplesOf,
  sharedMedia,
  type Unit,
  writeFragments,
  writeMovie,
} from "./media.test-support.ts";

interface Content {
  readonly tracks: readonly Track[];
  readonly units: readonly Unit[];
}

/** All of a file, moved so that no time is negative. */
function contentOf(file: Uint8Array): Content {
  const { units: inTables } = readMovie(file);
  const { reader, units: inFragments, changes } = collect();
  feed(reader, file);
  const tracks = inTables.length > 0 ? readMovie(file).tracks : changes.at(-1)!;
  const units = [...inTables, ...inFragments];
  const earliest = Math.min(...units.map(({ dts }) => dts));
  return {
    tracks,
    units: units.map((unit) => ({ ...unit, pts: unit.pts - earliest, dts: unit.dts - earliest })),
  };
}

interface Row {
  readonly pts: number;
  readonly dts: number;
  readonly size: number;
  readonly key: boolean;
}

/** The packets of a track as they ought to be read, times in its timescale. */
function expected({ tracks, units }: Content, trackId: number): Row[] {
  const track = tracks.find(({ id }) => id === trackId)!;
  const own = units.filter((unit) => unit.track === trackId);
  return samplesOf(track, units).map(({ sample, time }, i) => ({
    pts: timeOf(own[i]!.pts, timescaleOf(track)),
    dts: time,
    size: sample.size,
    key: sample.key,
  }));
}

function rowsOf({ packets }: Probed): Row[] {
  return packets.map(({ pts, dts, size, key }) => ({ pts, dts, size, key }));
}

/** Writes the content in each form, and checks what FFmpeg makes of it. */
function checkWritten(content: Content, options: { known?: string; fragments?: number[] } = {}): void {
  const { tracks, units } = content;
  const { known = "", fragments = [25] } = options;
  assert.ok(tracks.every(canStore));
  assert.ok(tracks.every((track) => codecStringOf(track) !== undefined));
  for (const length of fragments) {
    const file = writeFragments(tracks, units, length);
    const streams = probe(file);
    assert.equal(streams.length, tracks.length);
    for (const stream of streams) assert.deepEqual(rowsOf(stream), expected(content, stream.trackId));
    assert.equal(complaints(file), known);
    checkReadBack(content, file, false);
  }
  for (const front of [true, false]) {
    const file = writeMovie(tracks, units, { front });
    const streams = probe(file);
    assert.equal(streams.length, tracks.length);
    for (const stream of streams) {
      const want = expected(content, stream.trackId);
      const got = rowsOf(stream);
      // The edit list says when a track begins, in ticks.
      const shift = got[0]!.pts - want[0]!.pts;
      assert.ok(Math.abs(shift) <= 1, `${shift}`);
      assert.deepEqual(
        got.map((row) => ({ ...row, pts: row.pts - shift, dts: row.dts - shift })),
        want,
      );
    }
    assert.equal(complaints(file), known);
    checkReadBack(content, file, true);
  }
}

/** H.265 records are written with their arrays marked complete (see `initSegment`): their length is what must be the same. */
function plain({ config, ...track }: Track) {
  return { ...track, config: track.codec === "h265" ? config?.length : config };
}

/** The readers find the same tracks and units again. */
function checkReadBack({ tracks, units }: Content, file: Uint8Array, finite: boolean): void {
  const { reader, units: read, changes } = collect();
  if (finite) read.push(...readMovie(file).units);
  else feed(reader, file, 1234);
  const again = finite ? readMovie(file).tracks : changes.at(-1)!;
  assert.deepEqual(again.map(plain), tracks.map(plain));
  for (const { id, ...rest } of tracks) {
    const half = Math.ceil(90_000 / timescaleOf({ id, ...rest }));
    const before = units.filter((unit) => unit.track === id);
    const after = read.filter((unit) => unit.track === id);
    const track = { id, ...rest };
    // Headers that come with MPEG-4's key frames are put back; parameter sets that are in the record stay out.
    const stored = samplesOf(track, before).map(({ data }) => joined(data));
    const bytesOf = (unit: Unit, i: number) => (track.codec === "mpeg4" ? unit.bytes : stored[i]!);
    assert.deepEqual(
      after.map(({ bytes, key }) => [key, bytes.length, crc32(bytes)]),
      before.map((unit, i) => [unit.key, bytesOf(unit, i).length, crc32(bytesOf(unit, i))]),
    );
    for (const [i, unit] of after.entries()) {
      assert.ok(Math.abs(unit.pts - before[i]!.pts) <= half && Math.abs(unit.dts - before[i]!.dts) <= half);
    }
  }
}

const SHARED: readonly string[] = [
  "mp4/bear-640x360.mp4",
  "mp4/bear-640x360-ec3.mp4",
  "mp4/bear-640x360-hevc-hdr10.mp4",
  "mp4/bear-640x360-vp9.mp4",
  "mp4/bear-av1.mp4",
  "mp4/bear-flac.mp4",
  "mp4/multiple-aac-tracks.mp4",
  "mp4/sample_2_byte_NAL_length.mp4",
  "mp4/sample_MP4_SRT.mp4",
  "mp4/sample_ac3_aac.mp4",
  "mp4/sample_opus.mp4",
];

for (const [i, path] of SHARED.entries()) {
  test(`${path}: written again`, (t) => {
    const file = sharedMedia(path);
    if (file === undefined) return t.skip(missing(path));
    if (!needs(t, "ffprobe")) return;
    checkWritten(contentOf(file), { known: complaints(file), fragments: i === 0 ? [1, 25] : [25] });
  });
}

const VIDEO = ["-f", "lavfi", "-i", "testsrc=size=192x144:rate=25", "-t", "2"];
const AUDIO = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100", "-t", "2"];
const MP4 = ["-f", "mp4"];

/** Codec, what ffmpeg is told, name of the codec in RFC 6381 form. */
const MADE: readonly (readonly [string, readonly string[], string])[] = [
  ["mpeg2video", [...VIDEO, "-c:v", "mpeg2video", "-bf", "2", ...MP4], "mp4v.61"],
  ["mpeg1video", [...VIDEO, "-c:v", "mpeg1video", ...MP4], "mp4v.6A"],
  ["mpeg4", [...VIDEO, "-c:v", "mpeg4", "-bf", "1", ...MP4], "mp4v.20.241"],
  ["mpa", [...AUDIO, "-c:a", "libmp3lame", ...MP4], "mp4a.40.34"],
  ["mpa", [...AUDIO, "-c:a", "mp2", ...MP4], "mp4a.6B"],
  ["mpa", [...AUDIO, "-ar", "22050", "-c:a", "libmp3lame", ...MP4], "mp4a.40.34"],
  ["mpa", [...AUDIO, "-ar", "22050", "-c:a", "mp2", ...MP4], "mp4a.69"],
  ["flac", [...AUDIO, "-ar", "96000", "-c:a", "flac", "-strict", "-2", ...MP4], "fLaC"],
  ["aac", [...AUDIO, "-ar", "96000", "-ac", "1", "-c:a", "aac", ...MP4], "mp4a.40.2"],
  ["opus", [...AUDIO, "-ac", "2", "-c:a", "libopus", "-frame_duration", "40", ...MP4], "opus"],
  // Parameter sets in band as well.
  ["h264", [...VIDEO, "-c:v", "libx264", "-bsf:v", "dump_extra", "-tag:v", "avc3", ...MP4], "avc1.f4000b"],
  [
    "h265",
    [
      ...VIDEO,
      "-c:v",
      "libx265",
      "-x265-params",
      "log-level=none",
      "-pix_fmt",
      "yuv420p",
      "-tag:v",
      "hev1",
      ...MP4,
    ],
    "hvc1.1.6.L60.90",
  ],
];

for (const [codec, args, name] of MADE) {
  test(`${codec} as ffmpeg writes it (${name}), written again`, (t) => {
    if (!needs(t, "ffmpeg")) return;
    const file = generate(args, "file.mp4");
    const content = contentOf(file);
    assert.equal(content.tracks[0]?.codec, codec);
    assert.equal(codecStringOf(content.tracks[0]!), name);
    checkWritten(content, { known: complaints(file) });
  });
}

/** Frames of an IVF file: a header of 32 bytes, then size, time and frame, all little-endian. */
function ivfFrames(file: Uint8Array): Uint8Array[] {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const frames: Uint8Array[] = [];
  for (let at = 32; at + 12 <= file.length; ) {
    const size = view.getUint32(at, true);
    frames.push(file.subarray(at + 12, at + 12 + size));
    at += 12 + size;
  }
  return frames;
}

for (const [codec, encoder, name] of [
  ["vp8", "libvpx", "vp08.00.10.08"],
  ["vp9", "libvpx-vp9", "vp09.00.10.08"],
] as const) {
  test(`${codec} without configuration`, (t) => {
    if (!needs(t, "ffmpeg")) return;
    const frames = ivfFrames(
      generate([...VIDEO, "-c:v", encoder, "-auto-alt-ref", "0", "-g", "10"], "file.ivf"),
    );
    const video = { width: 192, height: 144, profile: codec === "vp9" ? 1 : 0, level: 0 };
    const track: Track = { id: 1, kind: "video", codec, timescale: 90_000, video };
    assert.equal(frames.length, 50);
    assert.equal(codecStringOf({ ...track, video: { ...video, profile: 0 } }), name);
    const units = frames.map((bytes, i) => ({
      ...{ track: 1, pts: 3600 * i, dts: 3600 * i, key: i % 10 === 0, discontinuity: false, wallMs: 0 },
      bytes,
    }));
    const file = writeFragments([track], units, 10);
    const [stream] = probe(file);
    assert.equal(stream?.codec, codec);
    assert.deepEqual(rowsOf(stream!), expected({ tracks: [track], units }, 1));
    assert.equal(complaints(file), "");
  });
}

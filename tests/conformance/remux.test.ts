import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { Demuxer, Muxer, type MuxerOptions, PACKET_SIZE, PacketAligner } from "@millrace/mpegts";

/**
 * A capture taken apart into access units and put together again: ffprobe must see the same frames at the same times, and
 * ffmpeg must decode them without a word.
 */

function repositoryRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, "package-lock.json"))) folder = dirname(folder);
  return folder;
}

const MEDIA = join(repositoryRoot(), "..", "shared", "media");
let folder = "";

before(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-remux-"));
});
after(() => rmSync(folder, { recursive: true, force: true }));

interface Frame {
  readonly pts: number;
  readonly dts: number;
}

function remux(bytes: Uint8Array, options: Partial<MuxerOptions> = {}): Uint8Array {
  const parts: Uint8Array[] = [];
  const muxer = new Muxer({
    serviceName: "Remux",
    ...options,
    onPackets: (batch) => parts.push(batch.bytes.slice()),
  });
  const demuxer = new Demuxer({
    onTracks: (tracks) => muxer.setTracks(tracks),
    onUnit: (unit) => muxer.push(unit),
  });
  const aligner = new PacketAligner((buf, start, count) => demuxer.push(buf, start, count));
  for (let at = 0; at < bytes.length; at += 1316) aligner.push(bytes.subarray(at, at + 1316));
  aligner.flush();
  demuxer.flush();
  muxer.flush();
  assert.equal(muxer.counters.droppedUnits, 0);
  return Buffer.concat(parts);
}

/** Frames by codec, as ffprobe reads the file; times on a 33-bit circle. */
function framesOf(file: string): Map<string, Frame[]> {
  const fields = "stream=index,codec_name:packet=stream_index,pts,dts";
  const run = spawnSync("ffprobe", ["-v", "error", "-show_entries", fields, "-of", "json", file], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  assert.equal(run.status, 0, run.stderr);
  const report = JSON.parse(run.stdout) as {
    streams: { index: number; codec_name?: string }[];
    packets: { stream_index: number; pts?: number; dts?: number }[];
  };
  const frames = new Map<string, Frame[]>();
  const wrap = (ticks = Number.NaN) => ((ticks % 2 ** 33) + 2 ** 33) % 2 ** 33;
  for (const { index, codec_name: codec = "data" } of report.streams) {
    const own = report.packets.filter((packet) => packet.stream_index === index);
    frames.set(
      codec,
      own.map(({ pts, dts }) => ({ pts: wrap(pts), dts: wrap(dts) })),
    );
  }
  return frames;
}

/** Audio times are interpolated between PES packets: a tick of rounding either way. */
function assertSameFrames(made: readonly Frame[], original: readonly Frame[], codec: string): void {
  assert.equal(made.length, original.length, `${codec}: frames`);
  for (const [i, frame] of made.entries()) {
    const other = original[i] as Frame;
    assert.ok(
      !(Math.abs(frame.pts - other.pts) > 1),
      `${codec} frame ${i}: PTS ${frame.pts}, was ${other.pts}`,
    );
    assert.ok(
      !(Math.abs(frame.dts - other.dts) > 1),
      `${codec} frame ${i}: DTS ${frame.dts}, was ${other.dts}`,
    );
  }
}

/** What ffmpeg says while it decodes all streams. */
function decodeErrors(file: string): string {
  const run = spawnSync(
    "ffmpeg",
    ["-v", "warning", "-i", file, "-map", "0:v?", "-map", "0:a?", "-f", "null", "-"],
    {
      encoding: "utf8",
    },
  );
  // A stream of sections has no time of its own; ffmpeg remarks on that.
  return run.stderr.replace(/^.*start time for stream \d+ is not set.*$/gm, "").trim();
}

const hasFfmpeg = spawnSync("ffprobe", ["-version"]).status === 0;

const CAPTURES: [string, readonly string[], Partial<MuxerOptions>?][] = [
  ["ts/h264-aac/bear-640x360.ts", ["h264", "aac"]],
  ["ts/h264-aac/bbb_1s.ts", ["h264", "aac"], { pcrMs: 20, pids: { pmt: 100, v1: 101, a0: 200 } }],
  ["ts/hevc/portrait_hevc_aac_seg0.ts", ["hevc", "aac"]],
  ["ts/mpeg2-mp2/bbb_2500ms.ts", ["mpeg2video", "mp2"]],
  ["ts/ac3/dvb-h264-ac3-segments/s_00000.ts", ["h264", "ac3"]],
  ["ts/derived/wrap_dvb_h264_ac3.ts", ["h264", "ac3"]],
  ["ts/ac3/ac3-51.ts", ["h264", "ac3"]],
  ["ts/eac3/ChID_voices_6ch_256kbps_ddp_sub_0000.ts", ["eac3"]],
  ["ts/other-audio/sample_latm.ts", ["aac_latm"]],
  ["ts/other-audio/opus2880_h264.ts", ["h264", "opus"]],
  ["ts/other-audio/mp3_h264_id3_seg1.ts", ["h264", "mp3"]],
  ["ts/subtitles/sample_TS_dvbsub_at_video_start.ts", ["mpeg2video"]],
  ["ts/scte35/sample_scte35.ts", ["mpeg2video", "mp2"], { keepPids: true }],
];

for (const [path, codecs, options] of CAPTURES) {
  test(`demultiplexed and multiplexed: ${path}`, (t) => {
    const source = join(MEDIA, path);
    if (!existsSync(source)) return t.skip(`SHARED MEDIA MISSING: ${path}: this test proves nothing here`);
    if (!hasFfmpeg) return t.skip("FFPROBE MISSING: this test proves nothing here");
    const file = join(folder, "out.mpegts");
    const made = remux(readFileSync(source), options);
    assert.equal(made.length % PACKET_SIZE, 0);
    writeFileSync(file, made);
    const original = framesOf(source);
    const frames = framesOf(file);
    for (const codec of codecs)
      assertSameFrames(frames.get(codec) ?? [], original.get(codec) as Frame[], codec);
    assert.equal(decodeErrors(file), "");
  });
}

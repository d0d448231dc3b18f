import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { gunzipSync } from "node:zlib";
import type { AccessUnit, Track } from "@millrace/model";
import {
  emptySampleEntry,
  FragmentReader,
  type FragmentReaderOptions,
  fragmentHead,
  initSegment,
  MovieWriter,
  parseMovie,
  readBoxHeader,
  type Sample,
  storedData,
  timeOf,
  timescaleOf,
} from "./index.ts";

const MEDIA = join(import.meta.dirname, "../../../../shared/media");

/** A file of the shared media set beside the repository; undefined where it is not there. */
export function sharedMedia(path: string): Uint8Array | undefined {
  const file = join(MEDIA, path);
  return existsSync(file) ? new Uint8Array(readFileSync(file)) : undefined;
}

/** The message of a test that is skipped for want of a file. */
export function missing(path: string): string {
  return `SHARED MEDIA MISSING: ${path}: this test proves nothing here`;
}

/** Whether a program is installed; the test is skipped, and says so, where it is not. */
export function needs(t: TestContext, program: string): boolean {
  if (spawnSync("which", [program]).status === 0) return true;
  t.skip(`program missing: ${program}`);
  return false;
}

/** A packet as ffprobe reads it: times in the stream's time base. */
export interface OraclePacket {
  readonly pts: number;
  readonly dts: number;
  readonly size: number;
  readonly key: boolean;
}

interface ProbedStream {
  readonly index: number;
  readonly id: string;
  readonly time_base: string;
  readonly codec_name?: string;
}

/** A stream as ffprobe has it. */
export interface Probed {
  readonly trackId: number;
  readonly codec: string;
  /** Ticks of its time base in a second. */
  readonly timescale: number;
  readonly packets: readonly OraclePacket[];
}

type NumberedPacket = OraclePacket & { readonly stream: number };

function probed(streams: readonly ProbedStream[], packets: readonly NumberedPacket[]): Probed[] {
  return streams.map(({ index, id, time_base, codec_name = "" }) => ({
    trackId: Number(id),
    codec: codec_name,
    timescale: Number(time_base.split("/")[1]),
    packets: packets
      .filter(({ stream }) => stream === index)
      .map(({ pts, dts, size, key }) => ({ pts, dts, size, key })),
  }));
}

/** ffprobe's reading that comes with the shared media. */
export function oracle(path: string): Probed[] {
  const { streams } = JSON.parse(readFileSync(join(MEDIA, "oracle", `${path}.ffprobe.json`), "utf8")) as {
    streams: ProbedStream[];
  };
  const csv = gunzipSync(readFileSync(join(MEDIA, "oracle", `${path}.packets.csv.gz`))).toString("utf8");
  const packets: NumberedPacket[] = [];
  for (const line of csv.split("\n")) {
    // stream,pts,dts,duration,size,flags, and what ffprobe adds for side data.
    const [stream, pts, dts, , size, flags] = line.split(",");
    if (flags === undefined) continue;
    const key = flags.startsWith("K");
    packets.push({ stream: Number(stream), pts: Number(pts), dts: Number(dts), size: Number(size), key });
  }
  return probed(streams, packets);
}

const ENTRIES = "packet=stream_index,pts,dts,size,flags:stream=index,id,time_base,codec_name";

interface ProbedPacket {
  readonly stream_index: number;
  readonly pts: number;
  readonly dts: number;
  readonly size: string;
  readonly flags: string;
}

/** ffprobe's reading of bytes. */
export function probe(bytes: Uint8Array): Probed[] {
  return withFile(bytes, (file) => {
    const args = ["-v", "error", "-show_entries", ENTRIES, "-of", "json", file];
    const { packets, streams } = JSON.parse(
      execFileSync("ffprobe", args, { encoding: "utf8", maxBuffer: 1 << 26 }),
    ) as { packets: ProbedPacket[]; streams: ProbedStream[] };
    const numbered = packets.map(({ stream_index: stream, pts, dts, size, flags }) => ({
      ...{ stream, pts, dts },
      size: Number(size),
      key: flags.startsWith("K"),
    }));
    return probed(streams, numbered);
  });
}

/** What ffmpeg complains of when it decodes all of the file. */
export function complaints(bytes: Uint8Array): string {
  return withFile(bytes, (file) => {
    const args = ["-v", "warning", "-xerror", "-i", file, "-map", "0", "-c:s", "copy", "-f", "null", "-"];
    // Addresses and names of files differ from run to run.
    return spawnSync("ffmpeg", args, { encoding: "utf8" }).stderr.replaceAll(/0x[0-9a-f]+|\/\S+/g, "");
  });
}

/** A file that ffmpeg makes. */
export function generate(args: readonly string[], name: string): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "isobmff-"));
  try {
    const file = join(folder, name);
    execFileSync("ffmpeg", ["-v", "error", "-nostdin", ...args, file], { stdio: "pipe" });
    return new Uint8Array(readFileSync(file));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function withFile<T>(bytes: Uint8Array, use: (file: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "isobmff-"));
  try {
    const file = join(folder, "file.mp4");
    writeFileSync(file, bytes);
    return use(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A unit with its bytes in one piece. */
export type Unit = Omit<AccessUnit, "data"> & { readonly bytes: Uint8Array };

/** A fragment reader with lists of all that it tells. */
export function collect(options: Partial<FragmentReaderOptions> = {}) {
  const units: Unit[] = [];
  const changes: (readonly Track[])[] = [];
  const problems: string[] = [];
  const reader = new FragmentReader({
    onTracks: (tracks) => changes.push(tracks),
    onUnit: ({ data, ...unit }) => units.push({ ...unit, bytes: joined(data) }),
    onProblem: (code) => problems.push(code),
    ...options,
  });
  return { reader, units, changes, problems };
}

/** Feeds a reader in pieces of `piece` bytes. */
export function feed(reader: FragmentReader, file: Uint8Array, piece: number = file.length): void {
  for (let at = 0; at < file.length; at += piece) reader.push(file.subarray(at, at + piece));
}

/** The moov box of a file. */
export function moovOf(file: Uint8Array): Uint8Array {
  for (let at = 0; at < file.length; ) {
    const box = readBoxHeader(file, at, file.length);
    if (box === undefined) break;
    if (box.type === "moov") return file.subarray(box.at, box.end);
    at = box.end;
  }
  throw new Error("no moov");
}

/** Tracks and units of a finite file, by its tables; what is in fragments behind them follows. */
export function readMovie(file: Uint8Array): { tracks: Track[]; units: Unit[] } {
  const movie = parseMovie(moovOf(file));
  const units: Unit[] = [];
  const entry = emptySampleEntry();
  for (const track of movie.tracks) {
    for (let i = 0; i < track.samples.count; i++) {
      const { offset, size, dts, pts, key } = track.samples.read(i, entry);
      const data = track.unpack(file.subarray(offset, offset + size), key);
      if (data === undefined) continue;
      const facts = { track: track.track.id, pts, dts, key: track.key, discontinuity: false, wallMs: 0 };
      units.push({ ...facts, bytes: joined(data) });
    }
  }
  return { tracks: movie.tracks.map(({ track }) => track), units };
}

export function joined(data: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(data));
}

/** Plain bytes for comparisons: a Buffer's slice and a Uint8Array of the same bytes are not deeply equal. */
export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex");
}

export function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replaceAll(/\s/g, ""), "hex"));
}

/** A sample ready to be written, and its DTS in the track's timescale. */
export interface Ready {
  readonly trackId: number;
  readonly time: number;
  readonly sample: Sample;
  readonly data: readonly Uint8Array[];
}

/** The units of a track as samples; the last one lasts as long as the one before. */
export function samplesOf(track: Track, units: readonly Unit[]): Ready[] {
  const own = units.filter((unit) => unit.track === track.id);
  const timescale = timescaleOf(track);
  const times = own.map(({ dts }) => timeOf(dts, timescale));
  return own.map(({ bytes, ...unit }, i) => {
    const data: Uint8Array[] = [];
    const size = storedData(track, { ...unit, data: [bytes] }, data);
    const time = times[i] as number;
    const next = times[i + 1];
    const durationTicks = next === undefined ? time - (times[i - 1] ?? time - 1) : next - time;
    const compositionOffsetTicks = timeOf(unit.pts, timescale) - time;
    return {
      trackId: track.id,
      time,
      sample: { durationTicks, compositionOffsetTicks, key: unit.key, size },
      data,
    };
  });
}

/** A fragmented file: a header, and fragments of up to `length` samples of each track. */
export function writeFragments(tracks: readonly Track[], units: readonly Unit[], length: number): Uint8Array {
  const init = tracks.map((track) => ({ trackId: track.id, track, timescale: timescaleOf(track) }));
  const parts: Uint8Array[] = [initSegment(init)];
  const lists = tracks.map((track) => samplesOf(track, units));
  for (let from = 0, sequence = 1; lists.some((list) => from < list.length); from += length, sequence++) {
    const cuts = lists.map((list) => list.slice(from, from + length)).filter((list) => list.length > 0);
    const runs = cuts.map((list) => ({
      trackId: list[0]!.trackId,
      baseDecodeTime: list[0]!.time,
      samples: list.map(({ sample }) => sample),
    }));
    parts.push(fragmentHead({ sequence, runs }), ...cuts.flat().flatMap(({ data }) => data));
  }
  return joined(parts);
}

/** A finite file, its moov in front or behind. Tracks are interleaved by `chunk` samples. */
export function writeMovie(
  tracks: readonly Track[],
  units: readonly Unit[],
  options: { readonly front: boolean; readonly chunk?: number },
): Uint8Array {
  const { front, chunk = 10 } = options;
  const lists = tracks.map((track) => samplesOf(track, units));
  const starts = tracks.map(({ id }) =>
    Math.min(...units.filter(({ track }) => track === id).map(({ pts }) => pts)),
  );
  const writer = new MovieWriter(
    tracks.map((track, i) => ({
      trackId: track.id,
      track,
      timescale: timescaleOf(track),
      startTicks: starts[i]!,
    })),
  );
  const data: Uint8Array[] = [];
  for (let from = 0; lists.some((list) => from < list.length); from += chunk) {
    for (const ready of lists.flatMap((list) => list.slice(from, from + chunk))) {
      writer.add(ready.trackId, ready.sample);
      data.push(...ready.data);
    }
  }
  if (front) return joined([writer.front(), ...data]);
  const { moov, sizeAt, size } = writer.tail();
  const file = joined([writer.head(), ...data, moov]);
  file.set(size, sizeAt);
  return file;
}

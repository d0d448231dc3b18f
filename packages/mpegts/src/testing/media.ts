import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { PacketAligner } from "../sync.ts";

/** For tests only: captures in `shared/media` beside the repository, or in `tests/fixtures`. */

function repositoryRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, "package-lock.json"))) {
    const up = dirname(folder);
    if (up === folder) throw new Error("no package-lock.json above the tests");
    folder = up;
  }
  return folder;
}

export const ROOT: string = repositoryRoot();
export const SHARED_MEDIA: string = join(ROOT, "..", "shared", "media");

/** Captures that are part of the repository, by their path in `shared/media`. */
const FIXTURES: Readonly<Record<string, string>> = {
  "ts/h264-aac/bear-640x360.ts": "h264-aac.mpegts",
  "ts/hevc/obs_hevc_aac.ts": "hevc-aac.mpegts",
  "ts/mpeg2-mp2/sample_h262_mpeg_audio.ts": "mpeg2-mp2.mpegts",
  "ts/ac3/ac3.ts": "ac3.mpegts",
  "ts/eac3/eac3.ts": "eac3.mpegts",
  "ts/other-audio/sample_latm.ts": "latm.mpegts",
  "ts/subtitles/sample_TS_dvbsub_at_video_start.ts": "dvbsub.mpegts",
  "ts/scte35/sample_scte35.ts": "scte35.mpegts",
};

/** A small capture that is part of the repository. */
export function fixture(name: string): Uint8Array {
  return new Uint8Array(readFileSync(join(ROOT, "tests", "fixtures", name)));
}

/** The paths of captures that are always there. */
export const ALWAYS_THERE: readonly string[] = Object.keys(FIXTURES);

/** A capture of `shared/media`, by its path there; undefined when it is missing. */
export function sharedMedia(path: string): Uint8Array | undefined {
  const shared = join(SHARED_MEDIA, path);
  const own = FIXTURES[path];
  if (own !== undefined) return fixture(own);
  return existsSync(shared) ? new Uint8Array(readFileSync(shared)) : undefined;
}

/** Whether ffprobe's reading of a capture is there too. */
export function hasOracle(path: string): boolean {
  return existsSync(join(SHARED_MEDIA, "oracle", `${path}.packets.csv.gz`));
}

/** The message of a test that is skipped for want of a capture. */
export function missing(path: string): string {
  return `SHARED MEDIA MISSING: ${path}: this test proves nothing here`;
}

/** A packet as ffprobe read it, from the `oracle` folder. */
export interface OraclePacket {
  readonly stream: number;
  readonly pts: number | undefined;
  readonly dts: number | undefined;
  readonly size: number;
  readonly key: boolean;
}

/** ffprobe's packets of a capture: lines `stream,pts,dts,duration,size,flags`. */
export function oraclePackets(path: string): OraclePacket[] {
  const file = join(SHARED_MEDIA, "oracle", `${path}.packets.csv.gz`);
  const number = (text: string | undefined) =>
    text === undefined || text === "N/A" ? undefined : Number(text);
  const packets: OraclePacket[] = [];
  for (const line of gunzipSync(readFileSync(file)).toString("utf8").split("\n")) {
    if (line.trim() === "") continue;
    const [stream, pts, dts, , size, flags] = line.trim().split(",");
    const key = flags?.startsWith("K") === true;
    packets.push({ stream: Number(stream), pts: number(pts), dts: number(dts), size: Number(size), key });
  }
  return packets;
}

/** ffprobe's streams of a capture, with the PID each came from. */
export function oracleStreams(path: string): { index: number; pid: number; codec: string }[] {
  const file = join(SHARED_MEDIA, "oracle", `${path}.ffprobe.json`);
  const report = JSON.parse(readFileSync(file, "utf8")) as {
    streams: { index: number; id?: string; codec_name?: string }[];
  };
  return report.streams.map((s) => ({
    index: s.index,
    pid: Number(s.id ?? -1),
    codec: s.codec_name ?? "unknown",
  }));
}

/** Packets of a capture, aligned, as one array. */
export function alignedPackets(bytes: Uint8Array): Uint8Array {
  const packets = new Uint8Array(bytes.length + 188);
  let length = 0;
  const aligner = new PacketAligner((buf, start, count) => {
    packets.set(buf.subarray(start, start + count * 188), length);
    length += count * 188;
  });
  aligner.push(bytes);
  aligner.flush();
  return packets.subarray(0, length);
}

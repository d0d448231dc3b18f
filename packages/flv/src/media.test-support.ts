import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { AccessUnit, Track } from "@millrace/model";
import { parseAmf0 } from "./amf0.ts";
import { FlvDemuxer } from "./demuxer.ts";
import { FLV_AUDIO, FLV_VIDEO, FlvReader } from "./tag.ts";

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

/** A packet as ffprobe read it: times in milliseconds. */
export interface OraclePacket {
  readonly pts: number;
  readonly dts: number;
  readonly size: number;
  readonly key: boolean;
}

/** ffprobe's packets of one stream: lines `stream,pts,dts,duration,size,flags`. */
export function oraclePackets(path: string, stream: number): OraclePacket[] {
  const text = gunzipSync(readFileSync(join(MEDIA, "oracle", `${path}.packets.csv.gz`))).toString("utf8");
  const packets: OraclePacket[] = [];
  for (const line of text.trim().split("\n")) {
    const [index, pts, dts, , size, flags] = line.split(",");
    if (Number(index) !== stream) continue;
    const key = flags?.startsWith("K") === true;
    packets.push({ pts: Number(pts), dts: Number(dts), size: Number(size), key });
  }
  return packets;
}

/** A unit with its bytes in one piece. */
export type Unit = Omit<AccessUnit, "data"> & { readonly bytes: Uint8Array };

/** A demultiplexer with lists of all that it tells. */
export function collect() {
  const units: Unit[] = [];
  const changes: (readonly Track[])[] = [];
  const problems: string[] = [];
  /** "tracks" and track numbers in the order in which they came. */
  const order: (string | number)[] = [];
  const demuxer = new FlvDemuxer({
    onTracks: (tracks) => {
      changes.push(tracks);
      order.push("tracks");
    },
    onUnit: ({ data, ...unit }) => {
      order.push(unit.track);
      units.push({ ...unit, bytes: new Uint8Array(Buffer.concat(data)) });
    },
    onProblem: (code) => problems.push(code),
  });
  return { demuxer, units, changes, problems, order };
}

/** Feeds a demultiplexer from a file, cut into pieces of `piece` bytes. */
export function feed(demuxer: FlvDemuxer, file: Uint8Array, piece: number = file.length): FlvReader {
  const reader = new FlvReader({
    onTag: (type, timestampMs, body) => {
      if (type === FLV_VIDEO) demuxer.video(body, timestampMs);
      else if (type === FLV_AUDIO) demuxer.audio(body, timestampMs);
      else demuxer.metadata(parseAmf0(body).values);
    },
  });
  for (let at = 0; at < file.length; at += piece) reader.push(file.subarray(at, at + piece));
  demuxer.flush();
  return reader;
}

/** Plain bytes for comparisons: a Buffer's slice and a Uint8Array of the same bytes are not deeply equal. */
export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex");
}

export function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replaceAll(/\s/g, ""), "hex"));
}

/** Makes a tag body from the outset: what a publisher of H.264 and AAC sends. */
export const AVC_RECORD: Uint8Array = bytesOf(
  "01640020ffe1001967640020acd940c029b011000003000100000300320f18319601000568ebecb22c",
);
export const ASC: Uint8Array = bytesOf("1210");
/** An IDR slice and a P slice (of nothing), each behind its length. */
export const IDR: Uint8Array = bytesOf("00000005 6588820011");
export const P_SLICE: Uint8Array = bytesOf("00000005 419a236360");

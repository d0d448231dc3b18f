import { fileURLToPath } from "node:url";
import { compile } from "../compile.ts";
import { LOAD_CORE, type Program, start } from "../program.ts";
import { APP } from "../rtmp/contestant.ts";
import { LATENCY_MS } from "../srt/servers.ts";
import type { MixedField } from "./field.ts";
import type { GroupReport } from "./judge.ts";

const HLS_READER = fileURLToPath(new URL("../rtmp/hls-reader-main.ts", import.meta.url));

export type ViewerKind = "http-ts" | "http-flv" | "rtmp" | "srt" | "hls";

/** Starts viewers of one kind, in one process: they watch for so many seconds, and then it says how it was. */
export function startViewers(
  field: MixedField,
  folder: string,
  options: { kind: ViewerKind; readers: number; seconds: number; path?: string },
): Program {
  const { kind, readers, seconds, path } = options;
  const { served, rtmpPort, srtPort, bitsPerSecond } = field;
  const times = [readers, 0, seconds];
  const run = (name: Parameters<typeof compile>[0], words: readonly (string | number)[]) =>
    start(LOAD_CORE, compile(name, folder), ["127.0.0.1", ...words].map(String));
  switch (kind) {
    case "http-ts":
      return run("sink", [served.port, path ?? "/ts/mpegts", ...times]);
    case "http-flv":
      return run("flv-sink", [served.port, `/${APP}/r.flv`, bitsPerSecond, ...times]);
    case "rtmp":
      return run("rtmp-sink", [rtmpPort, APP, "r", bitsPerSecond, ...times]);
    case "srt":
      return run("srt-sink", [srtPort, 0, "#!::r=s,m=request", readers, LATENCY_MS, 0, seconds]);
    case "hls": {
      const url = `http://127.0.0.1:${served.port}/ts/mono.m3u8`;
      return start(LOAD_CORE, process.execPath, [HLS_READER, url, ...times].map(String));
    }
  }
}

interface End {
  readonly readers: number;
  readonly bytes: number;
  readonly stalls?: number;
  readonly longestGapMs?: number;
  readonly closed?: number;
  readonly badSyncs?: number;
  readonly badLengths?: number;
  readonly disordered?: number;
  readonly missing?: number;
  readonly recovered?: number;
  readonly lost?: number;
}

/** What a group of viewers says at its end, whatever their protocol: packets that SRT brought again are not missing. */
export function readEnd(name: string, text: string): GroupReport {
  const end = JSON.parse(text) as End;
  const missing = end.lost ?? end.missing ?? 0;
  return {
    name,
    readers: end.readers,
    bytes: end.bytes,
    stalls: end.stalls ?? 0,
    longestGapMs: end.longestGapMs ?? Number.NaN,
    closed: end.closed ?? 0,
    bad: missing + (end.badSyncs ?? 0) + (end.badLengths ?? 0) + (end.disordered ?? 0),
  };
}

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Demuxer, PACKET_SIZE, PacketAligner, TsAnalyser, TsScanner } from "@millrace/mpegts";
import { median } from "./measure.ts";
import { syntheticTs } from "./synthetic-ts.ts";

export interface TsRow {
  readonly capture: string;
  readonly bytes: number;
  /** Gbit/s on one core. */
  readonly scan: number;
  readonly analyse: number;
  readonly demux: number;
  /** Access units of one pass of the demuxer: it did read something. */
  readonly units: number;
}

export interface TsOptions {
  /** Passes of each reader over each capture; the median counts. */
  readonly repeats: number;
  /** Each pass goes on for so long. */
  readonly seconds: number;
  readonly progress?: (text: string) => void;
}

const SHARED = join(import.meta.dirname, "../../../shared/media/ts");
const CAPTURES = [
  "h264-aac/main.ts",
  "ac3/dvb-h264-ac3-segments/s_00001.ts",
  "mpeg2-mp2/bbb_2500ms.ts",
  "derived/mpts_4services_si_eit.ts",
  "scte35/80s_with_ad.ts",
];
/** Packets handed over at once: what a socket delivers. */
const BATCH = 348;

/** One whole pass over a capture. */
type Pass = (packets: Uint8Array) => void;

/** Reads captures from memory with the three readers of packages/mpegts, on the thread it is called on. */
export function runTs(options: TsOptions): TsRow[] {
  return loadCaptures().map(({ name, packets }) => {
    options.progress?.(name);
    let units = 0;
    const demux: Pass = (bytes) => {
      units = 0;
      const demuxer = new Demuxer({ onTracks: () => {}, onUnit: () => void (units += 1), program: "all" });
      inBatches(bytes, (at, count) => demuxer.push(bytes, at, count));
      demuxer.flush();
    };
    return {
      capture: name,
      bytes: packets.length,
      scan: rateOf(packets, scan, options),
      analyse: rateOf(packets, analyse, options),
      demux: rateOf(packets, demux, options),
      units,
    };
  });
}

const scan: Pass = (bytes) => {
  const scanner = new TsScanner();
  inBatches(bytes, (at, count) => scanner.scan(bytes, at, count));
};

const analyse: Pass = (bytes) => {
  const analyser = new TsAnalyser();
  inBatches(bytes, (at, count) => analyser.push(bytes, at, count));
};

function inBatches(bytes: Uint8Array, take: (at: number, count: number) => void): void {
  const packets = bytes.length / PACKET_SIZE;
  for (let i = 0; i < packets; i += BATCH) take(i * PACKET_SIZE, Math.min(BATCH, packets - i));
}

/** Gbit/s, median over the repeats; a first pass warms up and is not counted. */
function rateOf(packets: Uint8Array, pass: Pass, { repeats, seconds }: TsOptions): number {
  pass(packets);
  const rates = Array.from({ length: repeats }, () => {
    const start = performance.now();
    let passes = 0;
    for (; performance.now() - start < seconds * 1000; passes += 1) pass(packets);
    return (passes * packets.length * 8) / (performance.now() - start) / 1e6;
  });
  return median(rates);
}

/** The captures that are there, aligned; a made-up stream where none is. */
function loadCaptures(): { name: string; packets: Uint8Array }[] {
  const found = CAPTURES.filter((name) => existsSync(join(SHARED, name))).map((name) => ({
    name,
    packets: aligned(new Uint8Array(readFileSync(join(SHARED, name)))),
  }));
  return [...found, { name: "made up, 8 Mbit/s", packets: syntheticTs(8_000_000, 8) }];
}

function aligned(bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  const aligner = new PacketAligner((buf, start, count) => {
    parts.push(buf.slice(start, start + count * PACKET_SIZE));
  });
  aligner.push(bytes);
  aligner.flush();
  return new Uint8Array(Buffer.concat(parts));
}

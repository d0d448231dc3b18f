import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fromHex } from "@millrace/bytes";
import { DataHeader, readDataHeader } from "../../wire/header.ts";

export const RECORDINGS = ["staircase-4x3", "even-3x2-keys-change", "columns-5x3", "rows-6"] as const;

export interface Recording {
  /** As it was given to srt-live-transmit 1.5.1. */
  readonly filter: string;
  /** What it sent, data and parity, in order; nothing is missing. */
  readonly packets: readonly Uint8Array[];
}

const CORPUS = join(import.meta.dirname, "../corpus");

/** A file of `corpus/`: a comment with the filter, then a packet a line. */
export function readRecording(name: (typeof RECORDINGS)[number]): Recording {
  const [comment = "", ...lines] = readFileSync(join(CORPUS, `${name}.hex`), "utf8")
    .trim()
    .split("\n");
  return { filter: comment.slice(2), packets: lines.map(fromHex) };
}

/** The header of a packet, read into an object of its own. */
export function headerOf(packet: Uint8Array): DataHeader {
  const header = new DataHeader();
  if (!readDataHeader(packet, header)) throw new Error("no data packet");
  return header;
}

export function isParity(packet: Uint8Array): boolean {
  return headerOf(packet).message === 0;
}

import type { TrackKind } from "@millrace/model";
import {
  codingOf,
  PACKET_SIZE,
  ProgramTables,
  pidOf,
  primaryProgram,
  TsProgramFilter,
} from "@millrace/mpegts";

/** Which tracks of a stream are wanted: by place among all, or by kind and place among those of the kind. From 1. */
export type TrackChoice =
  | { readonly kind: TrackKind; readonly place: number }
  | { readonly kind: undefined; readonly place: number };

const LETTERS: Readonly<Record<string, TrackKind>> = { v: "video", a: "audio", t: "subtitle" };
/** Order in which tracks are counted where only a number is given. */
const ORDER: readonly TrackKind[] = ["video", "audio", "subtitle"];
/** PAT and PMT come within so many packets, or the segment has none. */
const LOOK_PACKETS = 4096;

/** Reads what stands behind `tracks-`: `1,2`, `v1a2`, `v1,a2`. Undefined for anything else. */
export function parseTrackChoices(text: string): TrackChoice[] | undefined {
  if (!/^(?:[vat]?[1-9]\d{0,2},?)+$/.test(text)) return undefined;
  return [...text.matchAll(/([vat]?)(\d+)/g)].map(([, letter = "", number]) => ({
    kind: LETTERS[letter],
    place: Number(number),
  }));
}

/** Something with a kind, in the order of the stream. */
interface HasKind {
  readonly kind: TrackKind;
}

/** Those that are chosen. */
export function chooseTracks<T extends HasKind>(tracks: readonly T[], choices: readonly TrackChoice[]): T[] {
  const counted = ORDER.flatMap((kind) => tracks.filter((track) => track.kind === kind));
  const found = choices.map(({ kind, place }) =>
    kind === undefined ? counted[place - 1] : counted.filter((track) => track.kind === kind)[place - 1],
  );
  return tracks.filter((track) => found.includes(track));
}

/** The elementary streams of a transport-stream segment, by PID. */
export function streamsOfSegment(parts: readonly Uint8Array[]): { kind: TrackKind; pid: number }[] {
  const tables = new ProgramTables();
  let left = LOOK_PACKETS;
  for (const part of parts) {
    for (let at = 0; at + PACKET_SIZE <= part.length && left > 0; at += PACKET_SIZE, left--) {
      tables.push(part, at, pidOf(part, at));
    }
    const listed = tables.listed.filter(({ number }) => number !== 0).length;
    if (listed > 0 && tables.programs.length === listed) break;
  }
  const streams = primaryProgram(tables.programs)?.streams ?? [];
  return streams.map((stream) => ({ kind: codingOf(stream).kind, pid: stream.pid }));
}

/** A segment with the chosen streams alone; undefined when none of them is in it. */
export function filterSegment(
  parts: readonly Uint8Array[],
  choices: readonly TrackChoice[],
): Uint8Array | undefined {
  const pids = chooseTracks(streamsOfSegment(parts), choices).map(({ pid }) => pid);
  if (pids.length === 0) return undefined;
  const kept: Uint8Array[] = [];
  const filter = new TsProgramFilter({ pids, nit: false, subtitles: true }, (buf, start, count) => {
    kept.push(buf.slice(start, start + count * PACKET_SIZE));
  });
  for (const part of parts) filter.push(part);
  filter.flush();
  const bytes = new Uint8Array(kept.reduce((sum, each) => sum + each.length, 0));
  let at = 0;
  for (const each of kept) {
    bytes.set(each, at);
    at += each.length;
  }
  return bytes;
}

import { u32be } from "@millrace/bytes";
import { boxesIn, findBox, readBoxHeader } from "../boxes.ts";
import { IsoProblem } from "../errors.ts";
import { readTrackBox, type TrackBox } from "./track-box.ts";

/** trex (ISO/IEC 14496-12 §8.8.3). */
export interface FragmentDefaults {
  readonly duration: number;
  readonly size: number;
  readonly flags: number;
}

/** A moov box as read. */
export interface MovieBox {
  /** Hz; 0 where the file does not say. */
  readonly timescale: number;
  readonly tracks: readonly TrackBox[];
  /** By track; undefined where the file has no fragments. */
  readonly defaults: ReadonlyMap<number, FragmentDefaults> | undefined;
}

const MAX_TRACKS = 64;

/**
 * Reads a moov box, its header included. Throws `isobmff.no-movie` where it is none, and the other codes of `IsoProblem`
 * for what does not fit. Tracks that lack something are left out.
 */
export function readMovieBox(bytes: Uint8Array): MovieBox {
  const moov = readBoxHeader(bytes, 0, bytes.length);
  if (moov?.type !== "moov" || moov.end > bytes.length)
    throw new IsoProblem("isobmff.no-movie", "no whole moov box");
  const boxes = boxesIn(bytes, moov.start, moov.end);
  const mvhd = findBox(boxes, "mvhd");
  const timescaleAt = mvhd === undefined ? 0 : mvhd.start + (bytes[mvhd.start] === 1 ? 20 : 12);
  const timescale = mvhd === undefined || timescaleAt + 4 > mvhd.end ? 0 : u32be(bytes, timescaleAt);
  const traks = boxes.filter(({ type }) => type === "trak");
  if (traks.length > MAX_TRACKS) throw new IsoProblem("isobmff.box-limit", `${traks.length} tracks`);
  const tracks: TrackBox[] = [];
  for (const trak of traks) {
    const track = readTrackBox(bytes, trak, timescale);
    if (track !== undefined && !tracks.some(({ trackId }) => trackId === track.trackId)) tracks.push(track);
  }
  const mvex = findBox(boxes, "mvex");
  if (mvex === undefined) return { timescale, tracks, defaults: undefined };
  const defaults = new Map<number, FragmentDefaults>();
  for (const { type, start, end } of boxesIn(bytes, mvex.start, mvex.end)) {
    if (type !== "trex" || start + 24 > end) continue;
    const [duration, size, flags] = [12, 16, 20].map((at) => u32be(bytes, start + at));
    defaults.set(u32be(bytes, start + 4), { duration: duration!, size: size!, flags: flags! });
  }
  return { timescale, tracks, defaults };
}

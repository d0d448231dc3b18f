import { MillraceError, type Track } from "@millrace/model";

/** What stands before every key message of a lane: the tracks, by their numbers in it, and the title of what plays. */
export interface LaneHeader {
  readonly tracks: readonly LaneTrack[];
  readonly title: string;
}

export interface LaneTrack {
  /** From 1 to 127. */
  readonly number: number;
  /** `v1`, `a1`, `a2`…: by kind and place among all tracks of the stream. */
  readonly name: string;
  readonly track: Track;
}

export const MOST_TRACKS = 127;
/** First byte of a header in a lane. */
const HEADER_MARK = 0x7b;

/** Pictures and sound of a stream, numbered and named: the same in all lanes. */
export function numberTracks(tracks: readonly Track[]): LaneTrack[] {
  const counts = { video: 0, audio: 0 };
  const made: LaneTrack[] = [];
  for (const track of tracks) {
    const { kind } = track;
    if ((kind !== "video" && kind !== "audio") || made.length === MOST_TRACKS) continue;
    const name = `${kind === "video" ? "v" : "a"}${++counts[kind]}`;
    made.push({ number: made.length + 1, name, track });
  }
  return made;
}

export function writeLaneHeader({ tracks, title }: LaneHeader): Uint8Array {
  const plain = tracks.map(({ number, name, track: { ts: _, config, ...track } }) => ({
    number,
    name,
    track,
    config: config === undefined ? undefined : Buffer.from(config).toString("base64"),
  }));
  return new TextEncoder().encode(JSON.stringify({ tracks: plain, title }));
}

interface PlainTrack extends LaneTrack {
  readonly config?: string;
}

export function readLaneHeader(bytes: Uint8Array): LaneHeader {
  if (bytes[0] !== HEADER_MARK)
    throw new MillraceError("progressive.header", "a lane begins without its header", { kind: "bug" });
  const { tracks, title } = JSON.parse(Buffer.from(bytes).toString()) as {
    tracks: PlainTrack[];
    title: string;
  };
  const full = tracks.map(({ number, name, track, config }) => ({
    number,
    name,
    track: config === undefined ? track : { ...track, config: new Uint8Array(Buffer.from(config, "base64")) },
  }));
  return { tracks: full, title };
}

/**
 * The tracks that `v1a2` names; all, or one of each kind, where nothing or nothing there is, is named.
 */
export function chooseTracks(
  all: readonly LaneTrack[],
  wanted: string,
  single: boolean,
): readonly LaneTrack[] {
  const names = new Set(wanted.match(/[va]\d+/g) ?? []);
  const named = all.filter(({ name }) => names.has(name));
  const some = named.length > 0 ? named : all;
  return single ? some.slice(0, 1) : some;
}

/** "h264 640x360, aac": what a stream has, in words. */
export function wordsFor(tracks: readonly Track[]): string {
  const words = tracks.map(({ codec, video }) =>
    video === undefined || video.width === 0 ? codec : `${codec} ${video.width}x${video.height}`,
  );
  return words.length === 0 ? "nothing" : words.join(", ");
}

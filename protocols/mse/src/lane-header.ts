import { canStore, codecStringOf, initSegment, timescaleOf } from "@millrace/isobmff";
import type { Track } from "@millrace/model";

/** A track as viewers are told of it. */
export interface LaneTrack {
  /** Number in the fragments, from 1. */
  readonly id: number;
  /** `v1`, `v2`, `a1`…: by kind and place. */
  readonly track_id: string;
  readonly content: "video" | "audio";
  /** As `Track.codec`. */
  readonly codec: string;
  /** What `MediaSource.isTypeSupported` wants to know. */
  readonly mime: string;
  /** Ticks a second of the times in its fragments. */
  readonly timescale: number;
  /** kbit/s, as measured; 0 until it is. */
  bitrate: number;
  readonly lang?: string;
  readonly width?: number;
  readonly height?: number;
  readonly fps?: number;
  readonly sample_rate?: number;
  readonly channels?: number;
  /** Initialization segment, base64. */
  readonly payload: string;
}

const MOST_TRACKS = 255;

/** The tracks that can be played, in their order, and those of the source that they are. */
export function laneTracks(tracks: readonly Track[]): { readonly source: Track; readonly lane: LaneTrack }[] {
  const counts = { video: 0, audio: 0 };
  const made: { source: Track; lane: LaneTrack }[] = [];
  for (const source of tracks) {
    const content = source.kind;
    const codecString = canStore(source) ? codecStringOf(source) : undefined;
    if ((content !== "video" && content !== "audio") || codecString === undefined) continue;
    if (made.length === MOST_TRACKS) break;
    const name = `${content === "video" ? "v" : "a"}${++counts[content]}`;
    made.push({ source, lane: describe(source, content, { id: made.length + 1, name, codecString }) });
  }
  return made;
}

function describe(
  source: Track,
  content: "video" | "audio",
  { id, name, codecString }: { id: number; name: string; codecString: string },
): LaneTrack {
  const { video, audio, language } = source;
  const init = initSegment([{ trackId: id, track: source, timescale: timescaleOf(source) }]);
  const rate = video?.frameRate;
  return {
    id,
    track_id: name,
    content,
    codec: source.codec,
    mime: `${content}/mp4; codecs="${codecString}"`,
    timescale: timescaleOf(source),
    bitrate: 0,
    ...(language === undefined ? {} : { lang: language }),
    ...(video === undefined ? {} : { width: video.width, height: video.height }),
    ...(rate === undefined || rate.den === 0 ? {} : { fps: Math.round((1000 * rate.num) / rate.den) / 1000 }),
    ...(audio === undefined ? {} : { sample_rate: audio.sampleRate, channels: audio.channels }),
    payload: Buffer.from(init).toString("base64"),
  };
}

/** First byte of a header, and of no fragment. */
export const HEADER_MARK = 0x7b;

export function writeHeader(tracks: readonly LaneTrack[]): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ tracks }));
}

export function readHeader(bytes: Uint8Array): readonly LaneTrack[] {
  return (JSON.parse(Buffer.from(bytes).toString()) as { tracks: LaneTrack[] }).tracks;
}

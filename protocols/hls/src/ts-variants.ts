import { codecStringOf } from "@millrace/isobmff";
import type { Track, VideoFormat } from "@millrace/model";
import type { MultivariantPlaylist, Variant } from "@millrace/playlist";

/** BANDWIDTH may not be below any segment's rate (RFC 8216 §4.3.4.2), of those to come either: so much is added. */
const HEADROOM = 1.2;
/** Of a sound whose bitrate is not known, bits a second. */
const SOUND_RATE = 192_000;
/** Transport-stream packets, headers and tables around a thin sound, relative to it. */
const SOUND_OVERHEAD = 1.3;

/** Bits a second of the segments, measured. */
export interface Rates {
  readonly peak: number;
  readonly average: number;
}

export interface TsVariantsOptions {
  readonly tracks: readonly Track[];
  readonly rates: Rates;
  /** A variant for each picture, with all sounds in it: `videoN.m3u8`. */
  readonly byPicture: boolean;
  readonly audioOnly: boolean;
  /** How far from the end to begin, milliseconds. */
  readonly startOffsetMs?: number;
}

/** The Multivariant Playlist of transport-stream segments, whose sounds lie in them. */
export function tsVariants(options: TsVariantsOptions): MultivariantPlaylist {
  const { tracks, rates, byPicture, startOffsetMs } = options;
  const videos = tracks.filter(({ kind }) => kind === "video");
  const audios = tracks.filter(({ kind }) => kind === "audio");
  const bandwidths = {
    bandwidth: Math.ceil(rates.peak * HEADROOM),
    averageBandwidth: Math.ceil(rates.average),
  };
  const variants: Variant[] = videos.map((video, i) => ({
    uri: byPicture || videos.length > 1 ? `video${i + 1}.m3u8` : "mono.m3u8",
    ...bandwidths,
    ...codecsOf([video, ...audios]),
    ...pictureOf(video.video),
  }));
  if (videos.length === 0) variants.push({ uri: "mono.m3u8", ...bandwidths, ...codecsOf(audios) });
  else if (options.audioOnly && audios[0] !== undefined) variants.push(soundOnly(audios[0]));
  return {
    independentSegments: true,
    ...(startOffsetMs !== undefined && { start: { timeOffsetUs: -startOffsetMs * 1000 } }),
    variants,
  };
}

function soundOnly(audio: Track): Variant {
  const rate = Math.ceil((audio.audio?.bitrate ?? SOUND_RATE) * SOUND_OVERHEAD);
  return {
    uri: "tracks-a1/mono.m3u8",
    bandwidth: Math.ceil(rate * HEADROOM),
    averageBandwidth: rate,
    ...codecsOf([audio]),
  };
}

/** All of them, or nothing: players take what is left out for what is not there. */
function codecsOf(tracks: readonly Track[]): { codecs?: string[] } {
  const codecs = tracks.map((track) => codecStringOf(track));
  const known = codecs.filter((codec) => codec !== undefined);
  return known.length === 0 || known.length < codecs.length ? {} : { codecs: [...new Set(known)] };
}

/** RESOLUTION, FRAME-RATE and VIDEO-RANGE, as far as headers say them. */
export function pictureOf(video: VideoFormat | undefined): Partial<Variant> {
  if (video === undefined) return {};
  const { width, height, frameRate, colour } = video;
  const range = colour?.transfer === 16 ? "PQ" : colour?.transfer === 18 ? "HLG" : "SDR";
  return {
    ...(width > 0 && height > 0 && { resolution: { width, height } }),
    ...(frameRate !== undefined &&
      frameRate.num > 0 &&
      frameRate.den > 0 && { frameRateMilliHz: Math.round((frameRate.num * 1000) / frameRate.den) }),
    videoRange: range,
  };
}

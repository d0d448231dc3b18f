import { concat } from "@millrace/bytes";
import { initSegment, timescaleOf } from "@millrace/isobmff";
import type { Track } from "@millrace/model";
import { MATROSKA_LANE, MP4_LANE, OGG_LANE, SOUND_LANE, takesMp4, takesSound } from "./lane-formats.ts";
import type { LaneTrack } from "./lane-tracks.ts";
import { MatroskaCut, Mp4Cut, OggCut, type StreamCut, WHOLE } from "./stream-cut.ts";
import { canHold, type DocType, matroskaHeader } from "./wire/matroska.ts";
import { canHoldInOgg, oggHeader } from "./wire/ogg.ts";

/** A kind of file. */
export interface FileFormat {
  readonly lane: string;
  /** What `Content-Type` says of a file with these tracks. */
  type(tracks: readonly LaneTrack[]): string;
  /** Whether a file can hold the track. */
  takes(track: Track): boolean;
  /** What can be in it, in words. */
  readonly holds: string;
  /** A file has one track. */
  readonly single: boolean;
  /** Frames say themselves how they are coded: that may change. */
  readonly selfDescribing: boolean;
  /** What a file with these tracks begins with. */
  header(tracks: readonly LaneTrack[]): Uint8Array;
  /** Makes the lane's messages those of a file that begins at `base`, 90 kHz. */
  cut(tracks: readonly LaneTrack[], base: number): StreamCut;
}

const NOTHING = new Uint8Array(0);

function hasVideo(tracks: readonly LaneTrack[]): boolean {
  return tracks.some(({ track }) => track.kind === "video");
}

function matroska(docType: DocType, holds: string): FileFormat {
  const name = docType === "webm" ? "webm" : "x-matroska";
  return {
    lane: MATROSKA_LANE,
    type: (tracks) => `${hasVideo(tracks) ? "video" : "audio"}/${name}`,
    takes: (track) => canHold(docType, track),
    holds,
    single: false,
    selfDescribing: false,
    header: (tracks) => matroskaHeader(docType, tracks),
    cut: (_, base) => new MatroskaCut(base),
  };
}

function sound(type: string, codec: string, holds: string): FileFormat {
  return {
    lane: SOUND_LANE,
    type: () => type,
    takes: (track) => track.codec === codec && takesSound(track),
    holds,
    single: true,
    selfDescribing: true,
    header: () => NOTHING,
    cut: () => WHOLE,
  };
}

function ogg(type: string, codecs: readonly string[], holds: string): FileFormat {
  return {
    lane: OGG_LANE,
    type: () => type,
    takes: (track) => codecs.includes(track.codec) && canHoldInOgg(track),
    holds,
    single: true,
    selfDescribing: false,
    header: ([first]) => (first === undefined ? NOTHING : concat(oggHeader(first.track))),
    cut: ([first], base) => new OggCut(first?.track, base),
  };
}

const MP4: FileFormat = {
  lane: MP4_LANE,
  type: (tracks) => (hasVideo(tracks) ? "video/mp4" : "audio/mp4"),
  takes: takesMp4,
  holds: "H.264, H.265, AV1, VP9, VP8, MPEG-1/2/4 video, AAC, MPEG audio, AC-3, E-AC-3, Opus, FLAC",
  single: false,
  selfDescribing: false,
  header: (tracks) =>
    initSegment(
      tracks.map(({ number, track }) => ({ trackId: number, track, timescale: timescaleOf(track) })),
    ),
  cut: (tracks, base) => new Mp4Cut(tracks, base),
};

export const MP3: FileFormat = sound("audio/mpeg", "mpa", "MPEG audio");
export const AAC: FileFormat = sound("audio/aac", "aac", "AAC (LC, Main, SSR, LTP)");

/** By the name's ending. */
export const FILE_FORMATS: Readonly<Record<string, FileFormat>> = {
  mp4: MP4,
  mkv: matroska(
    "matroska",
    "H.264, H.265, AV1, VP9, VP8, MPEG-1/2/4 video, AAC, MPEG audio, AC-3, E-AC-3, DTS, Opus, FLAC",
  ),
  webm: matroska("webm", "VP8, VP9, AV1, Opus"),
  ogg: ogg("audio/ogg", ["opus", "flac"], "Opus, FLAC"),
  opus: ogg("audio/ogg; codecs=opus", ["opus"], "Opus"),
  mp3: MP3,
  aac: AAC,
  ac3: sound("audio/ac3", "ac3", "AC-3"),
  eac3: sound("audio/eac3", "eac3", "E-AC-3"),
  // No input brings PCM, and nothing is decoded here: who asks is told so.
  wav: sound("audio/wav", "pcm", "sound that is not coded (PCM), and nothing is decoded here"),
};

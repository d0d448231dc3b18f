import type { SegmentRecord, Timeline } from "@millrace/cmaf";
import type { MediaPlaylist, MediaSegment } from "@millrace/playlist";

/** Name of the playlist of a track's pictures, beside that of the track. */
export function iFramePlaylistName(track: string): string {
  return `${track}.iframes.m3u8`;
}

/** Bytes from the beginning of a segment to the end of its first picture, which is a key frame; 0 where it is not. */
export function pictureBytes({ parts, gap }: SegmentRecord): number {
  return gap === true ? 0 : (parts[0]?.keyBytes ?? 0);
}

/**
 * The Media Playlist of a track's key frames (RFC 8216 §4.3.3.6): the first of each segment, which its movie fragment box and
 * the bytes up to the end of that sample make up. One that does not begin with a key frame is a gap, so that numbers are
 * those of the segments. Undefined for a track that is not there.
 */
export function iFramePlaylist(timeline: Timeline, track: string): MediaPlaylist | undefined {
  const { presentation } = timeline;
  const segments = timeline.segments(track).filter(({ complete }) => complete);
  const first = segments[0];
  if (presentation === undefined || first === undefined) return undefined;
  return {
    targetDurationS: presentation.targetDurationS,
    mediaSequence: first.msn,
    discontinuitySequence: presentation.discontinuitySequence,
    independentSegments: true,
    iFramesOnly: true,
    segments: segments.map((segment, i) => entry(timeline, segment, segments[i - 1])),
  };
}

function entry(timeline: Timeline, segment: SegmentRecord, before: SegmentRecord | undefined): MediaSegment {
  const { key, durationTicks, wallMs, period } = segment;
  const track = timeline.period(period)?.tracks.find(({ name }) => name === segment.track);
  const length = pictureBytes(segment);
  return {
    uri: key,
    durationUs: Math.round((durationTicks * 1e6) / (track?.timescale ?? 90_000)),
    programDateTimeMs: wallMs,
    ...(before !== undefined && before.period !== period && { discontinuity: true }),
    ...(track !== undefined && { map: { uri: track.init } }),
    ...(length > 0 ? { byteRange: { offset: 0, length } } : { gap: true }),
  };
}

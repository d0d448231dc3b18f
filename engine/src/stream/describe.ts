import type { StreamInfo, Track } from "@millrace/model";
import { codingOf, type ProgramInfo } from "@millrace/mpegts";

type TrackLine = StreamInfo["tracks"][number];

/** Tracks as far as they are known: in full when the stream is demultiplexed, else what the PMT says. */
export function describeTracks(tracks: readonly Track[], programs: readonly ProgramInfo[]): TrackLine[] {
  if (tracks.length > 0) return tracks.map(describeTrack);
  return programs.flatMap((program) =>
    program.streams.map((es) => {
      const { kind, codec } = codingOf(es);
      return { id: es.pid, kind, codec };
    }),
  );
}

function describeTrack(track: Track): TrackLine {
  const { video, audio } = track;
  let text = track.codecString;
  if (video !== undefined) text = `${video.width}x${video.height}`;
  else if (audio !== undefined) text = `${audio.sampleRate} Hz, ${audio.channels} ch`;
  return {
    id: track.id,
    codec: track.codec,
    kind: track.kind,
    ...(track.language === undefined ? {} : { language: track.language }),
    ...(text === undefined ? {} : { text }),
  };
}

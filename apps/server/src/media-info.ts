import type { StreamInfo } from "@millrace/model";

/** One track, as `media_info.json` describes it. */
export interface MediaInfoTrack {
  readonly content: string;
  readonly codec: string;
  /** `v1`, `a2`, `t1`…: by kind and place. */
  readonly track_id: string;
  readonly lang?: string;
  /** In words. */
  readonly title?: string;
}

export interface MediaInfo {
  /** Something is coming in. */
  readonly running: boolean;
  /** The server's clock, UTC, milliseconds. */
  readonly now: number;
  readonly streams: readonly MediaInfoTrack[];
}

const LETTERS: Readonly<Record<string, string>> = { video: "v", audio: "a", subtitle: "t" };

/** What players have to know of a stream; nothing is known of one that does not run. */
export function mediaInfoOf(info: StreamInfo | undefined, nowMs: number): MediaInfo {
  const counts = new Map<string, number>();
  const streams = (info?.tracks ?? []).map(({ kind, codec, language, text }) => {
    const letter = LETTERS[kind] ?? "d";
    const place = (counts.get(letter) ?? 0) + 1;
    counts.set(letter, place);
    return {
      content: kind,
      codec,
      track_id: `${letter}${place}`,
      ...(language === undefined ? {} : { lang: language }),
      ...(text === undefined ? {} : { title: text }),
    };
  });
  return { running: info?.running === true && info.bitrate > 0, now: nowMs, streams };
}

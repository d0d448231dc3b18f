/** One answer to one GET, as it was seen from outside. */
export interface Fetch {
  readonly url: string;
  /** When the request left and when the body had arrived; milliseconds on one clock. */
  readonly sentMs: number;
  readonly doneMs: number;
  /** HTTP status. */
  readonly status: number;
  /** Content-Type, as sent. */
  readonly contentType?: string;
  readonly bytes: Uint8Array;
}

/** One Media Playlist, fetched again and again, in order of time. */
export interface ObservedPlaylist {
  readonly url: string;
  readonly reloads: readonly Fetch[];
}

/** All that was seen of one presentation. */
export interface Observation {
  readonly multivariant?: Fetch;
  readonly playlists: readonly ObservedPlaylist[];
  /** Segments, in order of time; some more than once. */
  readonly segments: readonly Fetch[];
}

/** `must`: players may fail. `should`: recommended by the standard or by practice. */
export type Level = "must" | "should";

/** One breach of one rule. */
export interface Violation {
  readonly rule: string;
  /** Where the rule stands: `RFC 8216 §4.3.3.1`. */
  readonly clause: string;
  readonly level: Level;
  /** A URL or the line that is meant. */
  readonly where: string;
  readonly message: string;
  /** How often the very same was found (a segment stays in the window over many reloads). */
  readonly times: number;
}

/** Takes one finding of the rule being checked. */
export type Report = (where: string, message: string) => void;

/** What every linter says of a rule. */
export interface RuleBase {
  /** `group.word`. */
  readonly id: string;
  readonly clause: string;
  readonly level: Level;
  /** What the rule asks for, in one line. */
  readonly doc: string;
}

/** A rule and what it looks at. */
export type Rule = RuleBase &
  (
    | { readonly on: "text"; readonly check: (playlist: PlaylistView, report: Report) => void }
    | { readonly on: "media"; readonly check: (playlist: PlaylistView, report: Report) => void }
    | { readonly on: "multivariant"; readonly check: (playlist: PlaylistView, report: Report) => void }
    | {
        readonly on: "reload";
        readonly check: (before: PlaylistView, after: PlaylistView, report: Report) => void;
      }
    | { readonly on: "stream"; readonly check: (stream: StreamView, report: Report) => void }
    | { readonly on: "segment"; readonly check: (segment: SegmentView, report: Report) => void }
    | {
        readonly on: "follow";
        readonly check: (before: SegmentView, after: SegmentView, report: Report) => void;
      }
    | { readonly on: "all"; readonly check: (view: PresentationView, report: Report) => void }
  );

/** One line of a playlist, classified (RFC 8216 §4.1). */
export interface Line {
  /** From 1. */
  readonly number: number;
  readonly text: string;
  readonly kind: "tag" | "comment" | "uri" | "blank";
  /** `EXT-X-KEY`; empty for all but tags. */
  readonly tag: string;
  /** Behind the colon; undefined for a tag without one. */
  readonly value: string | undefined;
}

/** A segment of a playlist, with the tags that apply to it. */
export interface ListedSegment {
  readonly uri: string;
  /** Against the playlist's own URL; undefined where that fails. */
  readonly url: string | undefined;
  readonly line: Line;
  /** Lines since the segment before, tags only. */
  readonly tags: readonly Line[];
  readonly sequence: number;
  /** Discontinuity sequence number (RFC 8216 §6.2.2). */
  readonly discontinuity: number;
  /** Seconds; undefined where EXTINF is missing or unreadable. */
  readonly duration: number | undefined;
}

/** A playlist taken apart. */
export interface PlaylistView {
  readonly fetch: Fetch;
  readonly text: string;
  readonly lines: readonly Line[];
  readonly tags: ReadonlyMap<string, readonly Line[]>;
  readonly isMultivariant: boolean;
  /** Media Playlists only; empty otherwise. */
  readonly segments: readonly ListedSegment[];
  /** Tags behind the last segment. */
  readonly trailing: readonly Line[];
  readonly targetDuration: number | undefined;
  readonly mediaSequence: number;
  readonly ended: boolean;
}

/** A Media Playlist over time; reloads that answered with 200 only. */
export interface StreamView {
  readonly url: string;
  readonly reloads: readonly PlaylistView[];
  /** Every answer, failed ones too. */
  readonly fetches: readonly Fetch[];
  /** Of the presentation. */
  readonly segmentFetches: ReadonlyMap<string, readonly Fetch[]>;
  /** What was got of it, in order of sequence number. */
  readonly segments: readonly SegmentView[];
}

/** One elementary stream within one segment. Times are 90 kHz ticks, relative to nothing, unwrapped in the segment. */
export interface StreamOfSegment {
  readonly pid: number;
  readonly streamType: number;
  readonly kind: "video" | "audio" | "other";
  readonly firstPts: number | undefined;
  readonly minPts: number;
  readonly maxPts: number;
  readonly firstDts: number | undefined;
  readonly lastDts: number;
  /** PES packets with a time stamp. */
  readonly units: number;
  /** Whether the first PES packet has a key frame; undefined where the codec is not looked into. */
  readonly startsWithKey: boolean | undefined;
}

/** What a TS segment's bytes say. */
export interface SegmentMedia {
  readonly packets: number;
  /** Bytes that are no whole packet with a sync byte; -1 when there are none. */
  readonly brokenAt: number;
  readonly patAt: number;
  readonly pmtAt: number;
  /** First packet of an elementary stream. */
  readonly mediaAt: number;
  readonly programs: number;
  readonly streams: readonly StreamOfSegment[];
  /** PIDs whose continuity counter jumps within the segment. */
  readonly brokenPids: readonly number[];
  /** Continuity counter of the first and of the last packet of each PID; the first may be excused. */
  readonly continuity: ReadonlyMap<number, PidContinuity>;
}

export interface PidContinuity {
  readonly first: number;
  readonly firstHasPayload: boolean;
  /** discontinuity_indicator on the first packet. */
  readonly excused: boolean;
  readonly last: number;
  /** The last packet repeats the one before it: it must not be repeated again. */
  readonly duplicated: boolean;
  readonly firstPacket: Uint8Array;
  /** The second packet repeats the first. */
  readonly firstRepeated: boolean;
  readonly lastPacket: Uint8Array;
}

/** A segment that was listed and got. */
export interface SegmentView {
  readonly listed: ListedSegment;
  /** The playlist that listed it first. */
  readonly playlist: PlaylistView;
  readonly fetch: Fetch;
  readonly media: SegmentMedia;
}

export interface PresentationView {
  readonly multivariant: PlaylistView | undefined;
  readonly streams: readonly StreamView[];
}

import type { Fetch, Report, RuleBase } from "../hls-linter/model.ts";

/** One Media Playlist, asked for again and again, with and without delivery directives; in order of time. */
export interface ObservedStream {
  /** Without a query. */
  readonly url: string;
  readonly answers: readonly Fetch[];
}

/** All that was seen of one low-latency presentation. */
export interface LowLatencyObservation {
  readonly streams: readonly ObservedStream[];
  /** Parts that were fetched. */
  readonly parts: readonly Fetch[];
}

/** EXT-X-PART as it stands in the text. */
export interface PartView {
  readonly attributes: ReadonlyMap<string, string>;
  /** What of the attribute list follows no grammar. */
  readonly rubbish: string;
  readonly uri: string;
  readonly url: string | undefined;
  /** Seconds; undefined where missing or unreadable. */
  readonly duration: number | undefined;
  readonly independent: boolean;
  readonly gap: boolean;
  readonly line: number;
}

/** A segment, or what there is of the one that is not complete. */
export interface ParentView {
  /** Media Sequence Number. */
  readonly sequence: number;
  readonly complete: boolean;
  readonly uri: string;
  /** EXTINF, seconds. */
  readonly duration: number | undefined;
  readonly parts: readonly PartView[];
  /** Names of its tags in order, parts among them. */
  readonly tags: readonly string[];
}

/** What was asked with `_HLS_…`; undefined where it was not. */
export interface Asked {
  readonly msn: number | undefined;
  readonly part: number | undefined;
  readonly skip: string | undefined;
}

/** A playlist taken apart, by a reader of its own. */
export interface AnswerView {
  readonly fetch: Fetch;
  readonly asked: Asked;
  readonly version: number;
  readonly targetDuration: number | undefined;
  readonly partTarget: number | undefined;
  readonly hasPartInf: boolean;
  readonly control: ReadonlyMap<string, string> | undefined;
  /** EXT-X-SKIP. */
  readonly skip: ReadonlyMap<string, string> | undefined;
  readonly skipped: number;
  /** Ids of EXT-X-DATERANGE. */
  readonly dateRanges: readonly string[];
  readonly parents: readonly ParentView[];
  readonly hints: readonly ReadonlyMap<string, string>[];
  readonly reports: readonly ReadonlyMap<string, string>[];
  readonly independentSegments: boolean;
  readonly ended: boolean;
  readonly text: string;
}

/** A Media Playlist over time. */
export interface LowLatencyStream {
  readonly url: string;
  /** Those with status 200. */
  readonly answers: readonly AnswerView[];
  readonly fetches: readonly Fetch[];
}

export interface LowLatencyView {
  readonly streams: readonly LowLatencyStream[];
  readonly partFetches: ReadonlyMap<string, readonly Fetch[]>;
}

/** A rule and what it looks at. */
export type LowLatencyRule = RuleBase &
  (
    | { readonly on: "answer"; readonly check: (answer: AnswerView, report: Report) => void }
    | {
        readonly on: "reload";
        readonly check: (before: AnswerView, after: AnswerView, report: Report) => void;
      }
    | { readonly on: "stream"; readonly check: (stream: LowLatencyStream, report: Report) => void }
    | { readonly on: "all"; readonly check: (view: LowLatencyView, report: Report) => void }
  );

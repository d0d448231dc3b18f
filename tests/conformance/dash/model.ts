import type { Fetch, Report, RuleBase } from "../hls-linter/model.ts";

/** An element of the MPD, as a reader that is not ours gives it. */
export interface Element {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly Element[];
  readonly text: string;
}

/** A Representation with the elements around it. */
export interface RepresentationView {
  readonly period: Element;
  readonly set: Element;
  readonly element: Element;
  /** How reports name it. */
  readonly where: string;
  /** `video`, `audio`, `text`…, from contentType, mimeType or codecs. */
  readonly kind: string;
  /** SegmentTemplate with what it inherits; undefined where there is none. */
  readonly template: TemplateView | undefined;
}

export interface TemplateView {
  readonly attributes: ReadonlyMap<string, string>;
  readonly timeline: readonly TimelineSegment[] | undefined;
}

/** One segment of a SegmentTimeline; ticks. A negative repeat counts once. */
export interface TimelineSegment {
  readonly start: number;
  readonly duration: number;
  readonly number: number;
}

/** One version of an MPD. */
export interface MpdView {
  readonly fetch: Fetch;
  readonly text: string;
  readonly root: Element;
  readonly isDynamic: boolean;
  readonly periods: readonly Element[];
  readonly representations: readonly RepresentationView[];
}

/** A rule and what it looks at. */
export type DashRule = RuleBase &
  (
    | { readonly on: "mpd"; readonly check: (mpd: MpdView, report: Report) => void }
    | {
        readonly on: "representation";
        readonly check: (representation: RepresentationView, report: Report, mpd: MpdView) => void;
      }
    | { readonly on: "update"; readonly check: (before: MpdView, after: MpdView, report: Report) => void }
  );

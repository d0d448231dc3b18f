import type { Fetch, Report, RuleBase } from "../hls-linter/model.ts";

export type Attributes = ReadonlyMap<string, string>;

/** A fragment as the manifest tells of it; in units of the manifest's TimeScale. */
export interface Chunk {
  readonly start: number;
  readonly duration: number;
}

/** A StreamIndex. */
export interface SmoothStreamView {
  readonly attributes: Attributes;
  readonly levels: readonly Attributes[];
  readonly chunks: readonly Chunk[];
}

/** A client manifest taken apart. */
export interface SmoothManifestView {
  readonly fetch: Fetch;
  readonly root: Attributes;
  readonly streams: readonly SmoothStreamView[];
}

/** A fragment that a manifest listed, as it was answered. */
export interface SmoothFragmentFetch extends Fetch {
  /** Name of its StreamIndex. */
  readonly stream: string;
  readonly chunk: Chunk;
}

/** Versions of a manifest in order of time, and fragments that they listed. */
export interface SmoothObservation {
  readonly manifests: readonly Fetch[];
  readonly fragments: readonly SmoothFragmentFetch[];
}

export type SmoothRule = RuleBase &
  (
    | { readonly on: "manifest"; readonly check: (manifest: SmoothManifestView, report: Report) => void }
    | {
        readonly on: "update";
        readonly check: (before: SmoothManifestView, after: SmoothManifestView, report: Report) => void;
      }
    | { readonly on: "fragment"; readonly check: (fragment: SmoothFragmentFetch, report: Report) => void }
  );

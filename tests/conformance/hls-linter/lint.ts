import { findingsOf } from "../kit/findings.ts";
import type {
  Fetch,
  Observation,
  ObservedPlaylist,
  PresentationView,
  Report,
  Rule,
  SegmentView,
  StreamView,
  Violation,
} from "./model.ts";
import { rules } from "./rules/index.ts";
import { scanPlaylist } from "./scan.ts";
import { readSegment } from "./ts-segment.ts";

export interface LintOptions {
  /** Ids of rules that are not checked. */
  readonly ignore?: readonly string[];
}

/**
 * Checks live HLS with TS segments against RFC 8216. Pure: it sees only what was fetched, and when. Violations come in
 * the order of the rules; the same one found again is counted, not repeated.
 */
export function lintObservation(observation: Observation, options: LintOptions = {}): Violation[] {
  const view = viewOf(observation);
  return rules
    .filter((rule) => options.ignore?.includes(rule.id) !== true)
    .flatMap((rule) => findingsOf(rule, (report) => apply(rule, view, report)));
}

function apply(rule: Rule, view: PresentationView, report: Report): void {
  const { multivariant, streams } = view;
  if (rule.on === "all") rule.check(view, report);
  if (multivariant !== undefined && (rule.on === "text" || rule.on === "multivariant"))
    rule.check(multivariant, report);
  for (const stream of streams) {
    if (rule.on === "stream") rule.check(stream, report);
    for (const [i, playlist] of stream.reloads.entries()) {
      const before = stream.reloads[i - 1];
      if (rule.on === "reload" && before !== undefined) rule.check(before, playlist, report);
      const isSame = before !== undefined && before.text === playlist.text;
      if ((rule.on === "text" || rule.on === "media") && !isSame) rule.check(playlist, report);
    }
    for (const [i, segment] of stream.segments.entries()) {
      if (rule.on === "segment") rule.check(segment, report);
      const before = stream.segments[i - 1];
      const follows = before !== undefined && before.listed.sequence + 1 === segment.listed.sequence;
      if (rule.on === "follow" && follows) rule.check(before, segment, report);
    }
  }
}

function viewOf(observation: Observation): PresentationView {
  const segmentFetches = new Map<string, Fetch[]>();
  for (const fetch of observation.segments) {
    const same = segmentFetches.get(fetch.url);
    if (same === undefined) segmentFetches.set(fetch.url, [fetch]);
    else same.push(fetch);
  }
  return {
    multivariant: observation.multivariant && scanPlaylist(observation.multivariant),
    streams: observation.playlists.map((playlist) => streamOf(playlist, segmentFetches)),
  };
}

function streamOf(
  playlist: ObservedPlaylist,
  segmentFetches: ReadonlyMap<string, readonly Fetch[]>,
): StreamView {
  const reloads = playlist.reloads.filter((fetch) => fetch.status === 200).map(scanPlaylist);
  const segments = new Map<string, SegmentView>();
  for (const reload of reloads)
    for (const listed of reload.segments) {
      const fetch = segmentFetches.get(listed.url ?? "")?.find((one) => one.status === 200);
      const key = `${listed.sequence} ${listed.url}`;
      if (fetch === undefined || segments.has(key)) continue;
      segments.set(key, { listed, playlist: reload, fetch, media: readSegment(fetch.bytes) });
    }
  const inOrder = [...segments.values()].sort((a, b) => a.listed.sequence - b.listed.sequence);
  return { url: playlist.url, reloads, fetches: playlist.reloads, segmentFetches, segments: inOrder };
}

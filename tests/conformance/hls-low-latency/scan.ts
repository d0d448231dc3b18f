import { readAttributeList } from "../hls-linter/attribute-list.ts";
import type { Fetch, Line } from "../hls-linter/model.ts";
import { scanPlaylist } from "../hls-linter/scan.ts";
import type { AnswerView, Asked, ParentView, PartView } from "./model.ts";

/** Takes an answer apart; without `@millrace/playlist`, whose mistakes must not be forgiven here. */
export function scanAnswer(fetch: Fetch): AnswerView {
  const playlist = scanPlaylist(fetch);
  const listOf = (tag: string) => (playlist.tags.get(tag) ?? []).map((line) => attributesOf(line));
  const skip = listOf("EXT-X-SKIP")[0];
  const skipped = Number(skip?.get("SKIPPED-SEGMENTS") ?? 0);
  const partInf = listOf("EXT-X-PART-INF")[0];
  const complete = playlist.segments.map(
    (segment): ParentView => ({
      sequence: segment.sequence + skipped,
      complete: true,
      uri: segment.uri,
      duration: segment.duration,
      parts: partsOf(segment.tags, fetch.url),
      tags: segment.tags.map((line) => line.tag),
    }),
  );
  const pending: ParentView = {
    sequence: playlist.mediaSequence + skipped + playlist.segments.length,
    complete: false,
    uri: "",
    duration: undefined,
    parts: partsOf(playlist.trailing, fetch.url),
    tags: playlist.trailing.map((line) => line.tag),
  };
  return {
    fetch,
    asked: askedOf(fetch.url),
    version: Number(playlist.tags.get("EXT-X-VERSION")?.[0]?.value ?? 1),
    targetDuration: playlist.targetDuration,
    partTarget: numberOf(partInf?.get("PART-TARGET")),
    hasPartInf: partInf !== undefined,
    control: listOf("EXT-X-SERVER-CONTROL")[0],
    skip,
    skipped,
    dateRanges: listOf("EXT-X-DATERANGE").map((range) => range.get("ID") ?? ""),
    parents: [...complete, pending],
    hints: listOf("EXT-X-PRELOAD-HINT"),
    reports: listOf("EXT-X-RENDITION-REPORT"),
    independentSegments: playlist.tags.has("EXT-X-INDEPENDENT-SEGMENTS"),
    ended: playlist.ended,
    text: playlist.text,
  };
}

/** A decimal number, as the draft writes them. */
export function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+(?:\.\d+)?$|^\.\d+$/.test(text) ? Number(text) : undefined;
}

function attributesOf(line: Line): Map<string, string> {
  return new Map(readAttributeList(line.value ?? "").attributes.map((one) => [one.name, one.value]));
}

function partsOf(tags: readonly Line[], base: string): PartView[] {
  return tags
    .filter((line) => line.tag === "EXT-X-PART")
    .map((line) => {
      const attributes = attributesOf(line);
      const uri = attributes.get("URI") ?? "";
      return {
        attributes,
        rubbish: readAttributeList(line.value ?? "").rubbish,
        uri,
        url: uri === "" ? undefined : URL.parse(uri, base)?.href,
        duration: numberOf(attributes.get("DURATION")),
        independent: attributes.get("INDEPENDENT") === "YES",
        gap: attributes.get("GAP") === "YES",
        line: line.number,
      };
    });
}

/** The delivery directives of a request. */
export function askedOf(url: string): Asked {
  const query = URL.parse(url)?.searchParams;
  const integer = (name: string) => {
    const text = query?.get(name) ?? "";
    return /^\d+$/.test(text) ? Number(text) : undefined;
  };
  return { msn: integer("_HLS_msn"), part: integer("_HLS_part"), skip: query?.get("_HLS_skip") ?? undefined };
}

/** Seconds that a segment lasts, or as much as there is of it. */
export function lengthOf(parent: ParentView): number {
  if (parent.complete) return parent.duration ?? 0;
  return parent.parts.reduce((sum, part) => sum + (part.duration ?? 0), 0);
}

/** How far it reaches: the last segment that has anything, and how many parts of it there are. */
export function edgeOf({ parents }: AnswerView): { sequence: number; parts: number; complete: boolean } {
  const last = parents.findLast((parent) => parent.complete || parent.parts.length > 0);
  return {
    sequence: last?.sequence ?? -1,
    parts: last?.parts.length ?? 0,
    complete: last?.complete ?? true,
  };
}

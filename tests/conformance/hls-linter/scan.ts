import type { Fetch, Line, ListedSegment, PlaylistView } from "./model.ts";

/** Written anew on purpose, without `@millrace/playlist`: a reader must not forgive what the writer gets wrong. */

const MULTIVARIANT =
  /^EXT-X-(STREAM-INF|I-FRAME-STREAM-INF|MEDIA|SESSION-DATA|SESSION-KEY|CONTENT-STEERING)$/;

export function scanPlaylist(fetch: Fetch): PlaylistView {
  const text = new TextDecoder("utf-8", { ignoreBOM: false }).decode(fetch.bytes);
  const lines = text.split(/\r\n|\n|\r/).map(scanLine);
  if (lines.at(-1)?.text === "") lines.pop();
  const tags = new Map<string, Line[]>();
  for (const line of lines) {
    if (line.kind !== "tag") continue;
    const same = tags.get(line.tag);
    if (same === undefined) tags.set(line.tag, [line]);
    else same.push(line);
  }
  const isMultivariant = [...tags.keys()].some((tag) => MULTIVARIANT.test(tag));
  const mediaSequence = integerOf(tags, "EXT-X-MEDIA-SEQUENCE") ?? 0;
  const counters = {
    sequence: mediaSequence,
    discontinuity: integerOf(tags, "EXT-X-DISCONTINUITY-SEQUENCE") ?? 0,
  };
  return {
    fetch,
    text,
    lines,
    tags,
    isMultivariant,
    ...(isMultivariant ? { segments: [], trailing: [] } : listSegments(lines, fetch.url, counters)),
    targetDuration: integerOf(tags, "EXT-X-TARGETDURATION"),
    mediaSequence,
    ended: tags.has("EXT-X-ENDLIST"),
  };
}

function scanLine(text: string, index: number): Line {
  const number = index + 1;
  if (text.trim() === "") return { number, text, kind: "blank", tag: "", value: undefined };
  if (!text.startsWith("#")) return { number, text, kind: "uri", tag: "", value: undefined };
  if (!text.startsWith("#EXT")) return { number, text, kind: "comment", tag: "", value: undefined };
  const colon = text.indexOf(":");
  const tag = text.slice(1, colon < 0 ? undefined : colon);
  return { number, text, kind: "tag", tag, value: colon < 0 ? undefined : text.slice(colon + 1) };
}

function integerOf(tags: ReadonlyMap<string, readonly Line[]>, tag: string): number | undefined {
  const value = tags.get(tag)?.[0]?.value;
  return value !== undefined && /^\d+$/.test(value) ? Number(value) : undefined;
}

function listSegments(
  lines: readonly Line[],
  base: string,
  counters: { sequence: number; discontinuity: number },
): { segments: ListedSegment[]; trailing: Line[] } {
  const segments: ListedSegment[] = [];
  let tags: Line[] = [];
  for (const line of lines) {
    if (line.kind === "tag") tags.push(line);
    if (line.kind !== "uri") continue;
    counters.discontinuity += tags.filter((one) => one.tag === "EXT-X-DISCONTINUITY").length;
    segments.push({
      uri: line.text,
      url: URL.parse(line.text, base)?.href,
      line,
      tags,
      sequence: counters.sequence++,
      discontinuity: counters.discontinuity,
      duration: durationOf(tags),
    });
    tags = [];
  }
  return { segments, trailing: tags };
}

function durationOf(tags: readonly Line[]): number | undefined {
  const match = /^(\d+(?:\.\d+)?),/.exec(tags.find((one) => one.tag === "EXTINF")?.value ?? "");
  return match === null ? undefined : Number(match[1]);
}

/** `{tag}` of a segment, if it has one. */
export function tagOf(segment: ListedSegment, tag: string): Line | undefined {
  return segment.tags.find((line) => line.tag === tag);
}

/** Seconds that a playlist lasts. */
export function lengthOf(playlist: PlaylistView): number {
  return playlist.segments.reduce((sum, segment) => sum + (segment.duration ?? 0), 0);
}

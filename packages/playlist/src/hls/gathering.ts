import { AttributeReader, parseAttributes } from "./attributes.ts";
import type { Define } from "./define.ts";
import type { Complain, PlaylistLine } from "./lines.ts";
import type { Part, PreloadHint, RenditionReport } from "./low-latency.ts";
import type {
  ByteRange,
  DateRange,
  MediaPlaylist,
  MediaSegment,
  SegmentKey,
  SegmentMap,
} from "./media-playlist.ts";

export type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** What the lines so far have said: the playlist, and the segment that is being gathered. */
export interface Gathering {
  readonly playlist: Writable<Omit<MediaPlaylist, "segments">>;
  readonly segments: MediaSegment[];
  /** Of the next segment, without its URI. */
  next: Partial<Writable<MediaSegment>>;
  /** Of the next segment: unknown tags, date ranges and parts. */
  tags: string[];
  dateRanges: DateRange[];
  parts: Part[];
  readonly headTags: string[];
  readonly defines: Define[];
  readonly preloadHints: PreloadHint[];
  readonly renditionReports: RenditionReport[];
  /** BYTERANGE of the next segment as written: its offset may have to come from the segment before. */
  range: string | undefined;
  /** In force; undefined in a delta update that has not said yet, because what said it was skipped. */
  keys: SegmentKey[] | undefined;
  map: SegmentMap | undefined;
  /** Where the segment before ended, for a BYTERANGE without an offset. */
  rangeEnd: { uri: string; offset: number } | undefined;
  hasTarget: boolean;
}

/** Takes one tag. */
export type TagReader = (into: Gathering, line: PlaylistLine, complain: Complain) => void;

export function startGathering(): Gathering {
  return {
    playlist: { targetDurationS: 0 },
    segments: [],
    next: {},
    tags: [],
    dateRanges: [],
    parts: [],
    headTags: [],
    defines: [],
    preloadHints: [],
    renditionReports: [],
    range: undefined,
    keys: [],
    map: undefined,
    rangeEnd: undefined,
    hasTarget: false,
  };
}

/** The tag's value as an attribute list. */
export function attributesOf(line: PlaylistLine, complain: Complain): AttributeReader {
  return new AttributeReader(parseAttributes(line.value, (message) => complain(line.line, message)));
}

/** `length[@offset]` (RFC 8216 §4.3.2.2); without an offset it begins where `before` ended in the same resource. */
export function readRange(text: string, uri: string, before: Gathering["rangeEnd"]): ByteRange | undefined {
  const match = /^(\d{1,15})(?:@(\d{1,15}))?$/.exec(text);
  if (match === null) return undefined;
  const length = Number(match[1]);
  if (match[2] !== undefined) return { length, offset: Number(match[2]) };
  return before?.uri === uri ? { length, offset: before.offset } : undefined;
}

/** What is left of the attributes, as a property to spread. */
export function extraOf(from: AttributeReader): { extra?: ReturnType<AttributeReader["rest"]> } {
  const extra = from.rest();
  return extra.length > 0 ? { extra } : {};
}

/** Without the undefined values, which `exactOptionalPropertyTypes` keeps apart from absent ones. */
export function pruned<T>(value: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as T;
}

import type { AttributeReader } from "./attributes.ts";
import { attributesOf, extraOf, pruned, readRange, type TagReader } from "./gathering.ts";
import type { Part, PreloadHint, RenditionReport, ServerControl } from "./low-latency.ts";
import type { ByteRange } from "./media-playlist.ts";

/** The tags of Low-Latency HLS (rfc8216bis §4.4.3.7, §4.4.3.8, §4.4.4.9, §4.4.5.2 to §4.4.5.4). */
export const LOW_LATENCY_READERS: Readonly<Record<string, TagReader>> = {
  "EXT-X-PART-INF": (into, line, complain) => {
    const target = attributesOf(line, complain).scaled("PART-TARGET", 1e6);
    if (target === undefined || target < 0) complain(line.line, "EXT-X-PART-INF without PART-TARGET");
    else into.playlist.partTargetUs = target;
  },
  "EXT-X-SERVER-CONTROL": (into, line, complain) => {
    const from = attributesOf(line, complain);
    const control = pruned<ServerControl>({
      canBlockReload: from.yes("CAN-BLOCK-RELOAD"),
      holdBackUs: from.scaled("HOLD-BACK", 1e6),
      partHoldBackUs: from.scaled("PART-HOLD-BACK", 1e6),
      canSkipUntilUs: from.scaled("CAN-SKIP-UNTIL", 1e6),
      canSkipDateRanges: from.yes("CAN-SKIP-DATERANGES"),
      extra: undefined,
    });
    into.playlist.serverControl = { ...control, ...extraOf(from) };
  },
  "EXT-X-SKIP": (into, line, complain) => {
    const from = attributesOf(line, complain);
    const segments = from.integer("SKIPPED-SEGMENTS");
    const removed = from.text("RECENTLY-REMOVED-DATERANGES");
    if (segments === undefined) {
      complain(line.line, "EXT-X-SKIP without SKIPPED-SEGMENTS");
      return;
    }
    if (into.playlist.skipped !== undefined) complain(line.line, "EXT-X-SKIP is given twice");
    // What is said behind the first segment cannot stand for the segments before it.
    if (into.segments.length > 0) {
      complain(line.line, "EXT-X-SKIP behind the first segment");
      return;
    }
    if (into.keys?.length === 0) into.keys = undefined;
    into.playlist.skipped = {
      segments,
      ...(removed === undefined ? {} : { removedDateRanges: removed === "" ? [] : removed.split("\t") }),
    };
  },
  "EXT-X-PART": (into, line, complain) => {
    const from = attributesOf(line, complain);
    const uri = from.text("URI");
    const durationUs = from.scaled("DURATION", 1e6);
    if (uri === undefined || durationUs === undefined || durationUs < 0) {
      complain(line.line, "EXT-X-PART without URI or DURATION");
      return;
    }
    const range = from.text("BYTERANGE");
    const byteRange = range === undefined ? undefined : partRange(range, uri, into.parts.at(-1));
    if (range !== undefined && byteRange === undefined)
      complain(line.line, `BYTERANGE "${range}" cannot be read`);
    const part = pruned<Part>({
      uri,
      durationUs,
      independent: yesOnly(from, "INDEPENDENT"),
      byteRange,
      gap: yesOnly(from, "GAP"),
      extra: undefined,
    });
    into.parts.push({ ...part, ...extraOf(from) });
  },
  "EXT-X-PRELOAD-HINT": (into, line, complain) => {
    const from = attributesOf(line, complain);
    const type = from.text("TYPE");
    const uri = from.text("URI");
    // One with another TYPE is to be ignored (rfc8216bis §6.3.8).
    if ((type !== "PART" && type !== "MAP") || uri === undefined) {
      complain(line.line, "EXT-X-PRELOAD-HINT without URI, or with a TYPE that is not known");
      return;
    }
    const hint = pruned<PreloadHint>({
      type,
      uri,
      byteRangeStart: from.integer("BYTERANGE-START"),
      byteRangeLength: from.integer("BYTERANGE-LENGTH"),
      extra: undefined,
    });
    into.preloadHints.push({ ...hint, ...extraOf(from) });
  },
  "EXT-X-RENDITION-REPORT": (into, line, complain) => {
    const from = attributesOf(line, complain);
    const uri = from.text("URI");
    if (uri === undefined) {
      complain(line.line, "EXT-X-RENDITION-REPORT without URI");
      return;
    }
    const report = pruned<RenditionReport>({
      uri,
      lastMsn: from.integer("LAST-MSN"),
      lastPart: from.integer("LAST-PART"),
      extra: undefined,
    });
    into.renditionReports.push({ ...report, ...extraOf(from) });
  },
};

function yesOnly(from: AttributeReader, name: string): true | undefined {
  return from.yes(name) === true ? true : undefined;
}

/** Without an offset a part begins where the part before ended; the first of a segment, at the resource's beginning. */
function partRange(text: string, uri: string, before: Part | undefined): ByteRange | undefined {
  if (before === undefined) return readRange(text, uri, { uri, offset: 0 });
  const range = before.byteRange;
  return readRange(text, uri, range && { uri: before.uri, offset: range.offset + range.length });
}

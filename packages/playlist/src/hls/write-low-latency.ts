import { PlaylistError } from "../errors.ts";
import { AttributeWriter } from "./attributes.ts";
import type { Part, PreloadHint, RenditionReport, ServerControl, Skipped } from "./low-latency.ts";
import { rangeText } from "./write-values.ts";

const SECONDS = { scale: 1e6, least: 3 };

export function serverControlLine(control: ServerControl): string {
  const list = new AttributeWriter()
    .yesNo("CAN-BLOCK-RELOAD", control.canBlockReload)
    .scaled("CAN-SKIP-UNTIL", control.canSkipUntilUs, SECONDS)
    .yesNo("CAN-SKIP-DATERANGES", control.canSkipDateRanges)
    .scaled("HOLD-BACK", control.holdBackUs, SECONDS)
    .scaled("PART-HOLD-BACK", control.partHoldBackUs, SECONDS)
    .all(control.extra);
  return `#EXT-X-SERVER-CONTROL:${list}`;
}

export function partInfLine(partTargetUs: number): string {
  return `#EXT-X-PART-INF:${new AttributeWriter().scaled("PART-TARGET", partTargetUs, SECONDS)}`;
}

export function skipLine({ segments, removedDateRanges }: Skipped): string {
  if (removedDateRanges?.some((id) => id.includes("\t")) === true)
    throw new PlaylistError("playlist.bad-value", "a tab within the id of a date range");
  const list = new AttributeWriter()
    .integer("SKIPPED-SEGMENTS", segments)
    .quoted("RECENTLY-REMOVED-DATERANGES", removedDateRanges?.join("\t"));
  return `#EXT-X-SKIP:${list}`;
}

export function partLine(part: Part): string {
  if (part.durationUs < 0) throw new PlaylistError("playlist.bad-value", `duration of ${part.durationUs} µs`);
  const list = new AttributeWriter()
    .scaled("DURATION", part.durationUs, SECONDS)
    .quoted("URI", part.uri)
    .quoted("BYTERANGE", part.byteRange && rangeText(part.byteRange))
    .bare("INDEPENDENT", part.independent === true ? "YES" : undefined)
    .bare("GAP", part.gap === true ? "YES" : undefined)
    .all(part.extra);
  return `#EXT-X-PART:${list}`;
}

export function preloadHintLine(hint: PreloadHint): string {
  const list = new AttributeWriter()
    .bare("TYPE", hint.type)
    .quoted("URI", hint.uri)
    .integer("BYTERANGE-START", hint.byteRangeStart)
    .integer("BYTERANGE-LENGTH", hint.byteRangeLength)
    .all(hint.extra);
  return `#EXT-X-PRELOAD-HINT:${list}`;
}

export function renditionReportLine(report: RenditionReport): string {
  const list = new AttributeWriter()
    .quoted("URI", report.uri)
    .integer("LAST-MSN", report.lastMsn)
    .integer("LAST-PART", report.lastPart)
    .all(report.extra);
  return `#EXT-X-RENDITION-REPORT:${list}`;
}

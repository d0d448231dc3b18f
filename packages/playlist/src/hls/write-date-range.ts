import { AttributeWriter } from "./attributes.ts";
import { formatDateTime } from "./date-time.ts";
import type { DateRange } from "./media-playlist.ts";

const MICRO = { scale: 1e6 };

/** EXT-X-DATERANGE as a line (RFC 8216 §4.3.2.7). */
export function dateRangeLine(range: DateRange): string {
  const list = new AttributeWriter()
    .quoted("ID", range.id)
    .quoted("CLASS", range.class)
    .quoted("START-DATE", range.startDateMs === undefined ? undefined : formatDateTime(range.startDateMs))
    .quoted("CUE", range.cue?.join(","))
    .quoted("END-DATE", range.endDateMs === undefined ? undefined : formatDateTime(range.endDateMs))
    .scaled("DURATION", range.durationUs, MICRO)
    .scaled("PLANNED-DURATION", range.plannedDurationUs, MICRO)
    .bare("SCTE35-CMD", range.scte35Cmd)
    .bare("SCTE35-OUT", range.scte35Out)
    .bare("SCTE35-IN", range.scte35In)
    .bare("END-ON-NEXT", range.endOnNext === true ? "YES" : undefined)
    .all(range.extra);
  return `#EXT-X-DATERANGE:${list}`;
}

export function pushDateRanges(lines: string[], ranges: readonly DateRange[] | undefined): void {
  for (const range of ranges ?? []) lines.push(dateRangeLine(range));
}

import type { PlaylistView, Report, Rule } from "../model.ts";
import { tagOf } from "../scan.ts";

const DATE = "EXT-X-PROGRAM-DATE-TIME";
/** How far the dates may be from the sum of the durations: decimals are rounded, clocks drift. Milliseconds. */
const SLACK_MS = 100;
const DRIFT = 0.001;

export const dateTimeRules: readonly Rule[] = [
  {
    id: "date.format",
    clause: "RFC 8216 §4.3.2.6",
    level: "must",
    doc: "EXT-X-PROGRAM-DATE-TIME is an ISO 8601 date with time, zone and milliseconds.",
    on: "media",
    check({ tags }, report) {
      const form = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,}(Z|[+-]\d\d:?\d\d)$/;
      for (const { text, value = "" } of tags.get(DATE) ?? [])
        if (!form.test(value) || Number.isNaN(Date.parse(value))) report(`"${text}"`, "no such date");
    },
  },
  {
    id: "date.sum",
    clause: "RFC 8216 §4.3.2.6, §6.2.1",
    level: "must",
    doc: "Between two dates without a discontinuity lies the sum of the durations.",
    on: "media",
    check: checkSum,
  },
  {
    id: "date.stays",
    clause: "RFC 8216 §6.2.1",
    level: "must",
    doc: "A segment keeps its date.",
    on: "reload",
    check(before, after, report) {
      for (const segment of after.segments) {
        const old = before.segments.find((one) => one.uri === segment.uri);
        const [was, is] = [old && tagOf(old, DATE)?.value, tagOf(segment, DATE)?.value];
        const movedMs = Math.abs(Date.parse(is ?? "") - Date.parse(was ?? ""));
        if (movedMs > 0) report(`"${segment.uri}"`, `${was} became ${is}`);
      }
    },
  },
];

function checkSum({ segments }: PlaylistView, report: Report): void {
  let expected: number | undefined;
  let sinceMs = 0;
  for (const segment of segments) {
    const value = tagOf(segment, DATE)?.value;
    const date = value === undefined ? Number.NaN : Date.parse(value);
    if (tagOf(segment, "EXT-X-DISCONTINUITY") !== undefined) expected = undefined;
    if (!Number.isNaN(date)) {
      const offMs = expected === undefined ? 0 : date - expected;
      if (Math.abs(offMs) > SLACK_MS + sinceMs * DRIFT)
        report(`"${segment.uri}"`, `its date is ${offMs.toFixed(0)} ms off the durations before it`);
      expected = date;
      sinceMs = 0;
    }
    const ms = (segment.duration ?? 0) * 1000;
    sinceMs += ms;
    if (expected !== undefined) expected += ms;
  }
}

import type { DashRule, MpdView, TimelineSegment } from "../model.ts";
import { secondsOf } from "../scan.ts";

/** What may change from one version to the next (ISO/IEC 23009-1 §5.4). */
export const updateRules: readonly DashRule[] = [
  {
    id: "update.publish-time",
    clause: "ISO/IEC 23009-1 §5.4.1",
    level: "must",
    doc: "A version that differs has a later publishTime; the same publishTime means the same MPD.",
    on: "update",
    check(before, after, report) {
      const [old, now] = [before, after].map((one) =>
        Date.parse(one.root.attributes.get("publishTime") ?? ""),
      );
      if (old === undefined || now === undefined) return;
      if (now < old) report(after.fetch.url, "publishTime goes back");
      if (now === old && before.text !== after.text)
        report(after.fetch.url, "it changed, publishTime did not");
    },
  },
  {
    id: "update.zero",
    clause: "ISO/IEC 23009-1 §5.4.1",
    level: "must",
    doc: "availabilityStartTime and the id of the MPD never change.",
    on: "update",
    check(before, after, report) {
      for (const name of ["availabilityStartTime", "id"])
        if (before.root.attributes.get(name) !== after.root.attributes.get(name))
          report(after.fetch.url, `${name} changed`);
    },
  },
  {
    id: "update.ended",
    clause: "ISO/IEC 23009-1 §5.4.1",
    level: "must",
    doc: "A static MPD does not become dynamic.",
    on: "update",
    check(before, after, report) {
      if (!before.isDynamic && after.isDynamic) report(after.fetch.url, "it is live again");
    },
  },
  {
    id: "update.periods",
    clause: "ISO/IEC 23009-1 §5.4.1",
    level: "must",
    doc: "A period keeps its start, and no period comes in before one that is there.",
    on: "update",
    check(before, after, report) {
      const known = new Map(before.periods.map((one) => [one.attributes.get("id"), one]));
      for (const period of after.periods) {
        const old = known.get(period.attributes.get("id"));
        const start = secondsOf(period.attributes.get("start"));
        if (old !== undefined && secondsOf(old.attributes.get("start")) !== start)
          report(`Period "${period.attributes.get("id")}"`, "its start changed");
      }
      const order = after.periods.map((one) => known.has(one.attributes.get("id")));
      if (order.lastIndexOf(true) > order.indexOf(false) && order.includes(false))
        report(after.fetch.url, "a new period before an old one");
    },
  },
  {
    id: "update.timeline",
    clause: "ISO/IEC 23009-1 §5.4.1, §5.3.9.6",
    level: "must",
    doc: "A segment of a timeline keeps its time, its duration and its number.",
    on: "update",
    check(before, after, report) {
      for (const { where, old, now } of timelinesOf(before, after)) {
        const known = new Map(old.map((one) => [one.start, one]));
        const end = (old.at(-1)?.start ?? 0) + (old.at(-1)?.duration ?? 0);
        for (const { start, duration, number } of now) {
          const same = known.get(start);
          if (same === undefined ? start < end && start >= (old[0]?.start ?? 0) : same.duration !== duration)
            report(where, `the segment at ${start} changed`);
          else if (same !== undefined && same.number !== number)
            report(where, `the segment at ${start} was number ${same.number}, now it is ${number}`);
        }
      }
    },
  },
  {
    id: "update.window",
    clause: "ISO/IEC 23009-1 §5.3.1.2, §5.4.1",
    level: "must",
    doc: "A timeline does not lose segments within timeShiftBufferDepth, nor at its end.",
    on: "update",
    check(before, after, report) {
      const depth = secondsOf(after.root.attributes.get("timeShiftBufferDepth")) ?? Number.POSITIVE_INFINITY;
      for (const { where, old, now, timescale } of timelinesOf(before, after)) {
        const first = now[0]?.start ?? 0;
        const last = now.at(-1);
        const end = last === undefined ? 0 : last.start + last.duration;
        const oldLast = old.at(-1);
        if (oldLast !== undefined && end < oldLast.start + oldLast.duration)
          report(where, "it has become shorter");
        const lost = old.filter(
          (one) => one.start < first && one.start + one.duration > end - depth * timescale,
        );
        if (lost.length > 0) report(where, `${lost.length} segments are gone too early`);
      }
    },
  },
  {
    id: "update.representations",
    clause: "ISO/IEC 23009-1 §5.4.1",
    level: "must",
    doc: "A period keeps its representations, with what clients chose them by.",
    on: "update",
    check(before, after, report) {
      const periods = new Set(after.periods.map((one) => one.attributes.get("id")));
      const now = new Map(after.representations.map((one) => [keyOf(one), one]));
      for (const old of before.representations) {
        if (!periods.has(old.period.attributes.get("id"))) continue;
        const same = now.get(keyOf(old));
        const changed = ["codecs", "bandwidth", "mimeType", "width", "height"].filter(
          (name) => old.element.attributes.get(name) !== same?.element.attributes.get(name),
        );
        if (same === undefined) report(old.where, "is gone");
        else if (changed.length > 0) report(old.where, `${changed.join()} changed`);
      }
    },
  },
];

function keyOf({ period, element }: MpdView["representations"][0]): string {
  return `${period.attributes.get("id")} ${element.attributes.get("id")}`;
}

interface TimelinePair {
  readonly where: string;
  readonly old: readonly TimelineSegment[];
  readonly now: readonly TimelineSegment[];
  /** Ticks a second. */
  readonly timescale: number;
}

/** Timelines of the same representation before and after. */
function timelinesOf(before: MpdView, after: MpdView): TimelinePair[] {
  const known = new Map(before.representations.map((one) => [keyOf(one), one]));
  return after.representations.flatMap((one) => {
    const old = known.get(keyOf(one))?.template?.timeline;
    const now = one.template?.timeline;
    if (old === undefined || now === undefined) return [];
    return [
      { where: one.where, old, now, timescale: Number(one.template?.attributes.get("timescale") ?? 1) },
    ];
  });
}

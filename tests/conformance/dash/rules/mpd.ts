import type { DashRule, Element } from "../model.ts";
import { childrenOf, secondsOf, within } from "../scan.ts";

const DURATIONS =
  /^(mediaPresentationDuration|minimumUpdatePeriod|minBufferTime|timeShiftBufferDepth|suggestedPresentationDelay|maxSegmentDuration|maxSubsegmentDuration)$/;
const DATES = /^(availabilityStartTime|availabilityEndTime|publishTime)$/;
const DATE = /^-?\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?$/;

/** Order of the children in the schema (ISO/IEC 23009-1 annex B), of the elements whose order clients rely on. */
const ORDERS: Readonly<Record<string, readonly string[]>> = {
  MPD: [
    "ProgramInformation",
    "BaseURL",
    "Location",
    "PatchLocation",
    "ServiceDescription",
    "Period",
    "EssentialProperty",
    "SupplementalProperty",
    "UTCTiming",
  ],
  Period: [
    "BaseURL",
    "SegmentBase",
    "SegmentList",
    "SegmentTemplate",
    "AssetIdentifier",
    "EventStream",
    "AdaptationSet",
    "SupplementalProperty",
  ],
  AdaptationSet: [
    "FramePacking",
    "AudioChannelConfiguration",
    "ContentProtection",
    "EssentialProperty",
    "SupplementalProperty",
    "InbandEventStream",
    "Label",
    "ProducerReferenceTime",
    "Resync",
    "Accessibility",
    "Role",
    "Rating",
    "Viewpoint",
    "BaseURL",
    "SegmentBase",
    "SegmentList",
    "SegmentTemplate",
    "Representation",
  ],
};

const CLOCKS = /^urn:mpeg:dash:utc:(ntp|sntp|http-head|http-xsdate|http-iso|http-ntp|direct):2014$/;

/** The MPD and its periods. */
export const mpdRules: readonly DashRule[] = [
  {
    id: "mpd.root",
    clause: "ISO/IEC 23009-1 §5.3.1.2",
    level: "must",
    doc: "The root is in the namespace of DASH and has profiles and minBufferTime.",
    on: "mpd",
    check({ root, fetch }, report) {
      const missing = ["profiles", "minBufferTime"].filter((name) => !root.attributes.has(name));
      if (root.attributes.get("xmlns") !== "urn:mpeg:dash:schema:mpd:2011") missing.unshift("namespace");
      if (missing.length > 0) report(fetch.url, `without ${missing.join(", ")}`);
    },
  },
  {
    id: "mpd.values",
    clause: "ISO/IEC 23009-1 §5.3.1.2, XML Schema §3.2",
    level: "must",
    doc: "Dates and durations of the MPD and its periods are xs:dateTime and xs:duration.",
    on: "mpd",
    check({ root, periods, fetch }, report) {
      const values = [...root.attributes].concat(
        periods.flatMap((period) =>
          [...period.attributes].map(([name, text]): [string, string] => [`Period ${name}`, text]),
        ),
      );
      for (const [name, text] of values) {
        const isDuration = DURATIONS.test(name) || name === "Period start" || name === "Period duration";
        if ((isDuration && secondsOf(text) === undefined) || (DATES.test(name) && !DATE.test(text)))
          report(fetch.url, `${name}="${text}"`);
      }
    },
  },
  {
    id: "mpd.order",
    clause: "ISO/IEC 23009-1 annex B",
    level: "must",
    doc: "Elements stand in the order of the schema.",
    on: "mpd",
    check({ root, fetch }, report) {
      for (const element of within(root)) {
        const order = ORDERS[element.name];
        const places = element.children
          .map((child) => order?.indexOf(child.name) ?? -1)
          .filter((at) => at >= 0);
        const wrong = places.findIndex((place, i) => place < (places[i - 1] ?? 0));
        if (wrong >= 0) report(fetch.url, `${order?.[places[wrong] ?? 0]} within ${element.name}`);
      }
    },
  },
  {
    id: "mpd.dynamic",
    clause: "ISO/IEC 23009-1 §5.3.1.2",
    level: "must",
    doc: "A dynamic MPD has availabilityStartTime and publishTime.",
    on: "mpd",
    check({ root, isDynamic, fetch }, report) {
      const missing = ["availabilityStartTime", "publishTime"].filter((name) => !root.attributes.has(name));
      if (isDynamic && missing.length > 0) report(fetch.url, `without ${missing.join(", ")}`);
    },
  },
  {
    id: "mpd.static",
    clause: "ISO/IEC 23009-1 §5.3.1.2",
    level: "must",
    doc: "A static MPD says how long it lasts, and has neither minimumUpdatePeriod nor timeShiftBufferDepth.",
    on: "mpd",
    check({ root, periods, isDynamic, fetch }, report) {
      if (isDynamic) return;
      const lasts =
        root.attributes.has("mediaPresentationDuration") || periods.at(-1)?.attributes.has("duration");
      if (lasts !== true) report(fetch.url, "no end");
      for (const name of ["minimumUpdatePeriod", "timeShiftBufferDepth"])
        if (root.attributes.has(name)) report(fetch.url, name);
    },
  },
  {
    id: "mpd.update-period",
    clause: "DASH-IF IOP Part 4 §4.5.2, ISO/IEC 23009-1 §5.4",
    level: "must",
    doc: "A dynamic MPD whose end is not known has minimumUpdatePeriod, or events that update it.",
    on: "mpd",
    check({ root, periods, isDynamic, fetch }, report) {
      const ends =
        root.attributes.has("mediaPresentationDuration") || periods.at(-1)?.attributes.has("duration");
      if (isDynamic && ends !== true && !root.attributes.has("minimumUpdatePeriod"))
        report(fetch.url, "has none");
    },
  },
  {
    id: "mpd.clock",
    clause: "DASH-IF IOP Part 4 §4.7, ISO/IEC 23009-1 §5.8.5.7",
    level: "must",
    doc: "A dynamic MPD has a UTCTiming of a scheme that is known.",
    on: "mpd",
    check({ root, isDynamic, fetch }, report) {
      const clocks = childrenOf(root, "UTCTiming").map((one) => one.attributes.get("schemeIdUri") ?? "");
      if (isDynamic && !clocks.some((one) => CLOCKS.test(one)))
        report(fetch.url, clocks.join() || "has none");
    },
  },
  {
    id: "mpd.type",
    clause: "ISO/IEC 23009-1 annex C",
    level: "should",
    doc: "The Content-Type of an MPD is application/dash+xml.",
    on: "mpd",
    check({ fetch }, report) {
      if (fetch.contentType?.split(";")[0]?.trim().toLowerCase() !== "application/dash+xml")
        report(fetch.url, `is "${fetch.contentType ?? ""}"`);
    },
  },
  {
    id: "period.id",
    clause: "ISO/IEC 23009-1 §5.3.2.2",
    level: "must",
    doc: "Every period of a dynamic MPD has an id of its own.",
    on: "mpd",
    check({ periods, isDynamic, fetch }, report) {
      const ids = periods.map((period) => period.attributes.get("id"));
      if (isDynamic && (ids.includes(undefined) || new Set(ids).size < ids.length))
        report(fetch.url, ids.join());
    },
  },
  {
    id: "period.start",
    clause: "ISO/IEC 23009-1 §5.3.2.1",
    level: "must",
    doc: "The first period of a dynamic MPD has a start, and each begins behind the one before.",
    on: "mpd",
    check({ periods, isDynamic, fetch }, report) {
      const starts = periods.map((period) => secondsOf(period.attributes.get("start")));
      if (isDynamic && starts.length > 0 && starts[0] === undefined) report(fetch.url, "no start");
      const stated = starts.filter((one) => one !== undefined);
      if (stated.some((start, i) => start <= (stated[i - 1] ?? -1))) report(fetch.url, stated.join());
    },
  },
  {
    id: "set.representations",
    clause: "ISO/IEC 23009-1 §5.3.3.1",
    level: "must",
    doc: "Every AdaptationSet has a Representation.",
    on: "mpd",
    check({ periods, fetch }, report) {
      for (const set of periods.flatMap((period) => childrenOf(period, "AdaptationSet")))
        if (childrenOf(set, "Representation").length === 0) report(fetch.url, nameOf(set));
    },
  },
  {
    id: "set.alignment",
    clause: "DASH-IF IOP Part 5 §4.2, ISO/IEC 23009-1 §8.4.2",
    level: "must",
    doc: "Sets with several representations have segmentAlignment, and say with startWithSAP how segments begin.",
    on: "mpd",
    check({ periods, fetch }, report) {
      for (const set of periods.flatMap((period) => childrenOf(period, "AdaptationSet"))) {
        const representations = childrenOf(set, "Representation");
        if (representations.length < 2) continue;
        const aligned = /^(true|[1-9]\d*)$/.test(set.attributes.get("segmentAlignment") ?? "");
        const sap = [set, ...representations].some((one) =>
          /^[12]$/.test(one.attributes.get("startWithSAP") ?? ""),
        );
        if (!aligned || !sap) report(fetch.url, nameOf(set));
      }
    },
  },
  {
    id: "set.language",
    clause: "DASH-IF IOP Part 5 §4.3",
    level: "should",
    doc: "Audio and text have a lang.",
    on: "mpd",
    check({ representations, fetch }, report) {
      for (const { set, kind } of representations)
        if ((kind === "audio" || kind === "text") && !set.attributes.has("lang"))
          report(fetch.url, nameOf(set));
    },
  },
  {
    id: "events.scheme",
    clause: "ISO/IEC 23009-1 §5.10.2.2",
    level: "must",
    doc: "EventStream and InbandEventStream have a scheme; events have whole times and ids of their own.",
    on: "mpd",
    check({ root, fetch }, report) {
      for (const stream of within(root)) {
        if (stream.name !== "EventStream" && stream.name !== "InbandEventStream") continue;
        if ((stream.attributes.get("schemeIdUri") ?? "") === "")
          report(fetch.url, `${stream.name} without a scheme`);
        const events = childrenOf(stream, "Event");
        const ids = events.flatMap((event) => event.attributes.get("id") ?? []);
        if (new Set(ids).size < ids.length) report(fetch.url, `ids ${ids.join()}`);
        for (const { attributes } of events)
          for (const name of ["presentationTime", "duration"])
            if (!/^\d+$/.test(attributes.get(name) ?? "0"))
              report(fetch.url, `${name} "${attributes.get(name)}"`);
      }
    },
  },
];

function nameOf(set: Element): string {
  return `AdaptationSet "${set.attributes.get("id") ?? set.attributes.get("contentType") ?? ""}"`;
}

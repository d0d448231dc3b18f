import type { DashRule, RepresentationView } from "../model.ts";
import { childrenOf, commonAttribute, secondsOf } from "../scan.ts";

const IDENTIFIER = /\$(?:(RepresentationID)|(Number|Time|Bandwidth|SubNumber)(?:%0\d+d)?)?\$/g;

/** Representations and how their segments are named. */
export const representationRules: readonly DashRule[] = [
  {
    id: "representation.id",
    clause: "ISO/IEC 23009-1 §5.3.5.2",
    level: "must",
    doc: "A Representation has an id without white space, unlike any other of its period, and a bandwidth.",
    on: "representation",
    check({ element, period, where }, report) {
      const id = element.attributes.get("id") ?? "";
      const same = childrenOf(period, "AdaptationSet")
        .flatMap((set) => childrenOf(set, "Representation"))
        .filter((one) => one.attributes.get("id") === id);
      if (id === "" || /\s/.test(id) || same.length > 1) report(where, "its id");
      if (!/^[1-9]\d*$/.test(element.attributes.get("bandwidth") ?? "")) report(where, "its bandwidth");
    },
  },
  {
    id: "representation.type",
    clause: "ISO/IEC 23009-1 §5.3.7.2, DASH-IF IOP Part 5 §4.2",
    level: "must",
    doc: "A Representation has a mimeType and codecs, its own or its set's.",
    on: "representation",
    check(view, report) {
      if (commonAttribute(view, "mimeType") === undefined) report(view.where, "no mimeType");
      const codecs = commonAttribute(view, "codecs") ?? "";
      if (!/^[\w.+-]+(,[\w.+-]+)*$/.test(codecs)) report(view.where, `codecs "${codecs}"`);
    },
  },
  {
    id: "representation.media",
    clause: "DASH-IF IOP Part 5 §4.2, §4.3",
    level: "should",
    doc: "Video has width, height and frameRate; audio has audioSamplingRate and AudioChannelConfiguration.",
    on: "representation",
    check(view, report) {
      const wanted =
        { video: ["width", "height", "frameRate"], audio: ["audioSamplingRate"] }[view.kind] ?? [];
      const missing = wanted.filter((name) => commonAttribute(view, name) === undefined);
      const channels = [view.set, view.element].some(
        (one) => childrenOf(one, "AudioChannelConfiguration").length > 0,
      );
      if (view.kind === "audio" && !channels) missing.push("AudioChannelConfiguration");
      if (missing.length > 0) report(view.where, `without ${missing.join(", ")}`);
    },
  },
  {
    id: "segments.one-way",
    clause: "ISO/IEC 23009-1 §5.3.9.1",
    level: "must",
    doc: "Segments are named in one way: SegmentBase, SegmentList, SegmentTemplate, or a BaseURL alone.",
    on: "representation",
    check({ period, set, element, where }, report) {
      const ways = ["SegmentBase", "SegmentList", "SegmentTemplate"].filter((name) =>
        [period, set, element].some((level) => childrenOf(level, name).length > 0),
      );
      const alone =
        ways.length === 0 && [period, set, element].some((level) => childrenOf(level, "BaseURL").length > 0);
      if (ways.length !== 1 && !alone) report(where, ways.join() || "no way");
    },
  },
  {
    id: "template.identifiers",
    clause: "ISO/IEC 23009-1 §5.3.9.4.4",
    level: "must",
    doc: "Templates have known identifiers only; media has $Number$ or $Time$, not both, and initialization neither.",
    on: "representation",
    check({ template, where }, report) {
      if (template === undefined) return;
      for (const name of ["media", "initialization"]) {
        const text = template.attributes.get(name) ?? "";
        if (text.replace(IDENTIFIER, "").includes("$")) report(where, `${name}="${text}"`);
        const moving = ["Number", "Time"].filter((one) => new RegExp(`\\$${one}(%0\\d+d)?\\$`).test(text));
        if (moving.length !== (name === "media" ? 1 : 0)) report(where, `${name}="${text}"`);
      }
    },
  },
  {
    id: "template.distinct",
    clause: "ISO/IEC 23009-1 §5.3.9.4.4",
    level: "must",
    doc: "Representations that share a template differ by $RepresentationID$, $Bandwidth$ or a BaseURL of their own.",
    on: "representation",
    check({ template, set, element, where }, report) {
      const shared = childrenOf(set, "Representation").filter(
        (one) => childrenOf(one, "SegmentTemplate").length === 0 && childrenOf(one, "BaseURL").length === 0,
      );
      const media = template?.attributes.get("media") ?? "$RepresentationID$";
      if (shared.length > 1 && shared.includes(element) && !/\$(RepresentationID|Bandwidth)/.test(media))
        report(where, `media="${media}"`);
    },
  },
  {
    id: "template.duration",
    clause: "ISO/IEC 23009-1 §5.3.9.2.1",
    level: "must",
    doc: "A template has a duration or a SegmentTimeline, not both, and a timescale above 0.",
    on: "representation",
    check({ template, where }, report) {
      if (template === undefined) return;
      const { attributes, timeline } = template;
      if (attributes.has("duration") === (timeline !== undefined)) report(where, "both or neither");
      for (const name of ["duration", "timescale"])
        if (!/^[1-9]\d*$/.test(attributes.get(name) ?? "1"))
          report(where, `${name}="${attributes.get(name)}"`);
    },
  },
  {
    id: "timeline.order",
    clause: "ISO/IEC 23009-1 §5.3.9.6.1",
    level: "must",
    doc: "Segments of a timeline have a duration and do not begin before the one before has ended.",
    on: "representation",
    check({ template, where }, report) {
      const segments = template?.timeline ?? [];
      for (const [i, { start, duration }] of segments.entries()) {
        const before = segments[i - 1];
        if (!(duration > 0)) report(where, `the segment at ${start} lasts ${duration}`);
        else if (before !== undefined && start < before.start + before.duration)
          report(where, `the segment at ${start} begins before ${before.start + before.duration}`);
      }
    },
  },
  {
    id: "timeline.longest",
    clause: "ISO/IEC 23009-1 §5.3.1.2",
    level: "must",
    doc: "No segment lasts longer than maxSegmentDuration.",
    on: "representation",
    check({ template, where }, report, { root }) {
      const most = secondsOf(root.attributes.get("maxSegmentDuration"));
      const timescale = Number(template?.attributes.get("timescale") ?? 1);
      const fixed = Number(template?.attributes.get("duration") ?? 0);
      const longest = Math.max(fixed, ...(template?.timeline ?? []).map((one) => one.duration)) / timescale;
      if (most !== undefined && longest > most + 1e-6) report(where, `${longest} s, ${most} s is the most`);
    },
  },
  {
    id: "timeline.available",
    clause: "ISO/IEC 23009-1 §5.3.9.5.3, DASH-IF IOP Part 4 §4.3",
    level: "must",
    doc: "Segments of a live timeline have been there when the MPD was fetched, earlier by availabilityTimeOffset at most.",
    on: "representation",
    check(view, report, mpd) {
      const { template, period, where } = view;
      const last = template?.timeline?.at(-1);
      const zeroMs = Date.parse(mpd.root.attributes.get("availabilityStartTime") ?? "");
      const publishedMs = Date.parse(mpd.root.attributes.get("publishTime") ?? "");
      if (!mpd.isDynamic || last === undefined || template === undefined) return;
      const timescale = Number(template.attributes.get("timescale") ?? 1);
      const end = last.start + last.duration - Number(template.attributes.get("presentationTimeOffset") ?? 0);
      const startS = secondsOf(period.attributes.get("start")) ?? 0;
      const offset = template.attributes.get("availabilityTimeOffset") ?? "0";
      const earlyS = offset === "INF" ? Number.POSITIVE_INFINITY : Number(offset);
      const availableMs = zeroMs + (startS + end / timescale - earlyS) * 1000;
      // A second for a clock that runs on while the MPD is written.
      if (availableMs > publishedMs + 1000) report(where, `ends ${availableMs - publishedMs} ms too late`);
    },
  },
  {
    id: "low-latency.offset",
    clause: "ISO/IEC 23009-1 §5.3.9.5.3, DASH-IF Low-Latency Modes §9.X.4",
    level: "must",
    doc: "availabilityTimeComplete=false stands with an availabilityTimeOffset shorter than the segment.",
    on: "representation",
    check({ template, where }, report) {
      if (template?.attributes.get("availabilityTimeComplete") !== "false") return;
      const offset = Number(template.attributes.get("availabilityTimeOffset"));
      const timescale = Number(template.attributes.get("timescale") ?? 1);
      const ticks = template.attributes.get("duration") ?? template.timeline?.at(-1)?.duration ?? 0;
      if (!(offset > 0 && offset < Number(ticks) / timescale))
        report(where, `availabilityTimeOffset ${offset}`);
    },
  },
  {
    id: "low-latency.service",
    clause: "DASH-IF Low-Latency Modes §9.X.4",
    level: "must",
    doc: "With chunked segments there is a ServiceDescription with a target Latency, and a ProducerReferenceTime.",
    on: "representation",
    check(view, report, { root, periods }) {
      if (!isChunked(view)) return;
      const services = [root, ...periods].flatMap((one) => childrenOf(one, "ServiceDescription"));
      const targets = services
        .flatMap((one) => childrenOf(one, "Latency"))
        .filter((one) => one.attributes.has("target"));
      if (targets.length === 0) report(view.where, "no target latency");
      const times = [view.set, view.element].flatMap((one) => childrenOf(one, "ProducerReferenceTime"));
      if (times.length === 0) report(view.where, "no ProducerReferenceTime");
    },
  },
];

function isChunked({ template }: RepresentationView): boolean {
  return template?.attributes.get("availabilityTimeComplete") === "false";
}

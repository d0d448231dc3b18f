import type { Report } from "../hls-linter/model.ts";
import type { Attributes, SmoothRule } from "./model.ts";
import { scanFragment } from "./scan.ts";

const VIDEO = ["Index", "Bitrate", "FourCC", "MaxWidth", "MaxHeight", "CodecPrivateData"];
const AUDIO = [
  "Index",
  "Bitrate",
  "FourCC",
  "SamplingRate",
  "Channels",
  "BitsPerSample",
  "PacketSize",
  "AudioTag",
  "CodecPrivateData",
];
const DEFAULT_TIMESCALE = 10_000_000;

function lacking(attributes: Attributes, names: readonly string[]): string[] {
  return names.filter((name) => !attributes.has(name));
}

function nameOf({ attributes }: { readonly attributes: Attributes }): string {
  return attributes.get("Name") ?? attributes.get("Type") ?? "";
}

function reportMissing(report: Report, where: string, missing: readonly string[]): void {
  if (missing.length > 0) report(where, `lacks ${missing.join(", ")}`);
}

/** Every rule there is. Clauses are those of MS-SSTR, [MS-SSTR] 2.2. */
export const smoothRules: readonly SmoothRule[] = [
  {
    id: "manifest.root",
    clause: "MS-SSTR §2.2.2.1",
    level: "must",
    doc: "A manifest is of version 2.0 or 2.2 and says its duration; a live one has IsLive, LookAheadFragmentCount and DVRWindowLength.",
    on: "manifest",
    check({ root, fetch }, report) {
      const live = ["IsLive", "LookAheadFragmentCount", "DVRWindowLength"];
      reportMissing(report, fetch.url, lacking(root, ["MajorVersion", "MinorVersion", "Duration", ...live]));
      if (root.get("MajorVersion") !== "2" || !/^[02]$/.test(root.get("MinorVersion") ?? ""))
        report(fetch.url, `version ${root.get("MajorVersion")}.${root.get("MinorVersion")}`);
    },
  },
  {
    id: "stream.attributes",
    clause: "MS-SSTR §2.2.2.3",
    level: "must",
    doc: "A StreamIndex has a type, a name of its own, and a URL with both fields in it.",
    on: "manifest",
    check({ streams, fetch }, report) {
      if (streams.length === 0) report(fetch.url, "no StreamIndex");
      const names = streams.map(nameOf);
      for (const [i, stream] of streams.entries()) {
        const { attributes } = stream;
        if (!/^(video|audio|text)$/.test(attributes.get("Type") ?? "")) report(nameOf(stream), "has no type");
        if (names.indexOf(nameOf(stream)) !== i) report(nameOf(stream), "is there twice");
        const url = attributes.get("Url") ?? "";
        if (!/\{bitrate\}/i.test(url) || !/\{start[ _]time\}/i.test(url))
          report(nameOf(stream), `Url "${url}"`);
      }
    },
  },
  {
    id: "stream.counts",
    clause: "MS-SSTR §2.2.2.3",
    level: "must",
    doc: "Chunks and QualityLevels, where they are said, are as many as there are.",
    on: "manifest",
    check({ streams }, report) {
      for (const stream of streams) {
        const { attributes, levels, chunks } = stream;
        const [said, saidLevels] = [attributes.get("Chunks"), attributes.get("QualityLevels")];
        if (said !== undefined && Number(said) !== chunks.length)
          report(nameOf(stream), `Chunks ${said}, there are ${chunks.length}`);
        if (levels.length === 0 || (saidLevels !== undefined && Number(saidLevels) !== levels.length))
          report(nameOf(stream), `QualityLevels ${saidLevels}, there are ${levels.length}`);
      }
    },
  },
  {
    id: "level.attributes",
    clause: "MS-SSTR §2.2.2.5",
    level: "must",
    doc: "A QualityLevel has the attributes that its type of track needs, and its place as Index.",
    on: "manifest",
    check({ streams }, report) {
      for (const stream of streams)
        for (const [i, level] of stream.levels.entries()) {
          const names = stream.attributes.get("Type") === "video" ? VIDEO : AUDIO;
          reportMissing(report, nameOf(stream), lacking(level, names));
          if (level.has("Index") && level.get("Index") !== String(i))
            report(nameOf(stream), `Index ${level.get("Index")} at ${i}`);
        }
    },
  },
  {
    id: "level.private-data",
    clause: "MS-SSTR §2.2.2.5",
    level: "must",
    doc: "CodecPrivateData is hexadecimal; that of H.264 is a sequence and a picture parameter set, each behind a start code.",
    on: "manifest",
    check({ streams }, report) {
      for (const stream of streams)
        for (const level of stream.levels) {
          const data = level.get("CodecPrivateData") ?? "00";
          const isHex = /^([\dA-Fa-f]{2})+$/.test(data);
          const sets = data.split(/00000001/).slice(1);
          const types = sets.map((set) => Number.parseInt(set.slice(0, 2), 16) & 0x1f);
          const isComplete = level.get("FourCC") !== "H264" || (types.includes(7) && types.includes(8));
          if (!isHex || !isComplete) report(nameOf(stream), `CodecPrivateData ${data.slice(0, 40)}`);
        }
    },
  },
  {
    id: "chunk.times",
    clause: "MS-SSTR §2.2.2.6",
    level: "must",
    doc: "Chunks have durations, and each begins where the one before it ends.",
    on: "manifest",
    check({ streams, root }, report) {
      // Times of another scale are rounded.
      const slack = Number(root.get("TimeScale") ?? DEFAULT_TIMESCALE) / 10_000;
      for (const stream of streams)
        for (const [i, { start, duration }] of stream.chunks.entries()) {
          const before = stream.chunks[i - 1];
          if (!(duration > 0)) report(nameOf(stream), `chunk ${i} lasts ${duration}`);
          const gap = before === undefined ? 0 : start - before.start - before.duration;
          if (Math.abs(gap) > slack)
            report(nameOf(stream), `chunk ${i} begins ${gap} behind the end of the one before`);
        }
    },
  },
  {
    id: "update.chunks",
    clause: "MS-SSTR §2.2.2.6",
    level: "must",
    doc: "A chunk that is in two versions of a manifest lasts equally long in both, and no version ends earlier than the one before.",
    on: "update",
    check(before, after, report) {
      for (const stream of after.streams) {
        const old = before.streams.find((each) => nameOf(each) === nameOf(stream));
        for (const { start, duration } of stream.chunks) {
          const known = old?.chunks.find((each) => each.start === start);
          if (known !== undefined && known.duration !== duration)
            report(nameOf(stream), `chunk ${start} lasts ${duration}, lasted ${known.duration}`);
        }
        const [last, oldLast] = [stream.chunks.at(-1)?.start ?? 0, old?.chunks.at(-1)?.start ?? 0];
        if (last < oldLast) report(nameOf(stream), `ends with ${last}, ended with ${oldLast}`);
      }
    },
  },
  {
    id: "fragment.there",
    clause: "MS-SSTR §2.2.3",
    level: "must",
    doc: "A fragment that is listed, or was until a chunk ago, can be fetched.",
    on: "fragment",
    check({ url, status }, report) {
      if (status !== 200) report(url, `answered with ${status}`);
    },
  },
  {
    id: "fragment.boxes",
    clause: "MS-SSTR §2.2.4",
    level: "must",
    doc: "A fragment is a moof and an mdat behind it; its traf has one TfxdBox, and one TfrfBox at most.",
    on: "fragment",
    check({ url, status, bytes }, report) {
      if (status !== 200) return;
      const { boxes, own, ahead } = scanFragment(bytes);
      if (boxes.join(" ") !== "moof mdat") report(url, `is ${boxes.join(" ") || "no boxes"}`);
      if (own.length !== 1 || ahead.length > 1) report(url, `${own.length} TfxdBox, ${ahead.length} TfrfBox`);
    },
  },
  {
    id: "fragment.times",
    clause: "MS-SSTR §2.2.4.4, §2.2.4.5",
    level: "must",
    doc: "TfxdBox says what the manifest does, and TfrfBox tells of the fragments behind it, without a hole.",
    on: "fragment",
    check({ url, status, bytes, chunk }, report) {
      if (status !== 200) return;
      const { own, ahead } = scanFragment(bytes);
      let end = chunk.start + chunk.duration;
      for (const { start, duration } of own)
        if (start !== chunk.start || duration !== chunk.duration)
          report(
            url,
            `begins at ${start} and lasts ${duration}, in the manifest ${chunk.start} and ${chunk.duration}`,
          );
      for (const next of ahead[0] ?? []) {
        if (next.start !== end) report(url, `the next begins at ${next.start} instead of ${end}`);
        end = next.start + next.duration;
      }
    },
  },
];

import type { Report } from "../../hls-linter/model.ts";
import { ofType } from "../boxes.ts";
import type { BmffRule, Box, BoxFile, StreamView } from "../model.ts";

const ORDER = /^(?:(?:styp )?(?:(?:sidx|emsg|prft) )*moof mdat )+$/;
const BASE_IS_MOOF = 0x020000;
const BASE_DATA_OFFSET = 0x000001;

export const fragmentRules: readonly BmffRule[] = [
  {
    id: "media.order",
    clause: "ISO/IEC 14496-12 §8.16.2, ISO/IEC 23000-19 §7.3.2.3",
    level: "must",
    doc: "Media are chunks of styp, then sidx, emsg and prft where there are any, then one moof and its mdat.",
    on: "media",
    check: ({ file }, report) => {
      const types = file.boxes.map(({ type }) => `${type} `).join("");
      if (!ORDER.test(types)) report(file.where, `has ${types.trim() || "no boxes"}`);
    },
  },
  {
    id: "media.sequence",
    clause: "ISO/IEC 14496-12 §8.8.5.1",
    level: "must",
    doc: "Every moof has an mfhd, whose sequence numbers grow.",
    on: "stream",
    check: ({ media }, report) => {
      let before = -1;
      for (const { where, sequence } of media.flatMap(({ fragments }) => fragments)) {
        if (sequence < 0) report(where, "has no mfhd");
        else if (sequence <= before) report(where, `has number ${sequence} behind ${before}`);
        else before = sequence;
      }
    },
  },
  {
    id: "media.tracks",
    clause: "ISO/IEC 14496-12 §8.8.7, ISO/IEC 23000-19 §7.3.2.3",
    level: "must",
    doc: "A moof has track fragments with samples, of tracks that are there, each once; in CMAF just one.",
    on: "media",
    check: ({ fragments }, report, { tracks, profile, init }) => {
      for (const { where, tracks: parts } of fragments) {
        const ids = parts.map(({ trackId }) => trackId);
        if (ids.length === 0 || new Set(ids).size < ids.length || (profile === "cmaf" && ids.length > 1))
          report(where, `has fragments of tracks ${ids.join()}`);
        for (const id of ids)
          if (init !== undefined && !tracks.some((track) => track.id === id))
            report(where, `has a fragment of track ${id}, which is not there`);
        for (const part of parts) if (part.runs.flat().length === 0) report(part.where, "has no samples");
      }
    },
  },
  {
    id: "media.base",
    clause: "ISO/IEC 14496-12 §8.8.7, ISO/IEC 23000-19 §7.3.2.3",
    level: "must",
    doc: "Offsets are counted from the moof: default-base-is-moof, and no base_data_offset.",
    on: "media",
    check: ({ fragments }, report) => {
      for (const { where, tfhdFlags } of fragments.flatMap(({ tracks }) => tracks))
        if ((tfhdFlags & BASE_IS_MOOF) === 0 || (tfhdFlags & BASE_DATA_OFFSET) !== 0)
          report(where, `tfhd has flags 0x${tfhdFlags.toString(16)}`);
    },
  },
  {
    id: "time.present",
    clause: "ISO/IEC 14496-12 §8.8.12, ISO/IEC 23000-19 §7.3.2.3",
    level: "must",
    doc: "Every track fragment has a tfdt.",
    on: "media",
    check: ({ fragments }, report) => {
      for (const { where, decodeTime } of fragments.flatMap(({ tracks }) => tracks))
        if (decodeTime === undefined) report(where, "has no tfdt");
    },
  },
  {
    id: "time.version",
    clause: "ISO/IEC 14496-12 §8.8.12.3",
    level: "must",
    doc: "A tfdt has version 1 where 32 bits do not reach to the end of its samples.",
    on: "media",
    check: ({ fragments }, report) => {
      for (const { where, decodeTime = 0, timeVersion, duration } of fragments.flatMap(
        ({ tracks }) => tracks,
      ))
        if (timeVersion > 1 || (timeVersion === 0 && decodeTime + duration > 0xffffffff))
          report(where, `tfdt has version ${timeVersion}`);
    },
  },
  {
    id: "time.follows",
    clause: "ISO/IEC 14496-12 §8.8.12.1, ISO/IEC 23000-19 §7.3.2.1",
    level: "must",
    doc: "A fragment begins where the one before it ends; later only behind a discontinuity, and never earlier.",
    on: "stream",
    check: checkTimes,
  },
  {
    id: "time.producer",
    clause: "ISO/IEC 14496-12 §8.16.5, ISO/IEC 23000-19 §7.3.2.3",
    level: "must",
    doc: "A prft names a track of the moof behind it, and has a time of the wall clock.",
    on: "media",
    check: ({ file, fragments }, report) => {
      for (const box of ofType(file.boxes, "prft")) {
        if (box.end - box.start < 20) continue;
        const id = file.view.getUint32(box.start + 4);
        const next = fragments.find(({ mdat }) => mdat !== undefined && mdat.at > box.at);
        if (!next?.tracks.some(({ trackId }) => trackId === id)) report(box.where, `is of track ${id}`);
        if (file.view.getUint32(box.start + 8) === 0) report(box.where, "has no time");
      }
    },
  },
  {
    id: "event.fields",
    clause: "ISO/IEC 23009-1 §5.10.3.3",
    level: "must",
    doc: "An emsg has version 0 or 1, a scheme, a timescale above 0, and strings that end.",
    on: "media",
    check: ({ file }, report) => {
      for (const box of ofType(file.boxes, "emsg")) {
        const message = eventProblem(file, box);
        if (message !== undefined) report(box.where, message);
      }
    },
  },
  {
    id: "event.version",
    clause: "ISO/IEC 23000-19 §7.4.5",
    level: "should",
    doc: "An emsg has version 1: its time does not depend on the segment it stands in.",
    on: "media",
    check: ({ file }, report) => {
      for (const box of ofType(file.boxes, "emsg"))
        if (box.start < box.end && file.view.getUint8(box.start) === 0) report(box.where, "has version 0");
    },
  },
];

function checkTimes({ media }: StreamView, report: Report): void {
  const ends = new Map<number, number>();
  for (const { observed, fragments } of media) {
    const mayLeave = new Set(observed.discontinuity === true ? ends.keys() : []);
    for (const { where, trackId, decodeTime, duration } of fragments.flatMap(({ tracks }) => tracks)) {
      if (decodeTime === undefined) continue;
      const end = ends.get(trackId) ?? decodeTime;
      if (decodeTime < end)
        report(where, `begins ${end - decodeTime} ticks before the end of what was before`);
      if (decodeTime > end && !mayLeave.has(trackId))
        report(where, `begins ${decodeTime - end} ticks behind the end of what was before`);
      mayLeave.delete(trackId);
      ends.set(trackId, decodeTime + duration);
    }
  }
}

function eventProblem({ view }: BoxFile, { start, end }: Box): string | undefined {
  const version = start < end ? view.getUint8(start) : -1;
  if (version !== 0 && version !== 1) return `has version ${version}`;
  // timescale, presentation_time of 64 bits, event_duration, id; or the strings, and the rest behind them.
  const fixedBytes = version === 1 ? 24 : 4;
  let at = start + fixedBytes;
  const schemeAt = at;
  for (let i = 0; i < 2; i++) {
    while (at < end && view.getUint8(at) !== 0) at++;
    if (at >= end) return "has a string without an end";
    at++;
  }
  if (view.getUint8(schemeAt) === 0) return "has no scheme";
  if (version === 0 && at + 16 > end) return "ends before its fields do";
  const timescale = view.getUint32(version === 1 ? start + 4 : at);
  return timescale === 0 ? "has timescale 0" : undefined;
}

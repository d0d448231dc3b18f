import { i32be, u16be, u32be } from "@millrace/bytes";
import type { VideoFormat } from "@millrace/model";
import { type Box, boxesIn, findBox } from "../boxes.ts";
import { audioDetails } from "./audio-details.ts";
import type { Entry, EntryDetails, Unreadable } from "./track-details.ts";
import { videoDetails } from "./video-details.ts";

const VISUAL_BYTES = 78;
const AUDIO_BYTES = 28;

/** Reads the sample entry in `box`. */
export function readSampleEntry(bytes: Uint8Array, box: Box): EntryDetails | Unreadable {
  const { type, start, end } = box;
  if (type === "encv" || type === "enca" || type === "enct" || type === "encs") return "encrypted";
  if (type === "wvtt") return { kind: "subtitle", codec: "webvtt", codecString: "wvtt", lengthSize: 0 };
  const audio = AUDIO_TYPES.has(type);
  if (!audio && !VISUAL_TYPES.has(type)) return "codec";
  if (start + (audio ? AUDIO_BYTES : VISUAL_BYTES) > end) return "config";
  if (audio) {
    const inner = start + AUDIO_BYTES + quickTimeBytes(bytes, start);
    const entry = entryOf(bytes, type, audioBoxes(bytes, inner, end));
    const format = { channels: u16be(bytes, start + 16), sampleRate: u32be(bytes, start + 24) >>> 16 };
    return audioDetails(entry, format);
  }
  const boxes = boxesIn(bytes, start + VISUAL_BYTES, end);
  const entry = entryOf(bytes, type, boxes);
  const size = { width: u16be(bytes, start + 24), height: u16be(bytes, start + 26) };
  return videoDetails(entry, { ...size, ...aspectOf(entry), ...colourOf(entry) });
}

const VISUAL_TYPES: ReadonlySet<string> = new Set(
  "avc1 avc3 hvc1 hev1 dvh1 dvhe dva1 dvav av01 vp08 vp09 mp4v m1v  mp2v".split(" "),
);
const AUDIO_TYPES: ReadonlySet<string> = new Set("mp4a .mp3 ac-3 ec-3 Opus fLaC".split(" "));

function entryOf(bytes: Uint8Array, type: string, boxes: readonly Box[]): Entry {
  return {
    type,
    payload: (name) => {
      const box = findBox(boxes, name);
      return box && bytes.subarray(box.start, box.end);
    },
  };
}

/** What QuickTime put between the fields and the boxes of an audio entry, by its version. */
function quickTimeBytes(bytes: Uint8Array, start: number): number {
  const version = u16be(bytes, start + 8);
  return version === 1 ? 16 : version === 2 ? 36 : 0;
}

/** The boxes of an audio entry, those that QuickTime keeps in "wave" among them. */
function audioBoxes(bytes: Uint8Array, start: number, end: number): readonly Box[] {
  if (start > end) return [];
  const boxes = boxesIn(bytes, start, end);
  const wave = findBox(boxes, "wave");
  return wave === undefined ? boxes : [...boxes, ...boxesIn(bytes, wave.start, wave.end)];
}

function aspectOf(entry: Entry): Pick<VideoFormat, "sar"> {
  const pasp = entry.payload("pasp");
  if (pasp === undefined || pasp.length < 8) return {};
  const num = i32be(pasp, 0);
  const den = i32be(pasp, 4);
  return num > 0 && den > 0 ? { sar: { num, den } } : {};
}

/** colr of type "nclx", and QuickTime's "nclc" without range. */
function colourOf(entry: Entry): Pick<VideoFormat, "colour"> {
  const colr = entry.payload("colr");
  if (colr === undefined || colr.length < 10) return {};
  const type = String.fromCharCode(...colr.subarray(0, 4));
  if (type !== "nclx" && type !== "nclc") return {};
  const fullRange = type === "nclx" && ((colr[10] ?? 0) & 0x80) !== 0;
  return {
    colour: { primaries: u16be(colr, 4), transfer: u16be(colr, 6), matrix: u16be(colr, 8), fullRange },
  };
}

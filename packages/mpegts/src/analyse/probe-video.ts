import {
  findStartCode,
  h264Format,
  h265Format,
  MPEG2_START,
  NalList,
  parseH264Sps,
  parseH265Sps,
  parseMpeg2Sequence,
  parseMpeg4Headers,
} from "@millrace/codec";
import type { Codec, VideoFormat } from "@millrace/model";
import type { EsFormat, EsProbe } from "./es-format.ts";

const H264_PROFILES: ReadonlyMap<number, string> = new Map([
  [66, "Baseline"],
  [77, "Main"],
  [88, "Extended"],
  [100, "High"],
  [110, "High 10"],
  [122, "High 4:2:2"],
  [244, "High 4:4:4"],
]);
const H265_PROFILES: ReadonlyMap<number, string> = new Map([
  [1, "Main"],
  [2, "Main 10"],
  [3, "Main Still"],
  [4, "RExt"],
]);
/** ISO/IEC 13818-2 tables 8-2 and 8-3. */
const MPEG2_PROFILES: ReadonlyMap<number, string> = new Map([
  [1, "High"],
  [2, "Spatial"],
  [3, "SNR"],
  [4, "Main"],
  [5, "Simple"],
]);
const MPEG2_LEVELS: ReadonlyMap<number, string> = new Map([
  [4, "High"],
  [6, "High 1440"],
  [8, "Main"],
  [10, "Low"],
]);

/** The first NAL unit of an Annex B byte run that `read` makes something of. */
function firstNal<T>(bytes: Uint8Array, read: (nal: Uint8Array) => T | undefined): T | undefined {
  const nals = new NalList();
  nals.scanAnnexB(bytes, 0, bytes.length);
  for (let i = 0; i < nals.count; i++) {
    const found = read(bytes.subarray(nals.starts[i] as number, nals.ends[i] as number));
    if (found !== undefined) return found;
  }
  return undefined;
}

function probeH264(bytes: Uint8Array): EsFormat | undefined {
  const sps = firstNal(bytes, parseH264Sps);
  if (sps === undefined) return undefined;
  const profile = H264_PROFILES.get(sps.profile) ?? `profile ${sps.profile}`;
  const level = sps.level === 9 ? "1b" : (sps.level / 10).toFixed(1);
  return describe(h264Format(sps), `${profile}@${level}`);
}

function probeH265(bytes: Uint8Array): EsFormat | undefined {
  const sps = firstNal(bytes, parseH265Sps);
  if (sps === undefined) return undefined;
  const { idc, level, tier } = sps.profile;
  const profile = H265_PROFILES.get(idc) ?? `profile ${idc}`;
  return describe(h265Format(sps), `${profile}@${(level / 30).toFixed(1)}${tier === 1 ? " High tier" : ""}`);
}

function probeMpeg2(bytes: Uint8Array): EsFormat | undefined {
  const end = bytes.length - 3;
  for (let at = findStartCode(bytes, 0, end); at < end; at = findStartCode(bytes, at + 3, end)) {
    if (bytes[at + 3] !== MPEG2_START.sequence) continue;
    const sequence = parseMpeg2Sequence(bytes, at);
    if (sequence === undefined) continue;
    const { format, mpeg1 } = sequence;
    const profile = MPEG2_PROFILES.get(format.profile) ?? `profile ${format.profile}`;
    const level = MPEG2_LEVELS.get(format.level) ?? `level ${format.level}`;
    return describe(format, mpeg1 ? "" : `${profile}@${level}`);
  }
  return undefined;
}

function probeMpeg4(bytes: Uint8Array): EsFormat | undefined {
  const format = parseMpeg4Headers(bytes);
  return format && describe(format, "");
}

/** "High@4.0 1920x1080i25". */
function describe(video: VideoFormat, lead: string): EsFormat {
  const { width, height, frameRate, interlaced } = video;
  const scan = interlaced === true ? "i" : "p";
  const rate = frameRate === undefined ? "" : rateText(frameRate.num / frameRate.den);
  const suffix = rate === "" && scan === "p" ? "" : `${scan}${rate}`;
  return { video, text: `${lead} ${width}x${height}${suffix}`.trimStart() };
}

/** 25, 29.97, 23.976. */
function rateText(rate: number): string {
  return String(Math.round(rate * 1000) / 1000);
}

export const probeVideo: ReadonlyMap<Codec, EsProbe> = new Map<Codec, EsProbe>([
  ["h264", probeH264],
  ["h265", probeH265],
  ["mpeg2video", probeMpeg2],
  ["mpeg1video", probeMpeg2],
  ["mpeg4", probeMpeg4],
]);

import type { CmafTrack } from "@millrace/cmaf";
import type { AdaptationSet, Descriptor, RepresentationBase, SegmentTemplate } from "@millrace/playlist";

const ROLE = "urn:mpeg:dash:role:2011";
/** ETSI TS 102 822-3-1, in ISO/IEC 23009-1 §5.8.4.3. */
const AUDIO_PURPOSE = "urn:tva:metadata:cs:AudioPurposeCS:2007";
/** ISO/IEC 23091-3. */
const CHANNELS = "urn:mpeg:mpegB:cicp:ChannelConfiguration";
/** Where the number of channels is not that of their configuration (ISO/IEC 23091-3 table 2). */
const CHANNEL_CONFIGURATIONS: Readonly<Record<number, number>> = { 7: 11, 8: 12 };
const CONTENT: Readonly<Record<string, "video" | "audio" | "text">> = {
  video: "video",
  audio: "audio",
  subtitle: "text",
};
const MIME: Readonly<Record<string, string>> = { video: "video/mp4", audio: "audio/mp4" };
/** Event messages stand in the leading track's segments. */
const EVENT_SCHEMES = [
  { schemeIdUri: "urn:scte:scte35:2013:bin" },
  { schemeIdUri: "https://aomedia.org/emsg/ID3", value: "0" },
];

export interface TrackPlace {
  readonly track: CmafTrack;
  /** Place among all tracks, from 1. */
  readonly id: number;
  /** Whether it is the first of its kind. */
  readonly isMain: boolean;
  /** Whether segments of all tracks are cut where this one's are. */
  readonly isLeader: boolean;
  readonly bandwidth: number;
  readonly segmentTemplate: SegmentTemplate;
  /** What low latency adds. */
  readonly extra: RepresentationBase;
}

/** A track as an AdaptationSet with one Representation. */
export function adaptationSetOf(place: TrackPlace): AdaptationSet {
  const { track, id, bandwidth, segmentTemplate, isLeader, extra } = place;
  const { kind, language, name, codecString } = track;
  const accessibilities = accessibilityOf(track);
  const contentType = CONTENT[kind];
  return {
    id,
    ...(contentType !== undefined && { contentType }),
    ...(kind !== "video" && { lang: language ?? "und" }),
    ...(kind === "video" && parOf(track)),
    segmentAlignment: true,
    mimeType: MIME[kind] ?? "application/mp4",
    startWithSap: 1,
    ...(isLeader && { inbandEventStreams: EVENT_SCHEMES }),
    ...extra,
    ...(accessibilities.length > 0 && { accessibilities }),
    roles: [{ schemeIdUri: ROLE, value: roleOf(place) }],
    representations: [
      { id: name, bandwidth, codecs: [codecString], ...pictureOf(track), ...soundOf(track), segmentTemplate },
    ],
  };
}

function roleOf({ track, isMain }: TrackPlace): string {
  if (track.kind === "subtitle") return "subtitle";
  if (track.audioType === 3) return "description";
  return isMain ? "main" : "alternate";
}

/** ISO 639 audio_type as purpose of a sound (ISO/IEC 13818-1 §2.6.18). */
function accessibilityOf({ kind, audioType }: CmafTrack): Descriptor[] {
  if (kind === "audio" && audioType === 3) return [{ schemeIdUri: AUDIO_PURPOSE, value: "1" }];
  if (kind === "audio" && audioType === 2) return [{ schemeIdUri: AUDIO_PURPOSE, value: "2" }];
  return [];
}

function pictureOf({ video }: CmafTrack): RepresentationBase {
  if (video === undefined) return {};
  const { width, height, sar, frameRate, interlaced } = video;
  return {
    width,
    height,
    sar: `${sar?.num ?? 1}:${sar?.den ?? 1}`,
    ...(frameRate !== undefined && { frameRate: fraction(frameRate.num, frameRate.den) }),
    ...(interlaced === true && { scanType: "interlaced" }),
  };
}

function parOf({ video }: CmafTrack): { par: string } | undefined {
  if (video === undefined || video.width === 0 || video.height === 0) return undefined;
  const [num, den] = [video.width * (video.sar?.num ?? 1), video.height * (video.sar?.den ?? 1)];
  const divisor = commonDivisor(num, den);
  return { par: `${num / divisor}:${den / divisor}` };
}

function soundOf({ audio }: CmafTrack): RepresentationBase {
  if (audio === undefined) return {};
  const value = String(CHANNEL_CONFIGURATIONS[audio.channels] ?? audio.channels);
  return {
    audioSamplingRate: String(audio.sampleRate),
    audioChannelConfigurations: [{ schemeIdUri: CHANNELS, value }],
  };
}

/** `25`, `30000/1001` (ISO/IEC 23009-1 §5.3.7.2). */
function fraction(num: number, den: number): string {
  const divisor = commonDivisor(num, den);
  return den === divisor ? String(num / divisor) : `${num / divisor}/${den / divisor}`;
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? Math.max(1, a) : commonDivisor(b, a % b);
}

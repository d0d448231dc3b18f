import { concat } from "@millrace/bytes";
import type { CmafTrack, SegmentRecord } from "@millrace/cmaf";
import { parseAvcConfig } from "@millrace/codec";
import {
  SMOOTH_TIMESCALE,
  type SmoothManifest,
  type SmoothQualityLevel,
  type SmoothStream,
} from "@millrace/playlist";
import { type ListedTrack, type Listing, timeAt } from "./listing.ts";
import type { FragmentTime } from "./smooth-boxes.ts";

/** Of MPEG-4 AAC (WAVE format tag). */
const AAC_TAG = 255;
const START_CODE = Uint8Array.of(0, 0, 0, 1);
const GUESS: Readonly<Record<string, number>> = { video: 2_000_000, audio: 128_000 };

/** Name of a track in the manifest and in URLs: `video`, `audio`, `audio2`. */
export function smoothName({ kind, name }: CmafTrack): string {
  const place = name.slice(1);
  return place === "1" ? kind : `${kind}${place}`;
}

/** Fragments are listed as soon as one follows that they can tell of. `query` is put behind every URL. */
export function smoothManifest(listing: Listing, query: string): SmoothManifest {
  const { presentation, tracks } = listing;
  return {
    timescale: SMOOTH_TIMESCALE,
    durationTicks: 0,
    isLive: true,
    lookAheadFragmentCount: 1,
    dvrWindowTicks: presentation.targetDurationS * 3 * SMOOTH_TIMESCALE,
    streams: tracks.map((track) => streamOf(listing, track, query)),
  };
}

/** Up to where the next one begins. */
export function fragmentTime(
  { zeroS }: Listing,
  { timescale }: CmafTrack,
  segment: SegmentRecord,
): FragmentTime {
  const at = (ticks: number): number => timeAt(SMOOTH_TIMESCALE, ticks, { timescale, zeroS });
  const startTicks = at(segment.startTicks);
  return { startTicks, durationTicks: at(segment.startTicks + segment.durationTicks) - startTicks };
}

function streamOf(listing: Listing, { track, segments }: ListedTrack, query: string): SmoothStream {
  const name = smoothName(track);
  const { width, height } = track.video ?? {};
  const { language } = track;
  return {
    type: track.kind === "video" ? "video" : "audio",
    name,
    ...(language !== undefined && { language }),
    url: `QualityLevels({bitrate})/Fragments(${name}={start time})${query}`,
    ...(width !== undefined && { maxWidth: width, displayWidth: width }),
    ...(height !== undefined && { maxHeight: height, displayHeight: height }),
    qualityLevels: [levelOf(listing, track)],
    chunks: segments.slice(0, -1).map((segment) => fragmentTime(listing, track, segment)),
  };
}

function levelOf({ presentation, period }: Listing, track: CmafTrack): SmoothQualityLevel {
  const rate = presentation.rates.find((each) => each.period === period && each.track === track.name);
  const { video, audio, config } = track;
  const common = { index: 0, bitrate: rate?.bitsPerSecond ?? GUESS[track.kind] ?? 0 };
  if (video !== undefined) {
    return {
      ...common,
      fourCc: "H264",
      maxWidth: video.width,
      maxHeight: video.height,
      nalUnitLengthBytes: 4,
      codecPrivateData: parameterSets(config),
    };
  }
  return {
    ...common,
    fourCc: "AACL",
    samplingRateHz: audio?.sampleRate ?? 48_000,
    channels: audio?.channels ?? 2,
    bitsPerSample: 16,
    packetSize: 4,
    audioTag: AAC_TAG,
    ...(config !== undefined && { codecPrivateData: config }),
  };
}

/** SPS and PPS with start codes (MS-SSTR §2.2.2.5). */
function parameterSets(config: Uint8Array | undefined): Uint8Array {
  const sets = config === undefined ? undefined : parseAvcConfig(config);
  return concat([...(sets?.sps ?? []), ...(sets?.pps ?? [])].flatMap((set) => [START_CODE, set]));
}

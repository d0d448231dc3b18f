import type { CmafTrack, SegmentRecord, Timeline } from "@millrace/cmaf";
import type { IFrameVariant, MultivariantPlaylist, Rendition, Variant } from "@millrace/playlist";
import { chooseTracks, type TrackChoice } from "../selection.ts";
import { pictureOf } from "../ts-variants.ts";
import { iFramePlaylistName, pictureBytes } from "./i-frames.ts";
import { playlistName } from "./track-playlist.ts";

const SUBTITLES = "subs";
/** Said before anything was measured, bits a second. */
const GUESS: Readonly<Record<string, number>> = { video: 2_000_000, audio: 128_000 };
/** BANDWIDTH may not be below any segment's rate (RFC 8216 §4.3.4.2), of those to come either: so much is added. */
const HEADROOM = 1.2;
/** ISO 639 audio_type: for the visually impaired, whose sound describes the picture; for the hearing impaired. */
const FOR_VISUALLY_IMPAIRED = 3;
const FOR_HEARING_IMPAIRED = 2;

export interface VariantsOptions {
  readonly lowLatency: boolean;
  /** Where the tracks' playlists are, seen from the multivariant playlist: `cmaf/`. */
  readonly folder: string;
  /** A variant without the picture, for those whose line is too thin for it. */
  readonly audioOnly: boolean;
  /** These tracks only; all when absent. */
  readonly choices?: readonly TrackChoice[];
  /** How far from the end to begin, milliseconds. */
  readonly startOffsetMs?: number;
}

/** Sounds of one coding. Players choose among variants by what they can decode, not among the sounds of one. */
interface SoundGroup {
  readonly id: string;
  readonly codec: string;
  readonly sounds: readonly CmafTrack[];
}

/** The Multivariant Playlist of a stream: a variant for each picture, with every sound. Undefined before it begins. */
export function variantsOf(timeline: Timeline, options: VariantsOptions): MultivariantPlaylist | undefined {
  if (timeline.presentation === undefined) return undefined;
  const { lowLatency, folder, choices, startOffsetMs } = options;
  const begun = timeline.tracks.filter(({ name }) => timeline.segments(name).length > 0);
  const tracks = choices === undefined ? begun : chooseTracks(begun, choices);
  const videos = tracks.filter(({ kind }) => kind === "video");
  const audios = tracks.filter(({ kind }) => kind === "audio");
  const texts = videos.length === 0 ? [] : tracks.filter(({ kind }) => kind === "subtitle");
  const uri = ({ name }: CmafTrack): string => folder + playlistName(name, lowLatency);
  const groups = groupsOf(audios);
  const variants = videos.flatMap((video) =>
    (groups.length === 0 ? [undefined] : groups).map(
      (group): Variant => ({
        uri: uri(video),
        ...rates(timeline, group === undefined ? [video] : [video, loudest(timeline, group.sounds)]),
        codecs: [
          video.codecString,
          ...new Set([...(group?.sounds ?? []), ...texts].map(({ codecString }) => codecString)),
        ],
        ...pictureOf(video.video),
        ...(group !== undefined && { audio: group.id }),
        ...(texts.length > 0 && { subtitles: SUBTITLES }),
      }),
    ),
  );
  if (videos.length === 0 || options.audioOnly) {
    for (const audio of audios) {
      const own = groups.find(({ sounds }) => sounds.includes(audio));
      const group = videos.length > 0 && own !== undefined ? { audio: own.id } : {};
      variants.push({
        uri: uri(audio),
        ...rates(timeline, [audio]),
        codecs: [audio.codecString],
        ...group,
      });
    }
  }
  const sounds =
    videos.length === 0
      ? []
      : groups.flatMap((group) =>
          group.sounds.map((audio, i) => sound(audio, { group, isFirst: i === 0, uri: uri(audio) })),
        );
  return {
    independentSegments: true,
    ...(startOffsetMs !== undefined && !lowLatency && { start: { timeOffsetUs: -startOffsetMs * 1000 } }),
    renditions: [...sounds, ...texts.map((text) => subtitles(text, uri(text)))],
    variants,
    iFrameVariants: videos.flatMap((video) => pictures(timeline, video, folder)),
  };
}

function groupsOf(audios: readonly CmafTrack[]): SoundGroup[] {
  const codecs = [...new Set(audios.map(({ codec }) => codec))];
  return codecs.map((codec, i) => ({
    id: i === 0 ? "audio" : `audio-${codec}`,
    codec,
    sounds: audios.filter((audio) => audio.codec === codec),
  }));
}

/** A language that says nothing is none (ISO 639-2 "und", "mis", "zxx"). */
function spoken({ language }: CmafTrack): string | undefined {
  return language === undefined || ["und", "mis", "zxx"].includes(language) ? undefined : language;
}

function sound(
  track: CmafTrack,
  place: { readonly group: SoundGroup; readonly isFirst: boolean; readonly uri: string },
): Rendition {
  const { group, isFirst, uri } = place;
  const { name, audioType, audio } = track;
  const language = spoken(track);
  const isDescription = audioType === FOR_VISUALLY_IMPAIRED;
  return {
    type: "AUDIO",
    groupId: group.id,
    name: language === undefined ? name : `${language} (${name})`,
    uri,
    ...(language !== undefined && { language }),
    default: isFirst,
    autoselect: isFirst || !isDescription,
    ...(isDescription && { characteristics: "public.accessibility.describes-video" }),
    ...(audio !== undefined && { channels: String(audio.channels) }),
  };
}

function subtitles(track: CmafTrack, uri: string): Rendition {
  const { name, audioType } = track;
  const language = spoken(track);
  return {
    type: "SUBTITLES",
    groupId: SUBTITLES,
    name: language === undefined ? name : `${language} (${name})`,
    uri,
    ...(language !== undefined && { language }),
    default: false,
    autoselect: true,
    ...(audioType === FOR_HEARING_IMPAIRED && {
      characteristics:
        "public.accessibility.transcribes-spoken-dialog,public.accessibility.describes-music-and-sound",
    }),
  };
}

/** The playlist of key frames, where segments begin with them. */
function pictures(timeline: Timeline, track: CmafTrack, folder: string): IFrameVariant[] {
  const whole = timeline.segments(track.name).filter((each) => each.complete && pictureBytes(each) > 0);
  if (whole.length === 0) return [];
  const rate = (segment: SegmentRecord): number =>
    Math.ceil((pictureBytes(segment) * 8 * track.timescale) / Math.max(1, segment.durationTicks));
  const { frameRateMilliHz: _, ...picture } = pictureOf(track.video);
  return [
    {
      uri: folder + iFramePlaylistName(track.name),
      bandwidth: Math.ceil(Math.max(...whole.map(rate)) * HEADROOM),
      averageBandwidth: Math.ceil(whole.reduce((sum, each) => sum + rate(each), 0) / whole.length),
      codecs: [track.codecString],
      ...picture,
    },
  ];
}

/** BANDWIDTH and AVERAGE-BANDWIDTH, measured over the segments that are listed (RFC 8216 §4.3.4.2). */
function rates(
  timeline: Timeline,
  tracks: readonly CmafTrack[],
): { bandwidth: number; averageBandwidth: number } {
  let [bandwidth, averageBandwidth] = [0, 0];
  for (const track of tracks) {
    const { peak, average } = rateOf(timeline, track);
    bandwidth += peak;
    averageBandwidth += average;
  }
  return { bandwidth: Math.ceil(bandwidth * HEADROOM), averageBandwidth };
}

function rateOf(timeline: Timeline, track: CmafTrack): { peak: number; average: number } {
  const whole = timeline.segments(track.name).filter(({ complete, bytes }) => complete && bytes > 0);
  const rate = ({ bytes, durationTicks }: Pick<SegmentRecord, "bytes" | "durationTicks">): number =>
    Math.ceil((bytes * 8 * track.timescale) / Math.max(1, durationTicks));
  if (whole.length === 0) return { peak: GUESS[track.kind] ?? 0, average: GUESS[track.kind] ?? 0 };
  const bytes = whole.reduce((sum, each) => sum + each.bytes, 0);
  const durationTicks = whole.reduce((sum, each) => sum + each.durationTicks, 0);
  return { peak: Math.max(...whole.map(rate)), average: rate({ bytes, durationTicks }) };
}

function loudest(timeline: Timeline, audios: readonly CmafTrack[]): CmafTrack {
  return audios.toSorted((a, b) => rateOf(timeline, b).peak - rateOf(timeline, a).peak)[0] as CmafTrack;
}

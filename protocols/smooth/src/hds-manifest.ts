import type { SegmentRecord } from "@millrace/cmaf";
import { FlvMuxer } from "@millrace/flv";
import type { Track } from "@millrace/model";
import { type FragmentRun, type HdsManifest, writeBootstrap } from "@millrace/playlist";
import { type ListedTrack, type Listing, timeAt } from "./listing.ts";

/** Fragments are `hdsSeg1-Frag` and their number. */
const MEDIA = "hds";
const BOOTSTRAP = "live";
const MS = 1000;
/** One segment without end: as many fragments as the field can tell. */
const ENDLESS = 0xffff_ffff;

/** The tracks that a fragment holds: one picture, one sound. The first is the one whose segments are counted. */
export function hdsTracks({ tracks }: Listing): [ListedTrack, ...ListedTrack[]] | undefined {
  const video = tracks.find(({ track }) => track.kind === "video");
  const audio = tracks.find(({ track }) => track.kind === "audio");
  const [first, second] = video === undefined ? [audio] : [video, audio];
  if (first === undefined) return undefined;
  return second === undefined ? [first] : [first, second];
}

/** A muxer for tracks by their place. */
export function hdsMuxer(tracks: readonly Omit<Track, "id">[]): FlvMuxer {
  const muxer = new FlvMuxer({ enhanced: false });
  muxer.setTracks(tracks.map((track, i) => ({ ...track, id: i + 1 })));
  return muxer;
}

/** The F4M manifest. `query` is put behind the bootstrap's URL. Undefined where there is neither H.264 nor AAC. */
export function hdsManifest(listing: Listing, query: string): HdsManifest | undefined {
  const tracks = hdsTracks(listing);
  if (tracks === undefined) return undefined;
  const { presentation, period } = listing;
  const bits = presentation.rates
    .filter((rate) => rate.period === period && tracks.some(({ track }) => track.name === rate.track))
    .reduce((sum, rate) => sum + rate.bitsPerSecond, 0);
  const { width, height } = tracks[0].track.video ?? {};
  return {
    id: "live",
    live: true,
    dvrWindowUs: presentation.targetDurationS * 3_000_000,
    mimeType: "video/x-flv",
    bootstraps: [{ id: BOOTSTRAP, url: `hds.abst${query}` }],
    media: [
      {
        url: MEDIA,
        bootstrapId: BOOTSTRAP,
        bitrateKbit: Math.ceil(bits / 1000),
        ...(width !== undefined && { width }),
        ...(height !== undefined && { height }),
        metadata: hdsMuxer(tracks.map(({ track }) => track)).metadata(),
      },
    ],
  };
}

/** What fragments there are (F4V 10.1 §2.11.2): one for each segment, with its number. */
export function hdsBootstrap(listing: Listing): Uint8Array | undefined {
  const leader = hdsTracks(listing)?.[0];
  const last = leader?.segments.at(-1);
  if (leader === undefined || last === undefined) return undefined;
  const { timescale } = leader.track;
  const at = (ticks: number): number => timeAt(MS, ticks, { timescale, zeroS: listing.zeroS });
  const fragmentRuns = leader.segments.map((segment: SegmentRecord): FragmentRun => {
    const startTicks = at(segment.startTicks);
    const durationTicks = at(segment.startTicks + segment.durationTicks) - startTicks;
    return { firstFragment: segment.msn, startTicks, durationTicks };
  });
  return writeBootstrap({
    version: last.msn,
    live: true,
    timescale: MS,
    currentMediaTicks: at(last.startTicks + last.durationTicks),
    movieIdentifier: MEDIA,
    segmentRuns: [{ firstSegment: 1, fragmentsPerSegment: ENDLESS }],
    fragmentRuns,
  });
}

import type { Report, RuleBase } from "../hls-linter/model.ts";

/** A box with its place in the bytes it was read from (ISO/IEC 14496-12 §4.2). */
export interface Box {
  readonly type: string;
  /** First byte of the header. */
  readonly at: number;
  /** First byte behind the header. */
  readonly start: number;
  readonly end: number;
  readonly children: readonly Box[];
  /** `moov/trak/tkhd`, behind the name of the bytes. */
  readonly where: string;
}

/** What does not fit in a sequence of boxes. */
export interface Fault {
  readonly where: string;
  readonly message: string;
}

/** Bytes taken apart. */
export interface BoxFile {
  readonly where: string;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly boxes: readonly Box[];
  readonly faults: readonly Fault[];
}

/** A piece of media as it was fetched: a segment, a part, a fragment. */
export interface ObservedMedia {
  readonly where: string;
  readonly bytes: Uint8Array;
  /** Said to be decodable without what was before it. */
  readonly independent?: boolean;
  /** Said to follow a discontinuity: its times may leave a gap. */
  readonly discontinuity?: boolean;
}

/** How samples are coded, where no initialization segment says it. */
export interface SampleFormat {
  /** Type of the sample entry. */
  readonly entry: string;
  /** Bytes of the length of a NAL unit; 0 where there are none. */
  readonly nalLengthBytes: number;
}

/** One initialization segment with the media that go with it, in order of decoding. */
export interface ObservedStream {
  readonly where: string;
  /** `cmaf`: one track (ISO/IEC 23000-19); `fragments`: any movie fragments. */
  readonly profile: "cmaf" | "fragments";
  /** Absent where a manifest stands for it. */
  readonly init?: Uint8Array;
  readonly format?: SampleFormat;
  readonly media: readonly ObservedMedia[];
}

/** A track of an initialization segment. Numbers are -1 where the box that has them is not there. */
export interface TrackView extends SampleFormat {
  readonly box: Box;
  readonly where: string;
  readonly id: number;
  readonly handler: string;
  readonly timescale: number;
  readonly entryBoxes: readonly Box[];
  readonly defaults: SampleDefaults | undefined;
}

/** trex (§8.8.3), and what of it tfhd replaces. */
export interface SampleDefaults {
  readonly duration: number;
  readonly size: number;
  readonly flags: number;
}

export interface Sample {
  /** In the bytes of its media. */
  readonly at: number;
  readonly size: number;
  readonly duration: number;
  readonly isSync: boolean;
}

/** A traf. */
export interface FragmentTrack {
  readonly where: string;
  readonly trackId: number;
  readonly tfhdFlags: number;
  /** tfdt; undefined without. A number: times of live media stay below 2⁵³. */
  readonly decodeTime: number | undefined;
  readonly timeVersion: number;
  /** Samples of each trun. */
  readonly runs: readonly (readonly Sample[])[];
  /** Sum of all durations. */
  readonly duration: number;
}

/** A moof, and the mdat behind it where there is one. */
export interface Fragment {
  readonly where: string;
  readonly sequence: number;
  readonly tracks: readonly FragmentTrack[];
  readonly mdat: Box | undefined;
}

export interface MediaView {
  readonly observed: ObservedMedia;
  readonly file: BoxFile;
  readonly fragments: readonly Fragment[];
}

export interface StreamView {
  readonly where: string;
  readonly profile: ObservedStream["profile"];
  readonly init: BoxFile | undefined;
  readonly tracks: readonly TrackView[];
  readonly media: readonly MediaView[];
  /** How the samples of a track are coded, if that is known. */
  formatOf(trackId: number): SampleFormat | undefined;
}

/** A rule and what it looks at. */
export type BmffRule = RuleBase &
  (
    | { readonly on: "file"; readonly check: (file: BoxFile, report: Report) => void }
    | {
        readonly on: "init";
        readonly check: (init: BoxFile, report: Report, stream: StreamView) => void;
      }
    | {
        readonly on: "track";
        readonly check: (track: TrackView, report: Report, init: BoxFile) => void;
      }
    | {
        readonly on: "media";
        readonly check: (media: MediaView, report: Report, stream: StreamView) => void;
      }
    | { readonly on: "stream"; readonly check: (stream: StreamView, report: Report) => void }
  );

import type { ByteSpan } from "../xml/values.ts";
import type { SpliceSignal } from "./splice.ts";

/** A scheme and a value in it (ISO/IEC 23009-1 §5.8.2): roles, properties, clocks… */
export interface Descriptor {
  readonly schemeIdUri: string;
  readonly value?: string;
  readonly id?: string;
}

/** ContentProtection (§5.8.4.1), with the parts that Common Encryption adds to it (ISO/IEC 23001-7 §11.2). */
export interface ContentProtection extends Descriptor {
  /** UUID in the usual spelling. */
  readonly defaultKid?: string;
  /** Whole `pssh` boxes. */
  readonly pssh?: readonly Uint8Array[];
}

/** BaseURL (§5.6). */
export interface BaseUrl {
  readonly uri: string;
  readonly serviceLocation?: string;
  readonly byteRange?: string;
  /** How much earlier than the segment is complete it can be asked for; Infinity: at any time. Microseconds. */
  readonly availabilityTimeOffsetUs?: number;
  readonly availabilityTimeComplete?: boolean;
}

/** A resource, or a stretch of one (§5.3.9.2.3). */
export interface UrlRange {
  readonly sourceUrl?: string;
  readonly range?: ByteSpan;
}

/** SegmentBase (§5.3.9.2), and what the other two have in common with it. */
export interface SegmentBase {
  /** Ticks a second; 1 when absent. */
  readonly timescale?: number;
  /** Media time of the period's beginning. */
  readonly presentationTimeOffsetTicks?: number;
  readonly presentationDurationTicks?: number;
  readonly timeShiftBufferDepthUs?: number;
  readonly indexRange?: ByteSpan;
  readonly indexRangeExact?: boolean;
  /** As in `BaseUrl`. */
  readonly availabilityTimeOffsetUs?: number;
  /** False: a segment can be asked for before it is complete (chunked transfer). */
  readonly availabilityTimeComplete?: boolean;
  readonly initialization?: UrlRange;
  readonly representationIndex?: UrlRange;
}

/** S of a SegmentTimeline (§5.3.9.6). */
export interface TimelineEntry {
  /** Where the one before ends when absent; 0 for the first. */
  readonly startTicks?: number;
  /** Number of the segment, where numbers jump. */
  readonly number?: number;
  readonly durationTicks: number;
  /** How often it comes again; negative: up to the next entry or the end of the period. 0 when absent. */
  readonly repeat?: number;
  /** How many pieces each segment has, named by $SubNumber$. 1 when absent. */
  readonly pieces?: number;
}

/** What SegmentList and SegmentTemplate have in common (§5.3.9.2). */
export interface MultipleSegments extends SegmentBase {
  /** Of every segment, where there is no timeline. */
  readonly durationTicks?: number;
  /** 1 when absent. */
  readonly startNumber?: number;
  readonly endNumber?: number;
  readonly timeline?: { readonly entries?: readonly TimelineEntry[] };
}

/** SegmentURL (§5.3.9.3.2). */
export interface SegmentUrl {
  readonly media?: string;
  readonly mediaRange?: ByteSpan;
  readonly index?: string;
  readonly indexRange?: ByteSpan;
}

/** SegmentList (§5.3.9.3). */
export interface SegmentList extends MultipleSegments {
  readonly urls?: readonly SegmentUrl[];
}

/** SegmentTemplate (§5.3.9.4): URLs with identifiers such as `$Number%05d$` in them. */
export interface SegmentTemplate extends MultipleSegments {
  readonly media?: string;
  readonly index?: string;
  /** As attribute; `initialization` is the element. */
  readonly initializationTemplate?: string;
  readonly bitstreamSwitching?: string;
}

/** One of the three ways to name segments; each level inherits from the one above (§5.3.9.1). */
export interface SegmentInfo {
  readonly segmentBase?: SegmentBase;
  readonly segmentList?: SegmentList;
  readonly segmentTemplate?: SegmentTemplate;
}

/** EventStream's head, and InbandEventStream (§5.10). */
export interface EventScheme {
  readonly schemeIdUri: string;
  readonly value?: string;
  /** Ticks a second; 1 when absent. */
  readonly timescale?: number;
  readonly presentationTimeOffsetTicks?: number;
}

/** Event (§5.10.2.2). */
export interface MpdEvent {
  /** 0 when absent. */
  readonly presentationTimeTicks?: number;
  readonly durationTicks?: number;
  readonly id?: number;
  readonly contentEncoding?: "base64";
  readonly messageData?: string;
  /** SCTE 35 within it (SCTE 214-1 §6.7). */
  readonly signal?: SpliceSignal;
  /** Its text, where it has no signal. */
  readonly message?: string;
}

export interface EventStream extends EventScheme {
  readonly events?: readonly MpdEvent[];
}

/** Label (§5.3.10). */
export interface Label {
  readonly text: string;
  readonly id?: number;
  readonly lang?: string;
}

/** ProducerReferenceTime (§5.12): what the wall clock showed at a media time. */
export interface ProducerReferenceTime {
  readonly id: number;
  readonly inband?: boolean;
  readonly type?: "encoder" | "captured" | "application";
  /** As written: its form is that of `utcTiming`. */
  readonly wallClockTime: string;
  readonly presentationTimeTicks: number;
  readonly utcTiming?: Descriptor;
}

/** Resync (§5.3.13): where within a segment one can start. */
export interface Resync {
  /** SAP type; 0 when absent. */
  readonly type?: number;
  /** Longest distance, ticks of the representation. */
  readonly maxDistanceTicks?: number;
  /** Shortest and longest distance in bytes, as fractions of the bandwidth: thousandths. */
  readonly minDistanceThousandths?: number;
  readonly maxDistanceThousandths?: number;
  readonly marker?: boolean;
}

/** What AdaptationSet and Representation have in common (§5.3.7). */
export interface RepresentationBase {
  readonly profiles?: readonly string[];
  readonly width?: number;
  readonly height?: number;
  /** `16:9`. */
  readonly sar?: string;
  /** `25` or `30000/1001`. */
  readonly frameRate?: string;
  /** `48000`. */
  readonly audioSamplingRate?: string;
  readonly mimeType?: string;
  readonly segmentProfiles?: readonly string[];
  /** RFC 6381 strings. */
  readonly codecs?: readonly string[];
  readonly maximumSapPeriodUs?: number;
  /** 1: every segment begins with a key frame. */
  readonly startWithSap?: number;
  readonly maxPlayoutRateThousandths?: number;
  readonly codingDependency?: boolean;
  readonly scanType?: "progressive" | "interlaced" | "unknown";
  readonly selectionPriority?: number;
  readonly framePackings?: readonly Descriptor[];
  readonly audioChannelConfigurations?: readonly Descriptor[];
  readonly contentProtections?: readonly ContentProtection[];
  readonly essentialProperties?: readonly Descriptor[];
  readonly supplementalProperties?: readonly Descriptor[];
  readonly inbandEventStreams?: readonly EventScheme[];
  readonly labels?: readonly Label[];
  readonly producerReferenceTimes?: readonly ProducerReferenceTime[];
  readonly resyncs?: readonly Resync[];
}

/** Representation (§5.3.5). */
export interface Representation extends RepresentationBase, SegmentInfo {
  /** No white space. */
  readonly id: string;
  /** Bits a second. */
  readonly bandwidth: number;
  /** Less is better. */
  readonly qualityRanking?: number;
  readonly dependencyIds?: readonly string[];
  readonly baseUrls?: readonly BaseUrl[];
}

/** AdaptationSet (§5.3.3). */
export interface AdaptationSet extends RepresentationBase, SegmentInfo {
  readonly id?: number;
  readonly group?: number;
  readonly lang?: string;
  readonly contentType?: "video" | "audio" | "text" | "image" | "application" | "font";
  /** `16:9`. */
  readonly par?: string;
  readonly minBandwidth?: number;
  readonly maxBandwidth?: number;
  readonly minWidth?: number;
  readonly maxWidth?: number;
  readonly minHeight?: number;
  readonly maxHeight?: number;
  readonly minFrameRate?: string;
  readonly maxFrameRate?: string;
  readonly segmentAlignment?: boolean;
  readonly subsegmentAlignment?: boolean;
  readonly subsegmentStartsWithSap?: number;
  readonly bitstreamSwitching?: boolean;
  readonly accessibilities?: readonly Descriptor[];
  readonly roles?: readonly Descriptor[];
  readonly ratings?: readonly Descriptor[];
  readonly viewpoints?: readonly Descriptor[];
  readonly baseUrls?: readonly BaseUrl[];
  readonly representations: readonly Representation[];
}

/** Period (§5.3.2). */
export interface Period extends SegmentInfo {
  readonly id?: string;
  /** From the beginning of the presentation; where the period before ends when absent. Microseconds. */
  readonly startUs?: number;
  readonly durationUs?: number;
  readonly bitstreamSwitching?: boolean;
  /** The period is to be got from there (xlink). */
  readonly href?: string;
  readonly baseUrls?: readonly BaseUrl[];
  readonly assetIdentifier?: Descriptor;
  readonly eventStreams?: readonly EventStream[];
  readonly adaptationSets: readonly AdaptationSet[];
  readonly supplementalProperties?: readonly Descriptor[];
}

/** ServiceDescription (annex K): how the service is meant to be played. */
export interface ServiceDescription {
  readonly id?: number;
  readonly scopes?: readonly Descriptor[];
  /** Milliseconds behind the producer reference time. */
  readonly latency?: {
    readonly referenceId?: number;
    readonly targetMs?: number;
    readonly maxMs?: number;
    readonly minMs?: number;
  };
  readonly playbackRate?: { readonly maxThousandths?: number; readonly minThousandths?: number };
}

export interface ProgramInformation {
  readonly lang?: string;
  readonly moreInformationUrl?: string;
  readonly title?: string;
  readonly source?: string;
  readonly copyright?: string;
}

/** A Media Presentation Description (ISO/IEC 23009-1 §5.3.1). */
export interface Mpd {
  readonly id?: string;
  /** URNs. */
  readonly profiles: readonly string[];
  /** `static` when absent. */
  readonly type?: "static" | "dynamic";
  /** UTC, milliseconds: the zero of every time in it. Required where dynamic. */
  readonly availabilityStartTimeMs?: number;
  readonly availabilityEndTimeMs?: number;
  /** UTC, milliseconds: when this version was made. Required where dynamic. */
  readonly publishTimeMs?: number;
  readonly mediaPresentationDurationUs?: number;
  /** How soon there may be a new version; absent: there will be none. */
  readonly minimumUpdatePeriodUs?: number;
  readonly minBufferTimeUs: number;
  readonly timeShiftBufferDepthUs?: number;
  readonly suggestedPresentationDelayUs?: number;
  readonly maxSegmentDurationUs?: number;
  readonly maxSubsegmentDurationUs?: number;
  readonly programInformation?: ProgramInformation;
  readonly baseUrls?: readonly BaseUrl[];
  /** Where new versions are to be got. */
  readonly locations?: readonly string[];
  readonly patchLocations?: readonly { readonly uri: string; readonly ttlUs?: number }[];
  readonly serviceDescriptions?: readonly ServiceDescription[];
  readonly periods: readonly Period[];
  readonly essentialProperties?: readonly Descriptor[];
  readonly supplementalProperties?: readonly Descriptor[];
  readonly utcTimings?: readonly Descriptor[];
}

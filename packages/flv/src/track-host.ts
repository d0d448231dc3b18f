import type { AccessUnit, AudioFormat, Codec, VideoFormat } from "@millrace/model";

/** What `FlvDemuxer` counts. Numbers only grow. */
export interface FlvCounters {
  /** Access units handed on. */
  units: number;
  /** Bodies, or parts of bodies, that make no sense or lack bytes. */
  damaged: number;
  /** Frames dropped: no configuration yet, no picture in them, or a codec that is not read here. */
  dropped: number;
  /** Timestamps that went back by more than half a second, or more than 10 s ahead. */
  jumps: number;
  /** Timestamps that went back by less; these units got the time of the one before. */
  backSteps: number;
}

/** What is known of a track beside its codec. */
export interface TrackDetails {
  readonly config?: Uint8Array;
  readonly codecString?: string;
  readonly video?: VideoFormat;
  readonly audio?: AudioFormat;
}

/** Codes given to `onProblem`. */
export type FlvDemuxProblem =
  | "flv.damaged"
  | "flv.codec"
  | "flv.config"
  | "flv.no-config"
  | "flv.timestamp-jump"
  | "flv.too-many-tracks";

/** What tracks need of the demultiplexer. */
export interface TrackHost {
  readonly counters: FlvCounters;
  readonly wallMs: number;
  /** Before the details of a track that is ready change. */
  beforeChange(): void;
  /** After the details of a track have changed. */
  trackChanged(): void;
  deliver(unit: AccessUnit): void;
  problem(code: FlvDemuxProblem): void;
}

/** Steps ahead beyond this break the timeline: 10 s. */
const MAX_AHEAD = 900_000;
/** Steps back up to this are a publisher's inaccuracy: half a second. */
const MAX_BACK_STEP = 45_000;

/** What video and audio tracks have in common. */
export class TrackState {
  readonly id: number;
  readonly host: TrackHost;
  codec: Codec | undefined;
  details: TrackDetails = {};
  /** The details say enough for others to decode. */
  ready = false;
  /** It brings a codec that is not read here: nobody waits for it. */
  unreadable = false;
  /** For the next unit. */
  discontinuity = false;
  #lastDts = Number.NaN;
  /** Of the last unit. */
  #lastCodec: Codec | undefined;

  constructor(id: number, host: TrackHost) {
    this.id = id;
    this.host = host;
  }

  /** Takes over details. The coding breaks if units of another codec came before, or `breaks` is set and any came. */
  configure(codec: Codec, details: TrackDetails, breaks: boolean): void {
    if (this.ready) this.host.beforeChange();
    if (this.#lastCodec !== undefined && (breaks || this.#lastCodec !== codec)) this.discontinuity = true;
    this.codec = codec;
    this.details = details;
    this.ready = true;
    this.unreadable = false;
    this.host.trackChanged();
  }

  /** The track goes over to another codec, whose details are still to come. */
  awaitDetails(codec: Codec): void {
    if (this.codec === codec) return;
    if (this.ready) this.host.beforeChange();
    this.codec = codec;
    this.details = {};
    this.ready = false;
  }

  /** Hands a unit on, with its time made sure to go ahead. Times in 90 kHz ticks. */
  deliver(time: { pts: number; dts: number }, key: boolean, data: readonly Uint8Array[]): void {
    const { counters } = this.host;
    let { pts, dts } = time;
    const step = dts - this.#lastDts;
    if (step < -MAX_BACK_STEP || step > MAX_AHEAD) {
      counters.jumps++;
      this.discontinuity = true;
      this.host.problem("flv.timestamp-jump");
    } else if (step < 0) {
      counters.backSteps++;
      dts = this.#lastDts;
      pts = Math.max(pts, dts);
    }
    this.#lastDts = dts;
    this.#lastCodec = this.codec;
    const { discontinuity } = this;
    this.discontinuity = false;
    counters.units++;
    const { wallMs } = this.host;
    this.host.deliver({
      track: this.id,
      pts,
      dts,
      key,
      discontinuity,
      data,
      wallMs,
    });
  }

  drop(): void {
    this.host.counters.dropped++;
  }

  damaged(): void {
    this.host.counters.damaged++;
    this.host.problem("flv.damaged");
  }

  unsupported(): void {
    this.unreadable = true;
    this.drop();
    this.host.problem("flv.codec");
  }
}

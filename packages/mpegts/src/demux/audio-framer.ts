import type { AudioSyntax } from "./audio-syntax.ts";
import type { ElementaryStream } from "./elementary-stream.ts";
import type { Framer, TrackDetails } from "./framer.ts";

/**
 * Gives audio frames their time: that of the PES packet for the first frame to begin in one, and for those behind it as many
 * samples later.
 */
export class SampleClock {
  #base = Number.NaN;
  #samples = 0;
  #rate = 0;

  /** Takes the stamp of a PES packet, NaN for none, for the frame that comes next. */
  set(pts: number): void {
    if (Number.isNaN(pts)) return;
    this.#base = pts;
    this.#samples = 0;
  }

  forget(): void {
    this.#base = Number.NaN;
  }

  /** Time of a frame of `samples` samples at `rate` Hz, in ticks; NaN while nothing is known. */
  next(samples: number, rate: number): number {
    if (rate !== this.#rate) {
      this.#base += this.#rate === 0 ? 0 : Math.round((this.#samples * 90_000) / this.#rate);
      this.#samples = 0;
      this.#rate = rate;
    }
    const pts = this.#base + Math.round((this.#samples * 90_000) / rate);
    this.#samples += samples;
    return pts;
  }
}

/** Cuts audio whose frames carry headers (ADTS, MPEG audio, AC-3, E-AC-3, DTS, Opus) into frames. */
export class AudioFramer implements Framer {
  readonly needsWhole = false;
  readonly #stream: ElementaryStream;
  readonly #syntax: AudioSyntax;
  readonly #clock = new SampleClock();
  #details: TrackDetails = {};
  #sampleRate = 0;
  #channels = -1;
  #profile = -1;
  #rubbish = 0;
  /** After a loss frames have no time until a PES packet gives one. */
  #lost = false;

  constructor(stream: ElementaryStream, syntax: AudioSyntax) {
    this.#stream = stream;
    this.#syntax = syntax;
  }

  begin(): void {
    if (this.#stream.length > 0) this.#extract();
  }

  complete(): void {
    this.#extract();
  }

  lose(): void {
    this.#extract();
    this.#stream.host.counters.droppedUnits++;
    this.#stream.clear();
    this.#stream.skipToNextPacket();
    this.#syntax.finder.reset();
    this.#clock.forget();
    this.#lost = true;
  }

  flush(): void {
    this.#extract();
  }

  details(): TrackDetails {
    return this.#details;
  }

  #extract(): void {
    const stream = this.#stream;
    const finder = this.#syntax.finder;
    const bytes = stream.bytes.subarray(0, stream.length);
    let at = 0;
    for (;;) {
      const found = finder.next(bytes, at);
      if (found < 0) break;
      this.#emit(bytes, found);
      at = found + finder.header.frameLength;
    }
    stream.consume(finder.keepFrom);
    stream.host.counters.rubbishBytes += finder.rubbishBytes - this.#rubbish;
    this.#rubbish = finder.rubbishBytes;
  }

  #emit(bytes: Uint8Array, at: number): void {
    const stream = this.#stream;
    const header = this.#syntax.finder.header;
    const { sampleRate, channels, profile } = header;
    if (sampleRate !== this.#sampleRate || channels !== this.#channels || profile !== this.#profile) {
      this.#sampleRate = sampleRate;
      this.#channels = channels;
      this.#profile = profile;
      this.#details = this.#syntax.describe(bytes, at);
      stream.host.trackChanged();
    }
    stream.takeMark(at);
    this.#clock.set(stream.markPts);
    let pts = this.#clock.next(header.samples, header.sampleRate);
    if (Number.isNaN(pts) && !this.#lost) {
      this.#clock.set(stream.clock.pcrTicks);
      pts = this.#clock.next(header.samples, header.sampleRate);
    }
    if (Number.isNaN(pts)) {
      stream.host.counters.droppedUnits++;
      return;
    }
    this.#lost = false;
    const from = this.#syntax.strip ? at + header.headerLength : at;
    const data = [bytes.subarray(from, at + header.frameLength)];
    const wallMs = stream.host.wallMs;
    stream.deliver({ track: stream.pid, pts, dts: pts, key: true, discontinuity: false, data, wallMs });
  }
}

import {
  aacCodecString,
  type FrameFinder,
  frameFinder,
  LatmParser,
  LOAS_HEADER_BYTES,
  parseLoas,
} from "@millrace/codec";
import { SampleClock } from "./audio-framer.ts";
import type { ElementaryStream } from "./elementary-stream.ts";
import type { Framer, TrackDetails } from "./framer.ts";

/** Cuts LOAS/LATM (ISO/IEC 14496-3 §1.7) into raw AAC frames. */
export class LatmFramer implements Framer {
  readonly needsWhole = false;
  readonly #stream: ElementaryStream;
  readonly #finder: FrameFinder = frameFinder(parseLoas);
  readonly #latm = new LatmParser();
  readonly #clock = new SampleClock();
  #version = 0;
  #rubbish = 0;

  constructor(stream: ElementaryStream) {
    this.#stream = stream;
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
    this.#finder.reset();
    this.#clock.forget();
  }

  flush(): void {
    this.#extract();
  }

  details(): TrackDetails {
    const { config, configBytes } = this.#latm;
    if (config === undefined || configBytes === undefined) return {};
    // As decoded: with SBR a frame makes twice the samples at twice the rate.
    const scale = config.outputSampleRate / config.sampleRate;
    const audio = {
      sampleRate: config.outputSampleRate,
      channels: config.ps && config.channels === 1 ? 2 : config.channels,
      frameSamples: config.frameSamples * scale,
      profile: config.objectType,
    };
    return { audio, config: configBytes, codecString: aacCodecString(config) };
  }

  #extract(): void {
    const stream = this.#stream;
    const bytes = stream.bytes.subarray(0, stream.length);
    let at = 0;
    for (;;) {
      const found = this.#finder.next(bytes, at);
      if (found < 0) break;
      at = found + this.#finder.header.frameLength;
      stream.takeMark(found);
      this.#clock.set(stream.markPts);
      if (this.#latm.parse(bytes.subarray(found + LOAS_HEADER_BYTES, at))) this.#emitFrames();
      else stream.host.counters.droppedUnits++;
    }
    stream.consume(this.#finder.keepFrom);
    stream.host.counters.rubbishBytes += this.#finder.rubbishBytes - this.#rubbish;
    this.#rubbish = this.#finder.rubbishBytes;
  }

  #emitFrames(): void {
    const stream = this.#stream;
    const config = this.#latm.config;
    if (config === undefined) return;
    if (this.#latm.configVersion !== this.#version) {
      this.#version = this.#latm.configVersion;
      stream.host.trackChanged();
    }
    for (const frame of this.#latm.frames) {
      const pts = this.#clock.next(config.frameSamples, config.sampleRate);
      if (Number.isNaN(pts)) {
        stream.host.counters.droppedUnits++;
        continue;
      }
      const wallMs = stream.host.wallMs;
      stream.deliver({
        track: stream.pid,
        pts,
        dts: pts,
        key: true,
        discontinuity: false,
        data: [frame],
        wallMs,
      });
    }
  }
}

import { equalBytes } from "@millrace/bytes";
import {
  type AudioFrameHeader,
  type AudioFrameParser,
  aacCodecString,
  adtsToAudioSpecificConfig,
  buildDac3,
  buildDec3,
  buildDops,
  emptyAc3Header,
  emptyAdtsHeader,
  emptyAudioFrameHeader,
  emptyEac3Header,
  mpaCodecString,
  OPUS_SAMPLE_RATE,
  type OpusHead,
  opusHeadOfChannelConfig,
  opusPacketSamples,
  parseAc3,
  parseAdts,
  parseAudioSpecificConfig,
  parseEac3,
  parseMpa,
  parseOpusHead,
} from "@millrace/codec";
import type { AudioCodec } from "@millrace/model";
import { type AudioPart, parseMultichannelConfig } from "./audio-body.ts";
import { readFlacConfig } from "./flac-config.ts";
import { SampleClock } from "./sample-clock.ts";
import { type TrackDetails, type TrackHost, TrackState } from "./track-host.ts";

/** How a codec whose frames carry headers is read. */
interface Framing {
  readonly header: AudioFrameHeader;
  readonly parse: AudioFrameParser;
  describe(frame: Uint8Array): TrackDetails;
}

/** An audio track out of FLV: sequence headers and frame headers to track details, bodies to access units. */
export class AudioTrack {
  readonly state: TrackState;
  readonly #adts = emptyAdtsHeader();
  readonly #clock = new SampleClock();
  /** The stamps have nanoseconds: nothing is to be made better. */
  #isExact = false;
  #framing: Framing | undefined;
  #framed: AudioCodec | undefined;
  #record: Uint8Array | undefined;
  /** Channels that a multichannel configuration told, for Opus without a header of its own. */
  #channels = 0;
  /** Rate, channels and profile of the frame headers that the details are of. */
  #rate = 0;
  #layout = -1;
  #profile = -1;

  constructor(id: number, host: TrackHost) {
    this.state = new TrackState(id, host);
  }

  /** Takes a part of a body. `dts` in ticks. */
  take(part: AudioPart, dts: number): void {
    this.#isExact ||= part.nanos > 0;
    switch (part.packetType) {
      case "config":
        if (part.codec === undefined) this.state.unsupported();
        else this.#configure(part.codec, part.data);
        break;
      case "frames":
        if (part.codec === undefined) this.state.unsupported();
        else if (part.data.length > 0) this.#frames(part.codec, part.data, dts);
        break;
      case "multichannel":
        this.#multichannel(part);
        break;
      case "damaged":
        this.state.damaged();
        break;
      default:
      // ends, and what later versions bring
    }
  }

  #configure(codec: AudioCodec, record: Uint8Array): void {
    // These tell all in their frames.
    if (codec !== "aac" && codec !== "opus" && codec !== "flac") return;
    // FFmpeg sends an empty one while it does not know better; of Opus it says "mono or stereo".
    if (record.length === 0 && codec !== "opus") return;
    if (this.state.codec === codec && this.#record !== undefined && equalBytes(this.#record, record)) return;
    const details =
      codec === "aac" ? aacDetails(record) : codec === "opus" ? this.#opus(record) : flacDetails(record);
    if (details === undefined) {
      this.state.damaged();
      this.state.host.problem("flv.config");
      return;
    }
    this.#record = record.slice();
    this.state.configure(codec, details, true);
  }

  #opus(record: Uint8Array): TrackDetails | undefined {
    const channels = this.#channels > 0 ? this.#channels : 2;
    const head = record.length === 0 ? opusHeadOfChannelConfig(channels) : parseOpusHead(record);
    return head && opusDetails(head);
  }

  /** For Opus whose sequence header is empty, this tells the channels. */
  #multichannel(part: AudioPart): void {
    const config = parseMultichannelConfig(part.data);
    if (config === undefined || config.channels === 0) {
      this.state.damaged();
      return;
    }
    this.#channels = config.channels;
    const headless = this.#record === undefined || this.#record.length === 0;
    if (part.codec !== "opus" || this.state.codec !== "opus" || !headless) return;
    const details = this.#opus(new Uint8Array(0));
    if (details === undefined || details.audio?.channels === this.state.details.audio?.channels) return;
    this.state.configure("opus", details, true);
  }

  #frames(codec: AudioCodec, data: Uint8Array, dts: number): void {
    switch (codec) {
      case "aac":
        this.#aac(data, dts);
        break;
      case "opus":
        this.#opusPacket(data, dts);
        break;
      case "flac":
        this.#evenly("flac", data, dts);
        break;
      default:
        this.#framedUnits(codec, data, dts);
    }
  }

  #opusPacket(data: Uint8Array, dts: number): void {
    const samples = opusPacketSamples(data, 0, data.length);
    if (samples === 0) {
      this.state.damaged();
      return;
    }
    if (this.state.codec !== "opus") this.#configure("opus", new Uint8Array(0));
    this.#plain("opus", data, this.#place(dts, samples, OPUS_SAMPLE_RATE));
  }

  /** The time of a frame, ticks. */
  #place(dts: number, samples: number | undefined, sampleRate: number | undefined): number {
    if (this.#isExact || samples === undefined || sampleRate === undefined) return dts;
    return this.#clock.place(dts, samples, sampleRate);
  }

  /** A frame of as many samples as the configuration says. */
  #evenly(codec: AudioCodec, data: Uint8Array, dts: number): void {
    const { audio } = this.state.details;
    const known = this.state.ready && this.state.codec === codec && data.length > 0;
    const time = known ? this.#place(dts, audio?.frameSamples, audio?.sampleRate) : dts;
    this.#plain(codec, data, time);
  }

  /** Raw frames; where a publisher left their ADTS headers on, these are taken off. */
  #aac(data: Uint8Array, dts: number): void {
    const adts = this.#adts;
    // A raw frame cannot begin so: its first element would be the end (ISO/IEC 14496-3 §4.4.2.1).
    const headed = parseAdts(data, 0, adts) === data.length && adts.rawBlocks === 1;
    if (headed && (this.state.codec !== "aac" || this.#record === undefined)) {
      const record = adtsToAudioSpecificConfig(data, 0, adts);
      if (record !== undefined) this.#configure("aac", record);
    }
    this.#evenly("aac", headed ? data.subarray(adts.headerLength) : data, dts);
  }

  #plain(codec: AudioCodec, data: Uint8Array, dts: number): void {
    if (!this.state.ready || this.state.codec !== codec) {
      this.state.drop();
      this.state.host.problem("flv.no-config");
      return;
    }
    if (data.length > 0) this.state.deliver({ pts: dts, dts }, true, [data]);
  }

  /** One frame as a rule; of several, the ones behind the first are later by the samples before them. */
  #framedUnits(codec: AudioCodec, data: Uint8Array, dts: number): void {
    if (this.#framing === undefined || this.#framed !== codec) {
      this.#framing = framingOf(codec);
      this.#framed = codec;
      this.#rate = 0;
    }
    const framing = this.#framing;
    if (framing === undefined) {
      this.state.unsupported();
      return;
    }
    const { header } = framing;
    let samples = 0;
    let at = 0;
    while (at < data.length) {
      const size = framing.parse(data, at, header);
      if (size <= 0 || at + size > data.length) {
        this.state.damaged();
        return;
      }
      const frame = data.subarray(at, at + size);
      if (this.#differs(codec, header)) this.state.configure(codec, framing.describe(frame), false);
      const stamp = dts + Math.round((samples * 90_000) / header.sampleRate);
      const pts = this.#place(stamp, header.samples, header.sampleRate);
      this.state.deliver({ pts, dts: pts }, true, [frame]);
      samples += header.samples;
      at += size;
    }
  }

  #differs(codec: AudioCodec, header: AudioFrameHeader): boolean {
    const { sampleRate, channels, profile } = header;
    const same = this.#rate === sampleRate && this.#layout === channels && this.#profile === profile;
    if (same && this.state.codec === codec) return false;
    if (this.state.codec !== codec) this.#record = undefined;
    this.#rate = sampleRate;
    this.#layout = channels;
    this.#profile = profile;
    return true;
  }
}

function framing<H extends AudioFrameHeader>(
  header: H,
  parse: AudioFrameParser<H>,
  describe: (frame: Uint8Array, header: H) => TrackDetails,
): Framing {
  return {
    header,
    parse: (buf, at) => parse(buf, at, header),
    describe: (frame) => ({
      ...describe(frame, header),
      audio: formatOf(header),
    }),
  };
}

function framingOf(codec: AudioCodec): Framing | undefined {
  switch (codec) {
    case "mpa":
      return framing(emptyAudioFrameHeader(), parseMpa, (_frame, header) => ({
        codecString: mpaCodecString(header),
      }));
    case "ac3":
      return framing(emptyAc3Header(), parseAc3, (_frame, header) => ({
        config: buildDac3(header),
        codecString: "ac-3",
      }));
    case "eac3":
      return framing(emptyEac3Header(), parseEac3, (frame) => {
        const config = buildDec3(frame);
        return {
          codecString: "ec-3",
          ...(config === undefined ? {} : { config }),
        };
      });
    default:
      return undefined;
  }
}

function formatOf(header: AudioFrameHeader): NonNullable<TrackDetails["audio"]> {
  const { sampleRate, channels, samples, bitrate, profile } = header;
  return {
    sampleRate,
    channels,
    frameSamples: samples,
    profile,
    ...(bitrate > 0 ? { bitrate } : {}),
  };
}

function aacDetails(record: Uint8Array): TrackDetails | undefined {
  const config = parseAudioSpecificConfig(record);
  if (config === undefined) return undefined;
  const { sampleRate, channels, frameSamples, objectType: profile } = config;
  return {
    config: record.slice(),
    codecString: aacCodecString(config),
    audio: { sampleRate, channels, frameSamples, profile },
  };
}

function opusDetails(head: OpusHead): TrackDetails {
  const audio = { sampleRate: OPUS_SAMPLE_RATE, channels: head.channels };
  return { config: buildDops(head), codecString: "opus", audio };
}

function flacDetails(record: Uint8Array): TrackDetails | undefined {
  const read = readFlacConfig(record);
  return read && { config: read.config, codecString: "flac", audio: read.audio };
}

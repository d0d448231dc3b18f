import {
  type AdtsHeader,
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
  emptyOpusTsHeader,
  FrameFinder,
  mpaCodecString,
  OPUS_SAMPLE_RATE,
  type OpusHead,
  opusHeadOfChannelConfig,
  parseAc3,
  parseAdts,
  parseAudioSpecificConfig,
  parseDts,
  parseEac3,
  parseMpa,
  parseOpusTs,
} from "@millrace/codec";
import type { AudioFormat, Codec } from "@millrace/model";
import { iterateDescriptors } from "../descriptor-loop.ts";
import type { StreamCoding } from "../stream-type.ts";
import type { TrackDetails } from "./framer.ts";

/** What differs between audio codecs whose frames carry their own headers. */
export interface AudioSyntax {
  readonly finder: FrameFinder;
  /** Whether frames are handed on without their header. */
  readonly strip: boolean;
  /** What the frame at `buf[at]`, whose header the finder has read, says of the track. */
  describe(buf: Uint8Array, at: number): TrackDetails;
}

function formatOf(header: AudioFrameHeader): AudioFormat {
  const { sampleRate, channels, samples, bitrate, profile } = header;
  return {
    sampleRate,
    channels,
    frameSamples: samples,
    profile,
    ...(bitrate > 0 ? { bitrate } : {}),
  };
}

function syntax<H extends AudioFrameHeader>(options: {
  parse: AudioFrameParser<H>;
  header: () => H;
  strip?: boolean;
  describe: (buf: Uint8Array, at: number, header: H) => TrackDetails;
}): AudioSyntax {
  const finder = new FrameFinder<H>(options.parse, options.header);
  return {
    finder: finder as unknown as FrameFinder,
    strip: options.strip === true,
    describe: (buf, at) => options.describe(buf, at, finder.header),
  };
}

/** The syntax of an audio codec; `descriptors` are those of the PMT. Undefined for codecs without frames of their own. */
export function audioSyntax(codec: Codec, descriptors: Uint8Array): AudioSyntax | undefined {
  switch (codec) {
    case "aac":
      return syntax({ parse: parseAdts, header: emptyAdtsHeader, strip: true, describe: describeAdts });
    case "mpa":
      return syntax({ parse: parseMpa, header: emptyAudioFrameHeader, describe: describeMpa });
    case "ac3":
      return syntax({
        parse: parseAc3,
        header: emptyAc3Header,
        describe: (_buf, _at, header) => ({
          audio: formatOf(header),
          config: buildDac3(header),
          codecString: "ac-3",
        }),
      });
    case "eac3":
      return syntax({ parse: parseEac3, header: emptyEac3Header, describe: describeEac3 });
    case "dts":
      return syntax({
        parse: parseDts,
        header: emptyAudioFrameHeader,
        describe: (_buf, _at, header) => ({ audio: formatOf(header) }),
      });
    case "opus":
      return opusSyntax(descriptors);
    default:
      return undefined;
  }
}

/** Codecs that real streams announce for one another. */
export const RELATED: ReadonlySet<Codec> = new Set<Codec>(["aac", "mpa", "ac3", "eac3"]);

/** What a PES payload that begins with an audio frame holds; undefined if none begins there. Reads 8 bytes. */
export function sniffAudio(buf: Uint8Array, at: number): StreamCoding | undefined {
  const first = buf[at] as number;
  const second = buf[at + 1] as number;
  if (first === 0xff && (second & 0xf6) === 0xf0) return { kind: "audio", codec: "aac", framing: "adts" };
  if (first === 0xff && (second & 0xe6) >= 0xe2) return { kind: "audio", codec: "mpa", framing: "pes" };
  if (first === 0x56 && (second & 0xe0) === 0xe0) return { kind: "audio", codec: "aac", framing: "latm" };
  if (first !== 0x0b || second !== 0x77) return undefined;
  // bsid, at the same place in both: up to 10 is AC-3 (ATSC A/52 Annex E §E1.2.1)
  return { kind: "audio", codec: (buf[at + 5] as number) >> 3 <= 10 ? "ac3" : "eac3", framing: "pes" };
}

function describeAdts(buf: Uint8Array, at: number, header: AdtsHeader): TrackDetails {
  const bytes = adtsToAudioSpecificConfig(buf, at, header);
  const config = bytes && parseAudioSpecificConfig(bytes);
  const frameSamples = header.samples / header.rawBlocks;
  const audio = { ...formatOf(header), frameSamples };
  if (bytes === undefined || config === undefined) return { audio };
  return {
    audio: { ...audio, channels: config.channels },
    config: bytes,
    codecString: aacCodecString(config),
  };
}

function describeMpa(_buf: Uint8Array, _at: number, header: AudioFrameHeader): TrackDetails {
  return { audio: formatOf(header), codecString: mpaCodecString(header) };
}

function describeEac3(buf: Uint8Array, at: number, header: AudioFrameHeader): TrackDetails {
  const config = buildDec3(buf.subarray(at, at + header.frameLength));
  return { audio: formatOf(header), codecString: "ec-3", ...(config === undefined ? {} : { config }) };
}

/** Opus: frames may be of any length, so none is stated; the channels stand in the PMT. */
function opusSyntax(descriptors: Uint8Array): AudioSyntax {
  const head = opusHead(descriptors);
  return syntax({
    parse: parseOpusTs,
    header: emptyOpusTsHeader,
    strip: true,
    describe: () => ({
      audio: { sampleRate: OPUS_SAMPLE_RATE, channels: head.channels },
      config: buildDops(head),
      codecString: "opus",
    }),
  });
}

/** From the extension descriptor with tag 0x80 (ETSI TS 103 491 §4.2): channel_config_code. Two channels by default. */
function opusHead(descriptors: Uint8Array): OpusHead {
  for (const { tag, data } of iterateDescriptors(descriptors)) {
    if (tag !== 0x7f || data[0] !== 0x80 || data.length < 2) continue;
    const head = opusHeadOfChannelConfig(data[1] as number);
    if (head !== undefined) return head;
  }
  return opusHeadOfChannelConfig(2) as OpusHead;
}

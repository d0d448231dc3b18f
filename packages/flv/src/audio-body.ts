import { u32be } from "@millrace/bytes";
import type { AudioCodec } from "@millrace/model";
import { type EnhancedHead, EnhancedWalker, enhancedHeadBytes, writeEnhancedHead } from "./enhanced.ts";
import { FlvProblem } from "./errors.ts";
import { audioCodecOfFourCc, fourCcOfAudio } from "./four-cc.ts";
import { fill, total } from "./video-body.ts";

/** What a part of a body is; see `VideoPacketType`. */
export type AudioPacketType = "config" | "frames" | "end" | "multichannel" | "unknown" | "damaged";

/** One track's part of an audio message or audio tag. */
export interface AudioPart {
  readonly kind: "legacy" | "enhanced";
  /** Undefined for codecs that are not read here (ADPCM, Nellymoser, Speex…). */
  readonly codec: AudioCodec | undefined;
  /** `SOUND_*`, FLV 10.1 §E.4.2.1. */
  readonly soundFormat: number;
  /** Empty in legacy bodies. */
  readonly fourCc: string;
  readonly packetType: AudioPacketType;
  /** To be added to the timestamp, nanoseconds below one millisecond. */
  readonly nanos: number;
  /** 0 without multitrack. */
  readonly trackId: number;
  /** Hz, as the legacy header says; 0 in enhanced bodies. Untrue for AAC. */
  readonly sampleRate: number;
  /** As the legacy header says; 0 in enhanced bodies. Untrue for AAC. */
  readonly channels: number;
  /** A view on the body. */
  readonly data: Uint8Array;
}

/** SoundFormat. */
export const SOUND_MP3 = 2;
export const SOUND_ENHANCED = 9;
export const SOUND_AAC = 10;
export const SOUND_MP3_8K = 14;

const TYPES = { modEx: 7, multitrack: 5 } as const;
/** AudioPacketType of Enhanced RTMP by number. */
const PACKET_TYPES: readonly AudioPacketType[] = ["config", "frames", "end", "unknown", "multichannel"];
/** Hz by SoundRate. */
const RATES: readonly number[] = [5512, 11_025, 22_050, 44_100];

/**
 * Reads the body of an audio message. Usually there is one part; several where it holds several tracks; none in an empty
 * body, which stands for silence. Never throws: what cannot be read is a part with `packetType` "damaged".
 */
export function parseAudioBody(body: Uint8Array): AudioPart[] {
  if (body.length === 0) return [];
  return (body[0] as number) >> 4 === SOUND_ENHANCED ? parseEnhanced(body) : [parseLegacy(body)];
}

function parseLegacy(body: Uint8Array): AudioPart {
  const first = body[0] as number;
  const soundFormat = first >> 4;
  const mp3 = soundFormat === SOUND_MP3 || soundFormat === SOUND_MP3_8K;
  const codec = soundFormat === SOUND_AAC ? "aac" : mp3 ? "mpa" : undefined;
  let packetType: AudioPacketType = "frames";
  if (codec === "aac") {
    const type = body[1];
    packetType = type === undefined ? "damaged" : type === 0 ? "config" : type === 1 ? "frames" : "unknown";
  }
  const sampleRate = soundFormat === SOUND_MP3_8K ? 8000 : (RATES[(first >> 2) & 3] as number);
  const channels = (first & 1) + 1;
  const data = body.subarray(Math.min(codec === "aac" ? 2 : 1, body.length));
  const fields = {
    codec,
    soundFormat,
    packetType,
    sampleRate,
    channels,
    data,
  } as const;
  return { kind: "legacy", fourCc: "", nanos: 0, trackId: 0, ...fields };
}

function parseEnhanced(body: Uint8Array): AudioPart[] {
  const walker = new EnhancedWalker(body, TYPES);
  const parts: AudioPart[] = [];
  walker.begin();
  while (walker.next()) {
    parts.push(part(walker, PACKET_TYPES[walker.packetType] ?? "unknown", walker.start));
  }
  if (walker.damaged) parts.push(part(walker, "damaged", body.length));
  return parts;
}

function part(walker: EnhancedWalker, packetType: AudioPacketType, from: number): AudioPart {
  return {
    kind: "enhanced",
    codec: audioCodecOfFourCc(walker.fourCc),
    soundFormat: SOUND_ENHANCED,
    fourCc: walker.fourCc,
    packetType,
    nanos: walker.nanos,
    trackId: walker.trackId,
    sampleRate: 0,
    channels: 0,
    data: walker.bytes.subarray(from, Math.max(from, Math.min(walker.end, walker.bytes.length))),
  };
}

/** What the payload of a "multichannel" part says (Enhanced RTMP v2, AudioPacketType.MultichannelConfig). */
export interface MultichannelConfig {
  readonly channels: number;
  /** AudioChannel of each channel, in the order of the bitstream, where told one by one. */
  readonly map: readonly number[];
  /** AudioChannelMask, where told so; else 0. */
  readonly mask: number;
}

/** Reads the payload of a "multichannel" part; undefined where it is cut short or of a reserved kind. */
export function parseMultichannelConfig(data: Uint8Array): MultichannelConfig | undefined {
  if (data.length < 2) return undefined;
  const order = data[0] as number;
  const channels = data[1] as number;
  if (order === 0) return { channels, map: [], mask: 0 };
  if (order === 1) return data.length < 6 ? undefined : { channels, map: [], mask: u32be(data, 2) };
  if (order !== 2 || data.length < 2 + channels) return undefined;
  return { channels, map: [...data.subarray(2, 2 + channels)], mask: 0 };
}

/** What an audio body is to say. */
export interface AudioBodyFields {
  readonly codec: AudioCodec;
  readonly packetType: "config" | "frames" | "end" | "multichannel";
  /** FourCC form. The legacy form is for configuration and frames of AAC, and frames of MP3. */
  readonly enhanced: boolean;
  /** 0 to 999,999. */
  readonly nanos?: number;
  /** Makes it a multitrack body for this track. */
  readonly trackId?: number;
  /** Hz and channels for the header of legacy MP3. */
  readonly sampleRate?: number;
  readonly channels?: number;
  readonly data: readonly Uint8Array[];
}

/** Makes the body of an audio message, in fresh memory. Throws `flv.codec` for what the form cannot carry. */
export function serializeAudioBody(fields: AudioBodyFields): Uint8Array {
  if (!fields.enhanced) return serializeLegacy(fields);
  const fourCc = fourCcOfAudio(fields.codec);
  if (fourCc === undefined) throw new FlvProblem("flv.codec", `no FourCC for ${fields.codec}`);
  const head: EnhancedHead = {
    first: SOUND_ENHANCED << 4,
    packetType: PACKET_TYPES.indexOf(fields.packetType),
    fourCc,
    nanos: fields.nanos ?? 0,
    trackId: fields.trackId,
  };
  const body = new Uint8Array(enhancedHeadBytes(head) + total(fields.data));
  fill(body, writeEnhancedHead(body, head, TYPES), fields.data);
  return body;
}

function serializeLegacy(fields: AudioBodyFields): Uint8Array {
  const { codec, packetType } = fields;
  const aac = codec === "aac" && (packetType === "config" || packetType === "frames");
  const mp3 = codec === "mpa" && packetType === "frames";
  if (!(aac || mp3) || fields.trackId !== undefined || fields.nanos !== undefined) {
    throw new FlvProblem("flv.codec", `no legacy body for ${packetType} of ${codec}`);
  }
  const head = aac ? 2 : 1;
  const body = new Uint8Array(head + total(fields.data));
  // AAC always says 44 kHz, 16 bits, stereo (§E.4.2.1).
  body[0] = aac ? 0xaf : mp3Head(fields.sampleRate ?? 44_100, fields.channels ?? 2);
  if (aac) body[1] = packetType === "config" ? 0 : 1;
  fill(body, head, fields.data);
  return body;
}

/** 16 bits; rates that the field has no code for go as 44 kHz, as the frames tell the truth. */
function mp3Head(sampleRate: number, channels: number): number {
  const format = sampleRate === 8000 ? SOUND_MP3_8K : SOUND_MP3;
  const rate = RATES.indexOf(sampleRate);
  return (format << 4) | ((rate < 0 ? 3 : rate) << 2) | 2 | (channels > 1 ? 1 : 0);
}

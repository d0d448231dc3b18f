import { BitReader, BitWriter } from "@millrace/bytes";
import { unbuildable } from "../errors.ts";

/** samplingFrequencyIndex (ISO/IEC 14496-3 Table 1.18), Hz; index 15 means that 24 bits follow. */
export const AAC_SAMPLE_RATES: readonly number[] = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350,
];

/** channelConfiguration (ISO/IEC 14496-3 Table 1.19) to a count of channels; 0 where a program config element tells. */
const CHANNELS: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 24, 8, 0];

const AOT_SCALABLE = 6;
const AOT_SBR = 5;
const AOT_PS = 29;
const AOT_ELD = 39;
/** Audio object types whose specific configuration is GASpecificConfig. */
const GENERAL_AUDIO: ReadonlySet<number> = new Set([1, 2, 3, 4, 6, 7, 17, 19, 20, 21, 22, 23]);

/** What an AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1) says. */
export interface AudioSpecificConfig {
  /** Of the core coder: 2 is AAC-LC. Never 5 or 29: SBR and PS are flags here. */
  readonly objectType: number;
  /** The object type that the first five bits say (5 and 29 where SBR or PS are signalled explicitly). */
  readonly signalledObjectType: number;
  /** Of the core coder, Hz. */
  readonly sampleRate: number;
  /** Of the decoder's output where SBR is signalled, Hz. */
  readonly outputSampleRate: number;
  readonly channelConfig: number;
  /** 0 where neither the configuration nor a program config element tells. */
  readonly channels: number;
  readonly sbr: boolean;
  readonly ps: boolean;
  /** Samples per frame of the core coder: 1024, 960, 512 or 480. */
  readonly frameSamples: number;
  /** Bits that the configuration takes, without the backward-compatible extension. */
  readonly bitLength: number;
}

/** Reads an AudioSpecificConfig; undefined when it is cut short or makes no sense. */
export function parseAudioSpecificConfig(bytes: Uint8Array): AudioSpecificConfig | undefined {
  const reader = new BitReader(bytes);
  const config = readAudioSpecificConfig(reader);
  if (config === undefined) return undefined;
  return withSyncExtension(reader, config);
}

/**
 * Reads the configuration at the reader's place and leaves the reader after it. The backward-compatible extension is
 * not looked for: inside LATM its presence cannot be told.
 */
export function readAudioSpecificConfig(reader: BitReader): AudioSpecificConfig | undefined {
  const begin = reader.bitPosition;
  const signalledObjectType = readObjectType(reader);
  const sampleRate = readSampleRate(reader);
  const channelConfig = reader.bits(4);
  let objectType = signalledObjectType;
  let outputSampleRate = sampleRate;
  const sbr = objectType === AOT_SBR || objectType === AOT_PS;
  if (sbr) {
    outputSampleRate = readSampleRate(reader);
    objectType = readObjectType(reader);
    if (objectType === 22) reader.skip(4);
  }
  let channels = CHANNELS[channelConfig] as number;
  let frameSamples = 1024;
  if (GENERAL_AUDIO.has(objectType)) {
    const specific = readGeneralAudio(reader, objectType, channelConfig);
    frameSamples = specific.frameSamples;
    if (channelConfig === 0) channels = specific.channels;
  } else if (objectType === AOT_ELD) {
    frameSamples = reader.flag() ? 480 : 512;
  }
  if (reader.overrun || sampleRate === 0 || outputSampleRate === 0 || objectType === 0) return undefined;
  const ps = signalledObjectType === AOT_PS;
  const bitLength = reader.bitPosition - begin;
  return {
    objectType,
    signalledObjectType,
    sampleRate,
    outputSampleRate,
    channelConfig,
    channels,
    sbr,
    ps,
    frameSamples,
    bitLength,
  };
}

/** Builds a two- to five-byte configuration for a plain object type (AAC-LC: 2). Throws `codec.unbuildable`. */
export function buildAudioSpecificConfig(fields: {
  readonly objectType: number;
  readonly sampleRate: number;
  readonly channelConfig: number;
}): Uint8Array {
  const { objectType, sampleRate, channelConfig } = fields;
  if (!GENERAL_AUDIO.has(objectType) || objectType === AOT_SCALABLE || objectType > 4) {
    throw unbuildable("AudioSpecificConfig", `object type ${objectType}`);
  }
  if (channelConfig < 1 || channelConfig > 15) {
    throw unbuildable("AudioSpecificConfig", `channel configuration ${channelConfig}`);
  }
  const writer = new BitWriter(8);
  writer.bits(objectType, 5);
  const index = AAC_SAMPLE_RATES.indexOf(sampleRate);
  if (index >= 0) writer.bits(index, 4);
  else writer.bits(15, 4).bits(sampleRate, 24);
  // GASpecificConfig: frameLengthFlag, dependsOnCoreCoder, extensionFlag all 0.
  writer.bits(channelConfig, 4).bits(0, 3);
  return writer.toBytes();
}

/** RFC 6381 name, "mp4a.40.2". */
export function aacCodecString(config: AudioSpecificConfig): string {
  return `mp4a.40.${config.signalledObjectType}`;
}

/** ISO/IEC 14496-3 §1.6.6.2: SBR and PS told behind a configuration that old decoders can read. */
function withSyncExtension(reader: BitReader, config: AudioSpecificConfig): AudioSpecificConfig {
  if (config.sbr || reader.left < 16 || reader.bits(11) !== 0x2b7) return config;
  if (readObjectType(reader) !== AOT_SBR || !reader.flag()) return config;
  const outputSampleRate = readSampleRate(reader);
  if (reader.overrun || outputSampleRate === 0) return config;
  const ps = reader.left >= 12 && reader.bits(11) === 0x548 && reader.flag();
  return { ...config, sbr: true, ps, outputSampleRate };
}

function readObjectType(reader: BitReader): number {
  const type = reader.bits(5);
  return type === 31 ? 32 + reader.bits(6) : type;
}

function readSampleRate(reader: BitReader): number {
  const index = reader.bits(4);
  return index === 15 ? reader.bits(24) : (AAC_SAMPLE_RATES[index] ?? 0);
}

/** GASpecificConfig, ISO/IEC 14496-3 §4.4.1. */
function readGeneralAudio(
  reader: BitReader,
  objectType: number,
  channelConfig: number,
): { frameSamples: number; channels: number } {
  const frameSamples = reader.flag() ? 960 : 1024;
  if (reader.flag()) reader.skip(14);
  const extension = reader.flag();
  const channels = channelConfig === 0 ? readProgramConfigChannels(reader) : 0;
  if (objectType === AOT_SCALABLE || objectType === 20) reader.skip(3);
  if (extension) {
    if (objectType === 22) reader.skip(16);
    if (objectType === 17 || objectType === 19 || objectType === 20 || objectType === 23) reader.skip(3);
    reader.skip(1);
  }
  return { frameSamples: objectType === 23 ? frameSamples / 2 : frameSamples, channels };
}

/** Channels of a program_config_element (ISO/IEC 14496-3 §4.4.1.1), behind its 3-bit element id. */
export function readProgramConfigChannels(reader: BitReader): number {
  reader.skip(4 + 2 + 4);
  const front = reader.bits(4);
  const side = reader.bits(4);
  const back = reader.bits(4);
  const lfe = reader.bits(2);
  const data = reader.bits(3);
  const coupling = reader.bits(4);
  if (reader.flag()) reader.skip(4);
  if (reader.flag()) reader.skip(4);
  if (reader.flag()) reader.skip(3);
  let channels = lfe;
  for (let i = 0; i < front + side + back; i++) {
    channels += reader.flag() ? 2 : 1;
    reader.skip(4);
  }
  reader.skip(4 * lfe + 4 * data + 5 * coupling);
  reader.align();
  reader.skip(8 * reader.bits(8));
  return reader.overrun ? 0 : channels;
}

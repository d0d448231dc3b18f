import { BitReader } from "@millrace/bytes";
import {
  AC3_CHANNELS,
  AC3_SAMPLE_RATES,
  aacCodecString,
  dec3Format,
  OPUS_SAMPLE_RATE,
  parseAudioSpecificConfig,
  parseDec3,
  parseDops,
} from "@millrace/codec";
import type { AudioCodec, AudioFormat } from "@millrace/model";
import {
  OTI_AAC,
  OTI_AC3,
  OTI_EAC3,
  OTI_MPEG1_AUDIO,
  OTI_MPEG2_AAC_FIRST,
  OTI_MPEG2_AAC_LAST,
  OTI_MPEG2_AUDIO,
} from "../object-type.ts";
import { type DecoderConfig, readElementaryStream } from "./descriptor.ts";
import { type Entry, type EntryDetails, fullPayload, type Unreadable } from "./track-details.ts";

type Plain = Pick<AudioFormat, "channels" | "sampleRate">;

/** Reads what an audio sample entry says of its codec; `format` is what the entry itself has. */
export function audioDetails(entry: Entry, format: Plain): EntryDetails | Unreadable {
  switch (entry.type) {
    case ".mp3":
      return mpaDetails({ ...format, profile: 3 });
    case "ac-3":
      return ac3Details(entry.payload("dac3"), format);
    case "ec-3":
      return eac3Details(entry.payload("dec3"), format);
    case "Opus":
      return opusDetails(entry.payload("dOps"));
    case "fLaC":
      return flacDetails(entry.payload("dfLa"));
    default:
      return mp4aDetails(entry, format);
  }
}

function mp4aDetails(entry: Entry, format: Plain): EntryDetails | Unreadable {
  const esds = fullPayload(entry, "esds");
  const stream = esds && readElementaryStream(esds);
  if (stream === undefined) return "config";
  const { objectType } = stream;
  if (objectType === OTI_AAC || (objectType >= OTI_MPEG2_AAC_FIRST && objectType <= OTI_MPEG2_AAC_LAST))
    return aacDetails(stream);
  if (objectType === OTI_MPEG1_AUDIO || objectType === OTI_MPEG2_AUDIO)
    // The layer is in the frames; nearly always it is the third.
    return mpaDetails({ ...format, profile: 3, ...bitrateOf(stream.bitrate) });
  if (objectType === OTI_AC3) return ac3Details(entry.payload("dac3"), format);
  return objectType === OTI_EAC3 ? eac3Details(entry.payload("dec3"), format) : "codec";
}

function bitrateOf(bitrate: number): Pick<AudioFormat, "bitrate"> {
  return bitrate > 0 ? { bitrate } : {};
}

function details(codec: AudioCodec, rest: Omit<EntryDetails, "kind" | "codec" | "lengthSize">): EntryDetails {
  return { kind: "audio", codec, lengthSize: 0, ...rest };
}

function mpaDetails(audio: AudioFormat): EntryDetails {
  return details("mpa", { audio, codecString: "mp4a.40.34" });
}

function aacDetails({ specific }: DecoderConfig): EntryDetails | Unreadable {
  const parsed = parseAudioSpecificConfig(specific);
  if (parsed === undefined) return "config";
  const { sampleRate, channels, frameSamples, objectType: profile } = parsed;
  return details("aac", {
    config: specific.slice(),
    codecString: aacCodecString(parsed),
    audio: { sampleRate, channels, frameSamples, profile },
  });
}

/** Kbit/s by bit_rate_code (ETSI TS 102 366 Table F.4.1). */
const AC3_KBITS: readonly number[] = [
  32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640,
];

/** dac3 (ETSI TS 102 366 §F.4). */
function ac3Details(stored: Uint8Array | undefined, format: Plain): EntryDetails | Unreadable {
  if (stored === undefined || stored.length < 3) return "config";
  const reader = new BitReader(stored);
  const sampleRate = AC3_SAMPLE_RATES[reader.bits(2)] ?? format.sampleRate;
  const profile = reader.bits(5);
  reader.skip(3);
  const acmod = reader.bits(3);
  const channels = (AC3_CHANNELS[acmod] as number) + reader.bit();
  const kbit = AC3_KBITS[reader.bits(5)] ?? 0;
  const audio = { sampleRate, channels, frameSamples: 1536, profile, ...bitrateOf(1000 * kbit) };
  return details("ac3", { config: stored.slice(0, 3), codecString: "ac-3", audio });
}

function eac3Details(stored: Uint8Array | undefined, format: Plain): EntryDetails | Unreadable {
  const parsed = stored && parseDec3(stored);
  if (stored === undefined || parsed === undefined) return "config";
  const { channels, sampleRate } = dec3Format(parsed);
  const profile = parsed.substreams[0]?.bsid ?? 16;
  const audio = {
    sampleRate: sampleRate || format.sampleRate,
    channels: channels || format.channels,
    profile,
    ...bitrateOf(parsed.bitrate),
  };
  return details("eac3", { config: stored.slice(), codecString: "ec-3", audio });
}

function opusDetails(stored: Uint8Array | undefined): EntryDetails | Unreadable {
  const head = stored && parseDops(stored);
  if (stored === undefined || head === undefined) return "config";
  const audio = { sampleRate: OPUS_SAMPLE_RATE, channels: head.channels };
  return details("opus", { config: stored.slice(), codecString: "opus", audio });
}

/** Version and flags of dfLa, header of the metadata block, STREAMINFO (RFC 9639 §8.2). */
const STREAMINFO_AT = 4 + 4;
const STREAMINFO_BYTES = 34;

/** dfLa (Encapsulation of FLAC in ISO BMFF §3.3.2). */
function flacDetails(stored: Uint8Array | undefined): EntryDetails | Unreadable {
  if (stored === undefined || stored.length < STREAMINFO_AT + STREAMINFO_BYTES) return "config";
  if (((stored[4] as number) & 0x7f) !== 0) return "config";
  const reader = new BitReader(stored, STREAMINFO_AT);
  const least = reader.bits(16);
  const most = reader.bits(16);
  reader.skip(48);
  const sampleRate = reader.bits(20);
  const channels = reader.bits(3) + 1;
  if (sampleRate === 0) return "config";
  const audio = { sampleRate, channels, ...(least === most ? { frameSamples: most } : {}) };
  return details("flac", { config: stored.slice(), codecString: "fLaC", audio });
}

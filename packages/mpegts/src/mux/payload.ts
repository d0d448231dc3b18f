import {
  ADTS_HEADER_BYTES,
  type AdtsFields,
  adtsFields,
  buildLoasFrame,
  buildOpusControlHeader,
  H264_AUD,
  H264_NAL,
  H265_AUD,
  H265_NAL,
  h265NalType,
  NalList,
  parseAudioSpecificConfig,
  parseAvcConfig,
  parseHevcConfig,
  writeAdtsHeader,
  writeAnnexB,
} from "@millrace/codec";
import type { AccessUnit, Track } from "@millrace/model";
import { STREAM_AAC_LATM } from "../stream-type.ts";
import { fitsAdts } from "./stream-entry.ts";

/** A buffer that grows; PES packets are put together in one. */
export class Bytes {
  data = new Uint8Array(4096);
  length = 0;

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    const need = this.length + count;
    if (need <= this.data.length) return;
    const data = new Uint8Array(Math.max(need, this.data.length * 2));
    data.set(this.data.subarray(0, this.length));
    this.data = data;
  }

  append(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.data.set(bytes, this.length);
    this.length += bytes.length;
  }
}

/** Writes the elementary stream form of access units: what `AccessUnit` leaves out, put back. */
export interface PayloadWriter {
  /** Appends the unit to `out`. False if it cannot be written (no configuration yet, or rubbish). */
  write(unit: AccessUnit, out: Bytes): boolean;
}

/** The unit's bytes in one piece; a copy only where they come in several. */
function whole(unit: AccessUnit): Uint8Array {
  const { data } = unit;
  if (data.length === 1) return data[0] as Uint8Array;
  let length = 0;
  for (const part of data) length += part.length;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of data) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/**
 * H.264 and H.265 as Annex B (ISO/IEC 13818-1 §2.14, §2.17): an access unit delimiter first, and parameter sets before key
 * frames that come without.
 */
class NalWriter implements PayloadWriter {
  readonly #delimiter: Uint8Array;
  readonly #sets: readonly Uint8Array[];
  readonly #isSet: (header: number) => boolean;
  readonly #nals = new NalList();

  constructor(options: {
    delimiter: Uint8Array;
    sets: readonly Uint8Array[];
    isSet: (header: number) => boolean;
  }) {
    this.#delimiter = options.delimiter;
    this.#sets = options.sets;
    this.#isSet = options.isSet;
  }

  write(unit: AccessUnit, out: Bytes): boolean {
    const bytes = whole(unit);
    const nals = this.#nals;
    nals.scanLengthPrefixed(bytes, 0, bytes.length);
    if (nals.count === 0) return false;
    out.append(this.#delimiter);
    if (unit.key && !this.#hasSets(bytes)) this.#appendSets(out);
    out.reserve(nals.prefixedSize());
    out.length = writeAnnexB(bytes, nals, { target: out.data, at: out.length });
    return true;
  }

  #hasSets(bytes: Uint8Array): boolean {
    for (let i = 0; i < this.#nals.count; i++) {
      if (this.#isSet(bytes[this.#nals.starts[i] as number] as number)) return true;
    }
    return false;
  }

  #appendSets(out: Bytes): void {
    for (const set of this.#sets) {
      out.append(START_CODE);
      out.append(set);
    }
  }
}

const START_CODE = Uint8Array.of(0, 0, 0, 1);

/** AAC with ADTS headers (ISO/IEC 13818-7 §6.2). */
class AdtsWriter implements PayloadWriter {
  readonly #fields: AdtsFields;

  constructor(fields: AdtsFields) {
    this.#fields = fields;
  }

  write(unit: AccessUnit, out: Bytes): boolean {
    const frame = whole(unit);
    if (frame.length === 0 || frame.length + ADTS_HEADER_BYTES > 0x1fff) return false;
    out.reserve(ADTS_HEADER_BYTES + frame.length);
    writeAdtsHeader(out.data.subarray(out.length), this.#fields, frame.length);
    out.length += ADTS_HEADER_BYTES;
    out.append(frame);
    return true;
  }
}

/** AAC in LOAS frames, each with its configuration. */
class LatmWriter implements PayloadWriter {
  readonly #config: Uint8Array;

  constructor(config: Uint8Array) {
    this.#config = config;
  }

  write(unit: AccessUnit, out: Bytes): boolean {
    const frame = whole(unit);
    // 13 bits of length, less what the configuration and the length bytes take
    if (frame.length === 0 || frame.length > 0x1fff - 64) return false;
    out.append(buildLoasFrame(this.#config, frame));
    return true;
  }
}

/** Opus packets behind their control header. */
class OpusWriter implements PayloadWriter {
  write(unit: AccessUnit, out: Bytes): boolean {
    const packet = whole(unit);
    if (packet.length === 0) return false;
    out.append(buildOpusControlHeader(packet.length));
    out.append(packet);
    return true;
  }
}

/** Units that stand in the transport stream as they are. */
class PlainWriter implements PayloadWriter {
  write(unit: AccessUnit, out: Bytes): boolean {
    const before = out.length;
    for (const part of unit.data) out.append(part);
    return out.length > before;
  }
}

/** Refuses all: for tracks whose configuration is not known yet. */
class NoWriter implements PayloadWriter {
  write(): boolean {
    return false;
  }
}

/** The writer for a track whose PMT entry has `streamType`. */
export function payloadWriter(track: Track, streamType: number): PayloadWriter {
  switch (track.codec) {
    case "h264": {
      const config = track.config === undefined ? undefined : parseAvcConfig(track.config);
      const isSet = (header: number) => (header & 0x1f) === H264_NAL.sps;
      return new NalWriter({
        delimiter: H264_AUD,
        sets: [...(config?.sps ?? []), ...(config?.pps ?? [])],
        isSet,
      });
    }
    case "h265": {
      const config = track.config === undefined ? undefined : parseHevcConfig(track.config);
      const sets = (config?.arrays ?? []).flatMap(({ nals }) => nals);
      return new NalWriter({
        delimiter: H265_AUD,
        sets,
        isSet: (header) => h265NalType(header) === H265_NAL.sps,
      });
    }
    case "aac":
      return aacWriter(track, streamType);
    case "opus":
      return new OpusWriter();
    default:
      return new PlainWriter();
  }
}

function aacWriter(track: Track, streamType: number): PayloadWriter {
  const config = track.config === undefined ? undefined : parseAudioSpecificConfig(track.config);
  if (track.config === undefined || config === undefined) return new NoWriter();
  if (streamType === STREAM_AAC_LATM) return new LatmWriter(track.config);
  return fitsAdts(track) ? new AdtsWriter(adtsFields(config)) : new NoWriter();
}

import type { BoxWriter } from "./box-writer.ts";

/** Descriptor tags (ISO/IEC 14496-1 §7.2.2.1). */
const ES_DESCRIPTOR = 3;
const DECODER_CONFIG = 4;
const DECODER_SPECIFIC = 5;
const SL_CONFIG = 6;
/** streamType, upStream 0, reserved 1. */
const VISUAL_STREAM = 0x11;
const AUDIO_STREAM = 0x15;

export interface ElementaryStream {
  readonly kind: "video" | "audio";
  readonly objectType: number;
  /** Bits a second, where known. */
  readonly bitrate?: number;
  /** DecoderSpecificInfo; empty for none. */
  readonly specific: Uint8Array;
}

/** An esds box (ISO/IEC 14496-14 §5.6.1): ES_ID 0, SL packet header of MP4 files. */
export function writeElementaryStream(writer: BoxWriter, stream: ElementaryStream): void {
  const { specific, bitrate = 0 } = stream;
  const specificBytes = specific.length === 0 ? 0 : 5 + specific.length;
  const decoderBytes = 13 + specificBytes;
  writer.beginFull("esds", 0, 0);
  descriptor(writer, ES_DESCRIPTOR, 3 + 5 + decoderBytes + 5 + 1)
    .u16(0)
    .u8(0);
  descriptor(writer, DECODER_CONFIG, decoderBytes)
    .u8(stream.objectType)
    .u8(stream.kind === "video" ? VISUAL_STREAM : AUDIO_STREAM)
    .u24(0)
    .u32(bitrate)
    .u32(bitrate);
  if (specificBytes > 0) descriptor(writer, DECODER_SPECIFIC, specific.length).bytes(specific);
  descriptor(writer, SL_CONFIG, 1).u8(2);
  writer.end();
}

/** Tag and size: of four bytes always, as many players have come to expect. */
function descriptor(writer: BoxWriter, tag: number, size: number): BoxWriter {
  return writer
    .u8(tag)
    .u8(0x80 | ((size >> 21) & 0x7f))
    .u8(0x80 | ((size >> 14) & 0x7f))
    .u8(0x80 | ((size >> 7) & 0x7f))
    .u8(size & 0x7f);
}

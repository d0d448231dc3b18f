/**
 * What the audio header parsers fill in. One mutable object serves all frames of a track, so that reading a header
 * allocates nothing.
 */
export interface AudioFrameHeader {
  /** Bytes, header included. */
  frameLength: number;
  /** Bytes before the raw frame (ADTS: 7 or 9; LOAS: 3; Opus control header); 0 where the frame keeps its header. */
  headerLength: number;
  /** Hz. */
  sampleRate: number;
  channels: number;
  /** Samples per channel that the frame decodes to, at `sampleRate`. */
  samples: number;
  /** Bits a second where the header says it, else 0. */
  bitrate: number;
  /** MPEG-4 audio object type, MPEG audio layer, AC-3 bsid. */
  profile: number;
}

/** A header with nothing in it yet. */
export function emptyAudioFrameHeader(): AudioFrameHeader {
  return { frameLength: 0, headerLength: 0, sampleRate: 0, channels: 0, samples: 0, bitrate: 0, profile: 0 };
}

/** No frame begins here. */
export const NO_FRAME = 0;
/** The bytes up to the end of the buffer could begin a frame, but its header is not whole. */
export const NEED_MORE = -1;

/**
 * Reads the frame header at `buf[at]`, bounded by `buf.length`. Returns the frame's length in bytes (which may reach
 * past the buffer), `NO_FRAME` or `NEED_MORE`. Never throws.
 */
export type AudioFrameParser<H extends AudioFrameHeader = AudioFrameHeader> = (
  buf: Uint8Array,
  at: number,
  out: H,
) => number;

import type { AudioCodec, VideoCodec } from "@millrace/model";

/** Codecs by the FourCC that Enhanced RTMP v2 ("Enhanced Video", enum VideoFourCc) gives them. */
const VIDEO: ReadonlyMap<string, VideoCodec> = new Map([
  ["avc1", "h264"],
  ["hvc1", "h265"],
  ["av01", "av1"],
  ["vp09", "vp9"],
  ["vp08", "vp8"],
]);

/** Enhanced RTMP v2, "Enhanced Audio", enum AudioFourCc. */
const AUDIO: ReadonlyMap<string, AudioCodec> = new Map([
  ["mp4a", "aac"],
  [".mp3", "mpa"],
  ["Opus", "opus"],
  ["fLaC", "flac"],
  ["ac-3", "ac3"],
  ["ec-3", "eac3"],
]);

/** FourCCs that can be told in `fourCcList` and the like, of all codecs read here. */
export const VIDEO_FOUR_CCS: readonly string[] = [...VIDEO.keys()];
export const AUDIO_FOUR_CCS: readonly string[] = [...AUDIO.keys()];

export function videoCodecOfFourCc(fourCc: string): VideoCodec | undefined {
  return VIDEO.get(fourCc);
}

export function audioCodecOfFourCc(fourCc: string): AudioCodec | undefined {
  return AUDIO.get(fourCc);
}

export function fourCcOfVideo(codec: VideoCodec): string | undefined {
  return keyOf(VIDEO, codec);
}

export function fourCcOfAudio(codec: AudioCodec): string | undefined {
  return keyOf(AUDIO, codec);
}

/** The four letters as a number, most significant first, as `videocodecid` of onMetaData has them. */
export function fourCcNumber(fourCc: string): number {
  let value = 0;
  for (let i = 0; i < 4; i++) value = value * 256 + (fourCc.charCodeAt(i) & 0xff);
  return value;
}

/** The four bytes at `bytes[at]` as letters. */
export function readFourCc(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(
    bytes[at] as number,
    bytes[at + 1] as number,
    bytes[at + 2] as number,
    bytes[at + 3] as number,
  );
}

export function writeFourCc(target: Uint8Array, at: number, fourCc: string): void {
  for (let i = 0; i < 4; i++) target[at + i] = fourCc.charCodeAt(i);
}

function keyOf<C>(map: ReadonlyMap<string, C>, codec: C): string | undefined {
  for (const [fourCc, known] of map) if (known === codec) return fourCc;
  return undefined;
}

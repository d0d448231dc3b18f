import type { Track } from "@millrace/model";

/** objectTypeIndication (ISO/IEC 14496-1 §7.2.6.6.2, MP4 registration authority). */
export const OTI_MPEG4_VIDEO = 0x20;
export const OTI_AAC = 0x40;
/** MPEG-2 AAC: Main, LC, SSR. */
export const OTI_MPEG2_AAC_FIRST = 0x66;
export const OTI_MPEG2_AAC_LAST = 0x68;
export const OTI_MPEG2_VIDEO_FIRST = 0x60;
export const OTI_MPEG2_VIDEO_MAIN = 0x61;
export const OTI_MPEG2_VIDEO_422 = 0x65;
export const OTI_MPEG2_AUDIO = 0x69;
export const OTI_MPEG1_VIDEO = 0x6a;
export const OTI_MPEG1_AUDIO = 0x6b;
/** In use, though never given out by ISO: AC-3 and E-AC-3 in "mp4a". */
export const OTI_AC3 = 0xa5;
export const OTI_EAC3 = 0xa6;

/** Object type of MPEG-1 or MPEG-2 video: the profiles have one each, in the opposite order of their codes. */
export function mpegVideoObjectType({ codec, video }: Track): number {
  if (codec === "mpeg1video") return OTI_MPEG1_VIDEO;
  if (video?.chroma === "4:2:2") return OTI_MPEG2_VIDEO_422;
  const profile = (video?.profile ?? 0) & 7;
  return profile >= 1 && profile <= 5 ? OTI_MPEG2_VIDEO_422 - profile : OTI_MPEG2_VIDEO_MAIN;
}

/** Object type of MPEG audio: MPEG-1, or MPEG-2 with its lower rates. */
export function mpegAudioObjectType({ audio }: Track): number {
  return (audio?.sampleRate ?? 48_000) >= 32_000 ? OTI_MPEG1_AUDIO : OTI_MPEG2_AUDIO;
}

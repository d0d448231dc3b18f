import {
  type AmfObject,
  type AmfValue,
  AUDIO_FOUR_CCS,
  amfObject,
  isAmfObject,
  VIDEO_FOUR_CCS,
} from "@millrace/flv";
import { numberField } from "./command.ts";

/** Flags of `capsEx` (Enhanced RTMP v2, "Enhancing NetConnection connect Command"). */
export const CAPS_RECONNECT = 1;
export const CAPS_MULTITRACK = 2;
export const CAPS_MOD_EX = 4;
export const CAPS_NANO_OFFSET = 8;

/** Flags of `videoFourCcInfoMap` and `audioFourCcInfoMap`; 2 is to encode. */
export const FOUR_CC_DECODE = 1;
export const FOUR_CC_FORWARD = 4;

/** What is read of a peer's list or map: more cannot be meant. */
const MAX_ENTRIES = 64;

/** What one side says it can do beyond Flash. Maps are from FourCC, or `*` for every one, to flags. */
export interface EnhancedCaps {
  readonly capsEx: number;
  readonly video: ReadonlyMap<string, number>;
  readonly audio: ReadonlyMap<string, number>;
}

export const NO_ENHANCED_CAPS: EnhancedCaps = { capsEx: 0, video: new Map(), audio: new Map() };

function forwarding(...codes: string[]): ReadonlyMap<string, number> {
  return new Map(codes.map((code) => [code, FOUR_CC_FORWARD]));
}

/** What this server passes on. */
export const OUR_ENHANCED_CAPS: EnhancedCaps = {
  capsEx: CAPS_RECONNECT | CAPS_MULTITRACK | CAPS_MOD_EX | CAPS_NANO_OFFSET,
  video: forwarding(...VIDEO_FOUR_CCS),
  audio: forwarding(...AUDIO_FOUR_CCS),
};

function addMap(into: Map<string, number>, value: AmfValue): void {
  if (!isAmfObject(value)) return;
  for (const [code, flags] of Object.entries(value).slice(0, MAX_ENTRIES)) {
    if (code.length <= 4 && typeof flags === "number") into.set(code, flags | 0);
  }
}

/** From the object of `connect`, or of its answer. */
export function readEnhancedCaps(object: AmfValue): EnhancedCaps {
  if (!isAmfObject(object)) return NO_ENHANCED_CAPS;
  const video = new Map<string, number>();
  const audio = new Map<string, number>();
  // A list is what version 1 had: video that can be decoded.
  const list = object["fourCcList"];
  for (const code of Array.isArray(list) ? list.slice(0, MAX_ENTRIES) : []) {
    if (typeof code === "string" && code.length <= 4) video.set(code, FOUR_CC_DECODE);
  }
  addMap(video, object["videoFourCcInfoMap"]);
  addMap(audio, object["audioFourCcInfoMap"]);
  return { capsEx: (numberField(object, "capsEx") ?? 0) | 0, video, audio };
}

/** Whether a peer said anything of the enhanced protocol. */
export function isEnhanced(caps: EnhancedCaps): boolean {
  return caps.capsEx !== 0 || caps.video.size > 0 || caps.audio.size > 0;
}

/** The fields that say the same in `connect`, or in its answer. */
export function enhancedFields(caps: EnhancedCaps): AmfObject {
  return {
    fourCcList: [...caps.video.keys()],
    videoFourCcInfoMap: amfObject(Object.fromEntries(caps.video)),
    audioFourCcInfoMap: amfObject(Object.fromEntries(caps.audio)),
    capsEx: caps.capsEx,
  };
}

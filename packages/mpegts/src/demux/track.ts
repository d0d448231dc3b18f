import type { Track } from "@millrace/model";
import { iterateDescriptors } from "../descriptor-loop.ts";
import type { PmtStream } from "../psi.ts";
import type { StreamCoding } from "../stream-type.ts";
import type { TrackDetails } from "./framer.ts";

/** The track of an elementary stream, from its PMT entry and from what its headers have told. */
export function trackOf(
  stream: PmtStream,
  program: number,
  known: { coding: StreamCoding; details: TrackDetails },
): Track {
  const { kind, codec } = known.coding;
  const { pid, streamType, descriptors } = stream;
  return {
    id: pid,
    kind,
    codec,
    timescale: 90_000,
    ...languageOf(descriptors),
    ...known.details,
    ts: { pid, streamType, program, descriptors },
  };
}

/**
 * Language and purpose: ISO_639_language_descriptor (ISO/IEC 13818-1 §2.6.18), else those of the teletext or subtitling
 * descriptor (ETSI EN 300 468 §6.2.41, §6.2.43).
 */
function languageOf(descriptors: Uint8Array): { language?: string; audioType?: number } {
  for (const { tag, data } of iterateDescriptors(descriptors)) {
    if (data.length < 4) continue;
    const language = String.fromCharCode(...data.subarray(0, 3));
    if (!/^[A-Za-z]{3}$/.test(language)) continue;
    if (tag === 0x0a) return { language, audioType: data[3] as number };
    if (tag === 0x56) return { language, audioType: (data[3] as number) >> 3 === 5 ? 2 : 0 };
    // subtitling_type 0x20…0x25: for the hard of hearing
    if (tag === 0x59) return { language, audioType: ((data[3] as number) & 0xf0) === 0x20 ? 2 : 0 };
  }
  return {};
}

import { concat, u16be } from "@millrace/bytes";
import { iterateDescriptors } from "./descriptor-loop.ts";
import { buildSection, type Pmt, type PmtStream, parseSectionHeader } from "./psi.ts";

const TAG_CA = 0x09;
/** VBI teletext, teletext, subtitling (ETSI EN 300 468 table 12). */
const SUBTITLE_TAGS: ReadonlySet<number> = new Set([0x46, 0x56, 0x59]);
/** Private PES data: what carries teletext and subtitles in DVB. */
const STREAM_TYPE_PRIVATE_PES = 0x06;

const TABLE_SDT_ACTUAL = 0x42;
const TABLE_EIT_PRESENT_ACTUAL = 0x4e;
const TABLE_EIT_SCHEDULE_ACTUAL = 0x50;

/** Whether an elementary stream is teletext or DVB subtitles, by its descriptors. */
export function isSubtitleStream(stream: PmtStream): boolean {
  if (stream.streamType !== STREAM_TYPE_PRIVATE_PES) return false;
  for (const { tag } of iterateDescriptors(stream.descriptors)) if (SUBTITLE_TAGS.has(tag)) return true;
  return false;
}

/** PIDs named by the CA_descriptors of a loop (ISO/IEC 13818-1 §2.6.16): ECM in a PMT, EMM in the CAT. */
export function caPids(descriptors: Uint8Array): number[] {
  const pids: number[] = [];
  for (const { tag, data } of iterateDescriptors(descriptors)) {
    if (tag === TAG_CA && data.length >= 4) pids.push(u16be(data, 2) & 0x1fff);
  }
  return pids;
}

/** The PMT with some of its streams only; itself if that is all of them. */
export function selectStreams(pmt: Pmt, keep: (stream: PmtStream) => boolean): Pmt {
  const streams = pmt.streams.filter(keep);
  return streams.length === pmt.streams.length ? pmt : { ...pmt, streams };
}

/**
 * An SDT section of the actual transport stream with one service only (ETSI EN 300 468 §5.2.3); undefined for any
 * other section and where the service is not in it. The result stands alone: section 0 of 0.
 */
export function selectService(section: Uint8Array, serviceId: number): Uint8Array | undefined {
  const header = parseSectionHeader(section);
  if (header === undefined || header.tableId !== TABLE_SDT_ACTUAL) return undefined;
  const end = section.length - 4;
  for (let at = 11; at + 5 <= end; ) {
    const next = at + 5 + (u16be(section, at + 3) & 0x0fff);
    if (next > end) return undefined;
    if (u16be(section, at) === serviceId) {
      const body = concat([section.subarray(8, 11), section.subarray(at, next)]);
      return buildSection({ ...header, number: 0, last: 0 }, body);
    }
    at = next;
  }
  return undefined;
}

/** Whether a section is of the EIT, present/following or schedule, of this service in the actual transport stream. */
export function isEventsOf(section: Uint8Array, serviceId: number): boolean {
  const tableId = section[0] as number;
  const actual = tableId === TABLE_EIT_PRESENT_ACTUAL || tableId >> 4 === TABLE_EIT_SCHEDULE_ACTUAL >> 4;
  return actual && section.length >= 18 && u16be(section, 3) === serviceId;
}

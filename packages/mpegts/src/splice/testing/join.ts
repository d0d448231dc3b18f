import assert from "node:assert/strict";
import { concat } from "@millrace/bytes";
import { PACKET_SIZE, pidOf } from "../../packet.ts";
import { serializePat, serializePmt } from "../../psi.ts";
import { SectionAssembler, SectionPacketizer } from "../../section.ts";
import { alignedPackets, fixture, sharedMedia } from "../../testing/media.ts";
import { TsSplicer } from "../index.ts";

/** For tests only. */

export const BEAR = "tests/fixtures/h264-aac.mpegts";

/** The capture at `path`: of the repository or of shared media. */
export function capture(path: string): Uint8Array | undefined {
  const bytes = path === BEAR ? fixture("h264-aac.mpegts") : sharedMedia(path);
  return bytes === undefined ? undefined : alignedPackets(bytes);
}

export interface JoinOptions {
  /** Packets given at once. */
  readonly batch?: number;
  /** Real time between the inputs. */
  readonly gapNs?: number;
}

/** The parts one after the other, with a switch between them. */
export function join(
  parts: readonly Uint8Array[],
  options: JoinOptions = {},
): { out: Uint8Array; splicer: TsSplicer } {
  const { batch = 7, gapNs = 0 } = options;
  const splicer = new TsSplicer();
  const joined: Uint8Array[] = [];
  let nowNs = 0;
  parts.forEach((part, i) => {
    if (i > 0) {
      nowNs += gapNs;
      splicer.switch(nowNs);
    }
    const copy = part.slice();
    const count = copy.length / PACKET_SIZE;
    for (let first = 0; first < count; first += batch) {
      splicer.process(copy, first * PACKET_SIZE, Math.min(batch, count - first), nowNs);
    }
    joined.push(copy);
  });
  return { out: concat(joined), splicer };
}

/** Sections of one PID, all CRCs checked. */
export function sectionsOf(packets: Uint8Array, pid: number): Uint8Array[] {
  const sections: Uint8Array[] = [];
  const assembler = new SectionAssembler((section) => sections.push(section.slice()));
  for (let at = 0; at < packets.length; at += PACKET_SIZE) {
    if (pidOf(packets, at) === pid) assembler.push(packets, at);
  }
  assert.equal(assembler.crcErrors, 0);
  assert.equal(assembler.lossErrors, 0);
  return sections;
}

/** A stream of nothing but a PAT and one PMT with `streams` entries, ten times. */
export function tablesOnly(version: number, streams: number, pid = 0x100): Uint8Array {
  const pat = serializePat({ transportStreamId: 1, version: 0, programs: [{ number: 1, pmtPid: 0x20 }] });
  const entries = Array.from({ length: streams }, (_, i) => ({
    streamType: 0x1b,
    pid: pid + i,
    descriptors: new Uint8Array(0),
  }));
  const pmt = serializePmt({
    program: 1,
    version,
    pcrPid: pid,
    descriptors: new Uint8Array(0),
    streams: entries,
  });
  const pats = new SectionPacketizer(0);
  const pmts = new SectionPacketizer(0x20, 9);
  return concat(Array.from({ length: 10 }, () => [pats.packetize([pat]), pmts.packetize([pmt])]).flat());
}

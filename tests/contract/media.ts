import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  HEADER_ADAPTATION,
  HEADER_PAYLOAD,
  PACKET_SIZE,
  packHeader,
  SectionPacketizer,
  serializePat,
  serializePmt,
  writeHeader,
  writeNull,
  writePcr,
} from "@millrace/mpegts";

const VIDEO_PID = 0x100;
const PMT_PID = 0x1000;

/**
 * A transport stream of constant bitrate: PAT, PMT, video packets numbered in their payload, a PCR every tenth packet,
 * and a null packet every seventh, so that whoever strips or moves a packet is found out.
 */
export function countedTs(
  packets: number,
  options: { readonly bitrate?: number; readonly from?: number } = {},
): Uint8Array {
  const { bitrate = 4_000_000, from = 0 } = options;
  const bytes = new Uint8Array(packets * PACKET_SIZE);
  const ticksPerPacket = (PACKET_SIZE * 8 * 27_000_000) / bitrate;
  const pat = new SectionPacketizer(0);
  const pmt = new SectionPacketizer(PMT_PID);
  const patSection = serializePat({
    transportStreamId: 1,
    version: 0,
    programs: [{ number: 1, pmtPid: PMT_PID }],
  });
  const none = new Uint8Array(0);
  const streams = [{ streamType: 0x1b, pid: VIDEO_PID, descriptors: none }];
  const pmtSection = serializePmt({ program: 1, version: 0, pcrPid: VIDEO_PID, descriptors: none, streams });
  let continuity = 0;
  for (let i = 0; i < packets; i++) {
    const at = i * PACKET_SIZE;
    const number = from + i;
    pat.continuity = pmt.continuity = Math.floor(number / 100) & 15;
    if (number % 100 === 0) bytes.set(pat.packetize([patSection]), at);
    else if (number % 100 === 1) bytes.set(pmt.packetize([pmtSection]), at);
    else if (number % 7 === 6) writeNull(bytes, at);
    else writeVideo(bytes, at, { number, continuity: continuity++, pcr27: number * ticksPerPacket });
  }
  return bytes;
}

interface VideoPacket {
  readonly number: number;
  readonly continuity: number;
  readonly pcr27: number;
}

function writeVideo(bytes: Uint8Array, at: number, packet: VideoPacket): void {
  const withPcr = packet.number % 10 === 2 || packet.number % 10 === 7;
  const flags = HEADER_PAYLOAD | (withPcr ? HEADER_ADAPTATION : 0);
  writeHeader(bytes, at, packHeader(VIDEO_PID, packet.continuity, flags));
  if (withPcr) {
    bytes[at + 4] = 7;
    bytes[at + 5] = 0x10;
    writePcr(bytes, at + 6, Math.round(packet.pcr27));
  }
  const payload = at + (withPcr ? 12 : 4);
  for (let i = payload; i < at + PACKET_SIZE; i += 4)
    new DataView(bytes.buffer, i, 4).setUint32(0, packet.number);
}

function repositoryRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, "package-lock.json"))) folder = dirname(folder);
  return folder;
}

/** A small capture that is part of the repository. */
export function fixturePath(name: string): string {
  return join(repositoryRoot(), "tests", "fixtures", name);
}

/** Reads a file as plain bytes. */
export function readBytes(file: string): Uint8Array {
  return new Uint8Array(readFileSync(file));
}

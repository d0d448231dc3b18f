import {
  AF_DISCONTINUITY,
  AF_PCR,
  AF_RANDOM_ACCESS,
  HEADER_ADAPTATION,
  HEADER_PAYLOAD,
  HEADER_PUSI,
  PACKET_SIZE,
  packHeader,
  SectionPacketizer,
  serializePat,
  serializePesHeader,
  serializePmt,
  writeHeader,
  writePcr,
} from "@millrace/mpegts";

const PMT_PID = 0x100;
export const VIDEO_PID = 0x101;
export const AUDIO_PID = 0x102;
const FRAME_TICKS = 3600;
const KEY = [0, 0, 0, 1, 0x67, 0x64, 0, 0, 0, 1, 0x65, 0x88];
const OTHER = [0, 0, 0, 1, 0x41, 0x9a];

/** What can be wrong with one segment. */
export interface SegmentFault {
  /** Seconds of media; that of the list when absent. */
  readonly seconds?: number;
  /** 90 kHz; added to every time stamp from here on. */
  readonly jumpTicks?: number;
  readonly noTables?: boolean;
  readonly tablesLate?: boolean;
  /** A packet of stuffing PES before the tables, as a cut out of a live multiplex may have. */
  readonly tablesSecond?: boolean;
  readonly noKey?: boolean;
  /** Drop this video packet: a jump of the counter. */
  readonly dropPacket?: number;
  /** Video counter goes on by this many too many from the segment before. */
  readonly skipContinuity?: number;
  readonly announceDiscontinuity?: boolean;
  readonly noAudio?: boolean;
  /** The tables are those of the segment before, counters and all, so often. */
  readonly tablesAgain?: number;
  readonly twoPrograms?: boolean;
}

/** Makes segment after segment of one live transport stream: H.264 at 25 frames a second, one audio track. */
export class SyntheticStream {
  readonly #pat = new SectionPacketizer(0);
  readonly #pmt = new SectionPacketizer(PMT_PID);
  readonly #counters = new Map<number, number>();
  #ticks = 900_000;
  #out: Uint8Array[] = [];
  #lastTables: Uint8Array[] = [];

  /** `seconds` of media, in packets. */
  segment(seconds: number, fault: SegmentFault = {}): Uint8Array {
    this.#out = [];
    this.#ticks += fault.jumpTicks ?? 0;
    this.#counters.set(VIDEO_PID, ((this.#counters.get(VIDEO_PID) ?? 0) + (fault.skipContinuity ?? 0)) & 15);
    if (fault.tablesSecond === true) this.#emptyPacket(0x1abc);
    if (fault.noTables !== true && fault.tablesLate !== true) this.#tables(fault);
    const frames = Math.round((fault.seconds ?? seconds) * 25);
    for (let i = 0; i < frames; i += 1) {
      const isKey = i === 0 && fault.noKey !== true;
      this.#frame(isKey, i === 0 && fault.announceDiscontinuity === true);
      if (i % 5 === 0 && fault.noAudio !== true)
        this.#pes(AUDIO_PID, 0xc0, new Uint8Array(150).fill(0x22), 0);
      if (i === 0 && fault.tablesLate === true) this.#tables(fault);
      this.#ticks += FRAME_TICKS;
    }
    const packets = this.#out.filter((_, i) => i !== fault.dropPacket);
    return Buffer.concat(packets);
  }

  #tables(fault: SegmentFault): void {
    if (fault.tablesAgain !== undefined) {
      for (let i = 0; i < fault.tablesAgain; i += 1) this.#out.push(...this.#lastTables);
      return;
    }
    const none = new Uint8Array(0);
    const programs = [{ number: 1, pmtPid: PMT_PID }];
    if (fault.twoPrograms === true) programs.push({ number: 2, pmtPid: 0x200 });
    const pat = this.#pat.packetize([serializePat({ transportStreamId: 1, version: 0, programs })]);
    const streams = [{ streamType: 0x1b, pid: VIDEO_PID, descriptors: none }];
    if (fault.noAudio !== true) streams.push({ streamType: 0x0f, pid: AUDIO_PID, descriptors: none });
    const pmt = { program: 1, version: 0, pcrPid: VIDEO_PID, descriptors: none, streams };
    this.#lastTables = [pat, this.#pmt.packetize([serializePmt(pmt)])];
    this.#out.push(...this.#lastTables);
  }

  #frame(isKey: boolean, discontinuity: boolean): void {
    const payload = new Uint8Array(600).fill(0x55);
    payload.set(isKey ? KEY : OTHER);
    const flags = AF_PCR | (isKey ? AF_RANDOM_ACCESS : 0) | (discontinuity ? AF_DISCONTINUITY : 0);
    this.#pes(VIDEO_PID, 0xe0, payload, flags);
  }

  /** One PES packet; `flags` are those of its first adaptation field. */
  #pes(pid: number, streamId: number, payload: Uint8Array, flags: number): void {
    const header = serializePesHeader({ streamId, payloadLength: payload.length, pts: this.#ticks });
    const bytes = Buffer.concat([header, payload]);
    for (let sent = 0; sent < bytes.length; ) {
      const first = sent === 0;
      const least = first && flags !== 0 ? 8 : 0;
      const room = Math.min(184 - least, bytes.length - sent);
      const packet = this.#packet(pid, 184 - room, (first ? HEADER_PUSI : 0) | HEADER_PAYLOAD);
      if (first && flags !== 0) {
        packet[5] = flags;
        if ((flags & AF_PCR) !== 0) writePcr(packet, 6, (this.#ticks - 20_000) * 300);
      }
      packet.set(bytes.subarray(sent, sent + room), PACKET_SIZE - room);
      sent += room;
    }
  }

  /** A packet with an adaptation field of `stuffing` bytes, in which the payload is still to be written. */
  #packet(pid: number, stuffing: number, flags: number): Uint8Array {
    const counter = this.#counters.get(pid) ?? 0;
    this.#counters.set(pid, (counter + 1) & 15);
    const packet = new Uint8Array(PACKET_SIZE).fill(0xff);
    writeHeader(packet, 0, packHeader(pid, counter, flags | (stuffing > 0 ? HEADER_ADAPTATION : 0)));
    if (stuffing > 0) packet[4] = stuffing - 1;
    if (stuffing > 1) packet[5] = 0;
    this.#out.push(packet);
    return packet;
  }

  #emptyPacket(pid: number): void {
    this.#packet(pid, 0, HEADER_PAYLOAD);
  }
}

import type { AccessUnit } from "@millrace/model";
import { hasDiscontinuity, PACKET_SIZE, payloadOffset } from "../packet.ts";
import { PES_BAD, PES_OK, PES_SHORT, PesHeader, STREAM_ID_PADDING } from "../pes.ts";
import type { StreamCoding } from "../stream-type.ts";
import { type Timeline, ticksDiff } from "../ts-time.ts";
import type { Framer } from "./framer.ts";

/** What the demuxer counts. Numbers only grow. */
export interface DemuxCounters {
  packets: number;
  ccErrors: number;
  teiPackets: number;
  scrambledPackets: number;
  /** PES packets whose header makes no sense. */
  pesErrors: number;
  /** PES packets that were shorter than they said, or beyond the size limit. */
  pesLengthErrors: number;
  /** Access units handed on although bytes of them are missing (flagged `discontinuity`). */
  damagedUnits: number;
  /** Access units dropped: bytes missing, or no time stamp to be had. */
  droppedUnits: number;
  /** Bytes between audio frames that belong to none. */
  rubbishBytes: number;
  /** Time stamps that went back, or more than 10 s ahead. */
  timelineBreaks: number;
  units: number;
}

/** What an elementary stream needs of its demuxer. */
export interface DemuxHost {
  /** UTC, milliseconds, of the packets being pushed. */
  wallMs: number;
  readonly counters: DemuxCounters;
  deliver(unit: AccessUnit): void;
  /** The first PES payloads of a stream begin at `buf[from]` (8 bytes at least): another framer may suit them better than the PMT says. */
  sniff(stream: ElementaryStream, buf: Uint8Array, from: number): void;
  /** A framer learnt something about its track. */
  trackChanged(): void;
}

/** The clock of a program, shared by its streams. */
export interface ProgramClock {
  readonly timeline: Timeline;
  /** Last PCR on the timeline, ticks; NaN before the first. */
  pcrTicks: number;
}

/** Longest PES header: 9 bytes and PES_header_data_length. */
const MAX_PES_HEADER = 264;
const MAX_BUFFER = 16 << 20;
/** More than this ahead is a break of the timeline. 10 s. */
const MAX_AHEAD = 900_000;

/**
 * Puts the PES packets of one PID together (ISO/IEC 13818-1 §2.4.3.6): the payload into `bytes[0, length)`, a mark with
 * the time stamps where each packet begins. The framer takes bytes and marks away again.
 */
export class ElementaryStream {
  readonly pid: number;
  coding: StreamCoding;
  readonly host: DemuxHost;
  readonly clock: ProgramClock;
  framer!: Framer;

  /** Payload that is not yet in an access unit. */
  bytes = new Uint8Array(16 << 10);
  length = 0;
  /** What the payload is has been settled. */
  sniffed = false;
  /** The next unit follows a loss or a break. */
  discontinuity = false;

  /** Set by `takeMark`: stamps of the PES packet, NaN where it has none. */
  markPts = Number.NaN;
  markDts = Number.NaN;
  /** random_access_indicator stood in the packet. */
  markRandomAccess = false;

  #marks = 0;
  readonly #markAt = new Float64Array(64);
  readonly #marksPts = new Float64Array(64);
  readonly #marksDts = new Float64Array(64);
  readonly #marksRandomAccess = new Uint8Array(64);

  readonly #header = new PesHeader();
  readonly #headerBytes = new Uint8Array(MAX_PES_HEADER + PACKET_SIZE);
  /** Bytes of a header that goes on in the next packet; 0: none. */
  #headerLength = 0;
  #randomAccess = false;
  /** A PES packet is under way. */
  #open = false;
  /** Bytes it still wants; -1 for unbounded. */
  #left = -1;
  /** PES_packet_length has been found to say too little. */
  #lyingLengths = false;
  #continuity = -1;
  /** Of the last packet, to tell a duplicate from another packet with the same counter. */
  #signature = 0;
  #lastDts = Number.NaN;

  constructor(options: { pid: number; coding: StreamCoding; host: DemuxHost; clock: ProgramClock }) {
    this.pid = options.pid;
    this.coding = options.coding;
    this.host = options.host;
    this.clock = options.clock;
  }

  /** Takes the packet at `buf[at]`. */
  push(buf: Uint8Array, at: number): void {
    const control = buf[at + 3] as number;
    if ((control & 0x10) === 0) return;
    const continuity = control & 0x0f;
    const last = this.#continuity;
    this.#continuity = continuity;
    const signature = signatureOf(buf, at);
    const repeated = signature === this.#signature;
    this.#signature = signature;
    if (last >= 0 && continuity !== ((last + 1) & 15)) {
      if (continuity === last && repeated) return; // a duplicate (§2.4.3.3)
      this.#bridge(buf, at);
    }
    if ((control & 0xc0) !== 0) {
      this.host.counters.scrambledPackets++;
      if (this.#open) this.#loseBytes();
      return;
    }
    const payload = payloadOffset(buf, at);
    const end = at + PACKET_SIZE;
    if (payload >= end) return;
    if (((buf[at + 1] as number) & 0x40) !== 0) {
      this.#randomAccess =
        (control & 0x20) !== 0 && buf[at + 4] !== 0 && ((buf[at + 5] as number) & 0x40) !== 0;
      this.#start(buf, payload, end);
    } else if (this.#headerLength > 0) this.#continueHeader(buf, payload, end);
    else if (this.#open) this.#append(buf, payload, end);
  }

  /** End of input, or of the stream in the PMT. */
  flush(): void {
    this.#closePacket();
    this.framer.flush();
    this.clear();
    this.#continuity = -1;
  }

  /** Empties the buffer and forgets its marks. */
  clear(): void {
    this.length = 0;
    this.#marks = 0;
  }

  /** Takes `count` bytes off the front of the buffer; marks move with what is left. */
  consume(count: number): void {
    if (count <= 0) return;
    this.bytes.copyWithin(0, count, this.length);
    this.length -= count;
    for (let i = 0; i < this.#marks; i++) this.#markAt[i] = (this.#markAt[i] as number) - count;
  }

  /**
   * Finds the PES packet whose stamps belong to an access unit that begins at `offset`: the packet in which it is the first
   * to begin (§2.4.3.7, PTS). Fills `markPts` and its like, with NaN where there is none.
   */
  takeMark(offset: number): void {
    let found = -1;
    while (found + 1 < this.#marks && (this.#markAt[found + 1] as number) <= offset) found++;
    this.markPts = Number.NaN;
    this.markDts = Number.NaN;
    this.markRandomAccess = false;
    if (found < 0) return;
    this.markPts = this.#marksPts[found] as number;
    this.markDts = this.#marksDts[found] as number;
    this.markRandomAccess = this.#marksRandomAccess[found] === 1;
    const rest = this.#marks - found - 1;
    this.#markAt.copyWithin(0, found + 1, this.#marks);
    this.#marksPts.copyWithin(0, found + 1, this.#marks);
    this.#marksDts.copyWithin(0, found + 1, this.#marks);
    this.#marksRandomAccess.copyWithin(0, found + 1, this.#marks);
    this.#marks = rest;
  }

  /** Hands an access unit on. Its flags for breaks are set here. */
  deliver(unit: AccessUnit): void {
    const ahead = unit.dts - this.#lastDts;
    if (ahead < 0 || ahead > MAX_AHEAD) {
      this.host.counters.timelineBreaks++;
      unit.discontinuity = true;
    }
    if (this.discontinuity) unit.discontinuity = true;
    this.discontinuity = false;
    this.#lastDts = unit.dts;
    this.host.counters.units++;
    this.host.deliver(unit);
  }

  /** A counter that is not the next one. */
  #bridge(buf: Uint8Array, at: number): void {
    if (!hasDiscontinuity(buf, at)) this.host.counters.ccErrors++;
    this.#loseBytes();
  }

  #loseBytes(): void {
    if (this.#open || this.#headerLength > 0) {
      this.#headerLength = 0;
      this.framer.lose();
    }
    // What the framer could still hand on came before the loss.
    this.discontinuity = true;
  }

  /** For framers that can use no more of a PES packet with a hole in it: passes over bytes up to the next one. */
  skipToNextPacket(): void {
    this.#open = false;
    this.#headerLength = 0;
  }

  #start(buf: Uint8Array, payload: number, end: number): void {
    this.#closePacket();
    const result = this.#header.parse(buf, payload, end);
    if (result === PES_OK) this.#begin(buf, this.#header.payload, end);
    else if (result === PES_BAD) this.#reject();
    else this.#keepHeader(buf, payload, end);
  }

  #reject(): void {
    this.host.counters.pesErrors++;
    this.#headerLength = 0;
    this.#open = false;
  }

  #keepHeader(buf: Uint8Array, from: number, end: number): void {
    for (let i = from; i < end; i++) this.#headerBytes[this.#headerLength++] = buf[i] as number;
  }

  #continueHeader(buf: Uint8Array, from: number, end: number): void {
    this.#keepHeader(buf, from, end);
    const result = this.#header.parse(this.#headerBytes, 0, this.#headerLength);
    if (result === PES_BAD || (result === PES_SHORT && this.#headerLength > MAX_PES_HEADER)) this.#reject();
    if (result !== PES_OK) return;
    const length = this.#headerLength;
    this.#headerLength = 0;
    this.#begin(this.#headerBytes, this.#header.payload, length);
  }

  /** The PES packet under way ends because another begins or the input does. */
  #closePacket(): void {
    if (this.#headerLength > 0) this.#reject();
    if (!this.#open) return;
    this.#open = false;
    if (this.#left <= 0) return;
    this.host.counters.pesLengthErrors++;
    if (this.framer.needsWhole) this.framer.lose();
  }

  #begin(buf: Uint8Array, from: number, end: number): void {
    const header = this.#header;
    if (header.streamId === STREAM_ID_PADDING) return;
    if (header.scrambling !== 0) {
      this.host.counters.scrambledPackets++;
      return;
    }
    this.#open = true;
    this.#left = header.packetLength === 0 ? -1 : header.packetLength + 6 - this.#headerSize(from);
    if (!this.sniffed && end - from >= 8) this.host.sniff(this, buf, from);
    this.framer.begin(buf, from, end);
    this.#mark();
    this.#append(buf, from, end);
  }

  /** Bytes of the PES header: `payload` counts from where it was parsed. */
  #headerSize(payload: number): number {
    return payload - this.#header.start;
  }

  #mark(): void {
    if (this.#marks === this.#markAt.length) {
      // Bytes without any access unit: the oldest mark is of no use any more.
      this.takeMark(this.#markAt[0] as number);
    }
    const i = this.#marks++;
    const header = this.#header;
    const dts = header.pts < 0 ? Number.NaN : this.clock.timeline.unwrap(header.dts);
    this.#markAt[i] = this.length;
    this.#marksDts[i] = dts;
    this.#marksPts[i] = dts + ticksDiff(header.dts, header.pts);
    this.#marksRandomAccess[i] = this.#randomAccess ? 1 : 0;
  }

  #append(buf: Uint8Array, from: number, end: number): void {
    let count = end - from;
    const left = this.#left;
    if (left >= 0 && count > left) {
      if (this.coding.kind === "video") {
        // More than fits 16 bits, and the rest of it was written as the length: go by the next unit start from now on.
        this.#left = -1;
        this.#lyingLengths = true;
      } else count = left;
    }
    let at = this.length;
    if (at + count > this.bytes.length && !this.#grow(at + count)) return;
    const bytes = this.bytes;
    for (let i = from; i < from + count; i++) bytes[at++] = buf[i] as number;
    this.length = at;
    if (this.#left < 0) return;
    this.#left = left - count;
    if (left > count) return;
    if (this.coding.kind === "video" && this.#lyingLengths) return;
    if (this.coding.kind !== "video") this.#open = false;
    this.framer.complete();
  }

  #grow(need: number): boolean {
    if (need > MAX_BUFFER) {
      this.host.counters.pesLengthErrors++;
      this.host.counters.droppedUnits++;
      this.clear();
      this.skipToNextPacket();
      this.discontinuity = true;
      return false;
    }
    const bytes = new Uint8Array(Math.max(need, this.bytes.length * 2));
    bytes.set(this.bytes);
    this.bytes = bytes;
    return true;
  }
}

/** Some bytes of the packet at `buf[at]`, mixed: equal in a duplicate, hardly ever in another packet. */
function signatureOf(buf: Uint8Array, at: number): number {
  return (
    ((buf[at + 1] as number) << 24) ^
    ((buf[at + 16] as number) << 18) ^
    ((buf[at + 64] as number) << 12) ^
    ((buf[at + 185] as number) << 16) ^
    ((buf[at + 186] as number) << 8) ^
    (buf[at + 187] as number)
  );
}

import {
  AF_DISCONTINUITY,
  adaptationFlags,
  continuityOf,
  hasPayload,
  hasUnitStart,
  PACKET_SIZE,
  PES_OK,
  PesHeader,
  PID_NULL,
  PID_PAT,
  parsePat,
  parsePmt,
  payloadOffset,
  pidOf,
  SectionAssembler,
  SYNC_BYTE,
  ticksDiff,
} from "@millrace/mpegts";
import { hasKeyFrame } from "./key-frame.ts";
import type { PidContinuity, SegmentMedia, StreamOfSegment } from "./model.ts";

type Writable<T> = { -readonly [K in keyof T]: T[K] };

const VIDEO = new Set([0x01, 0x02, 0x10, 0x1b, 0x24]);
const AUDIO = new Set([0x03, 0x04, 0x0f, 0x11, 0x81, 0x87]);
/** As much of the first picture as is looked into. */
const PEEK_BYTES = 64 * 1024;

interface StreamState {
  readonly found: Writable<StreamOfSegment>;
  /** Payload of the first PES packet, while it is being gathered. */
  peek: Uint8Array[] | undefined;
  peeked: number;
}

interface PidState extends PidContinuity {
  /** Packet in which it was first seen. */
  readonly at: number;
  last: number;
  duplicated: boolean;
  firstRepeated: boolean;
  lastPacket: Uint8Array;
}

/** Whether `after` repeats `before`, payload and all, as ISO/IEC 13818-1 §2.4.3.3 allows once. A PCR may differ. */
export function isDuplicate(before: Uint8Array, after: Uint8Array): boolean {
  if (!hasPayload(after, 0) || continuityOf(before, 0) !== continuityOf(after, 0)) return false;
  const [from, to] = [payloadOffset(before, 0), payloadOffset(after, 0)];
  return Buffer.compare(before.subarray(from), after.subarray(to)) === 0;
}

/** Reads one TS segment from its first byte to its last. */
export function readSegment(bytes: Uint8Array): SegmentMedia {
  return new SegmentReader(bytes).read();
}

class SegmentReader {
  readonly #bytes: Uint8Array;
  readonly #pes = new PesHeader();
  readonly #tables = new Map<number, SectionAssembler>();
  readonly #pids = new Map<number, PidState>();
  readonly #broken = new Set<number>();
  readonly #streams = new Map<number, StreamState>();
  #programs = 0;
  #packet = 0;
  #patAt = -1;
  #pmtAt = -1;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#tables.set(PID_PAT, new SectionAssembler((section) => this.#takePat(section)));
  }

  read(): SegmentMedia {
    const packets = Math.floor(this.#bytes.length / PACKET_SIZE);
    let brokenAt = this.#bytes.length % PACKET_SIZE === 0 ? -1 : packets * PACKET_SIZE;
    for (this.#packet = 0; this.#packet < packets; this.#packet += 1) {
      const at = this.#packet * PACKET_SIZE;
      if (this.#bytes[at] === SYNC_BYTE) this.#takePacket(at);
      else if (brokenAt < 0 || brokenAt > at) brokenAt = at;
    }
    for (const stream of this.#streams.values()) this.#endPeek(stream);
    const mediaAt = Math.min(...[...this.#streams.keys()].map((pid) => this.#pids.get(pid)?.at ?? Infinity));
    return {
      packets,
      brokenAt,
      patAt: this.#patAt,
      pmtAt: this.#pmtAt,
      mediaAt: mediaAt === Infinity ? -1 : mediaAt,
      programs: this.#programs,
      streams: [...this.#streams.values()].map((stream) => stream.found),
      brokenPids: [...this.#broken],
      continuity: this.#pids,
    };
  }

  #takePacket(at: number): void {
    const pid = pidOf(this.#bytes, at);
    if (pid === PID_NULL) return;
    this.#count(pid, at);
    const table = this.#tables.get(pid);
    if (table !== undefined) table.push(this.#bytes, at);
    else if (pid > 0x1f) this.#takeMedia(pid, at);
  }

  /** Continuity (ISO/IEC 13818-1 §2.4.3.3): one repetition is allowed, packets without payload do not count. */
  #count(pid: number, at: number): void {
    const counter = continuityOf(this.#bytes, at);
    const payload = hasPayload(this.#bytes, at);
    const excused = (adaptationFlags(this.#bytes, at) & AF_DISCONTINUITY) !== 0;
    const packet = this.#bytes.subarray(at, at + PACKET_SIZE);
    const state = this.#pids.get(pid);
    if (state === undefined) {
      const fresh = {
        at: this.#packet,
        first: counter,
        firstHasPayload: payload,
        excused,
        firstPacket: packet,
      };
      this.#pids.set(pid, {
        ...fresh,
        last: counter,
        duplicated: false,
        firstRepeated: false,
        lastPacket: packet,
      });
      return;
    }
    const expected = payload ? (state.last + 1) & 15 : state.last;
    const duplicate = !state.duplicated && isDuplicate(state.lastPacket, packet);
    if (counter !== expected && !duplicate && !excused) this.#broken.add(pid);
    if (duplicate && state.lastPacket === state.firstPacket) state.firstRepeated = true;
    state.duplicated = duplicate;
    state.last = counter;
    state.lastPacket = packet;
  }

  #takePat(section: Uint8Array): void {
    const pat = parsePat(section);
    if (pat === undefined) return;
    if (this.#patAt < 0) this.#patAt = this.#packet;
    this.#programs = Math.max(this.#programs, pat.programs.length);
    for (const { pmtPid } of pat.programs) {
      if (this.#tables.has(pmtPid)) continue;
      this.#tables.set(pmtPid, new SectionAssembler((pmt) => this.#takePmt(pmt)));
    }
  }

  #takePmt(section: Uint8Array): void {
    const pmt = parsePmt(section);
    if (pmt === undefined) return;
    if (this.#pmtAt < 0) this.#pmtAt = this.#packet;
    for (const { pid, streamType } of pmt.streams) {
      if (this.#streams.has(pid)) continue;
      const kind = VIDEO.has(streamType) ? "video" : AUDIO.has(streamType) ? "audio" : "other";
      const times = { firstPts: undefined, minPts: 0, maxPts: 0, firstDts: undefined, lastDts: 0, units: 0 };
      const found = { pid, streamType, kind, ...times, startsWithKey: undefined } as const;
      this.#streams.set(pid, { found: { ...found }, peek: kind === "video" ? [] : undefined, peeked: 0 });
    }
  }

  #takeMedia(pid: number, at: number): void {
    const stream = this.#streams.get(pid);
    if (stream === undefined) return;
    if (!hasPayload(this.#bytes, at)) return;
    const from = payloadOffset(this.#bytes, at);
    const end = at + PACKET_SIZE;
    if (hasUnitStart(this.#bytes, at)) {
      if (stream.peeked > 0) this.#endPeek(stream);
      if (this.#pes.parse(this.#bytes, from, end) === PES_OK && this.#pes.pts >= 0)
        this.#takeTimes(stream.found);
    } else if (stream.found.units === 0) return;
    if (stream.peek === undefined) return;
    stream.peek.push(this.#bytes.subarray(from, end));
    stream.peeked += end - from;
    if (stream.peeked > PEEK_BYTES) this.#endPeek(stream);
  }

  #takeTimes(found: Writable<StreamOfSegment>): void {
    const { pts, dts } = this.#pes;
    if (found.firstPts === undefined || found.firstDts === undefined) {
      found.firstPts = found.minPts = found.maxPts = pts;
      found.firstDts = found.lastDts = dts;
    } else {
      const unwrapped = found.firstPts + ticksDiff(found.firstPts, pts);
      found.minPts = Math.min(found.minPts, unwrapped);
      found.maxPts = Math.max(found.maxPts, unwrapped);
      found.lastDts = found.firstDts + ticksDiff(found.firstDts, dts);
    }
    found.units += 1;
  }

  #endPeek(stream: StreamState): void {
    if (stream.peek === undefined) return;
    stream.found.startsWithKey = hasKeyFrame(stream.found.streamType, Buffer.concat(stream.peek));
    stream.peek = undefined;
  }
}

import { equalBytes } from "@millrace/bytes";
import { type AccessUnit, PCR_HZ, type Track } from "@millrace/model";
import { PACKET_SIZE, PID_NULL, writeContinuity } from "../packet.ts";
import { MuxStream, type QueuedPes } from "./mux-stream.ts";
import { PacketWriter, payloadHeader } from "./packet-writer.ts";
import { checkMuxPids, type MuxPids, planPids } from "./pids.ts";
import { type StreamEntry, streamEntry } from "./stream-entry.ts";
import { MuxTables } from "./tables.ts";

/** Packets that the multiplexer hands out. One object serves all calls; it and its bytes are valid until the call returns. */
export interface MuxBatch {
  /** Whole packets. */
  bytes: Uint8Array;
  /** The batch begins with PAT, PMT, SDT and then a key frame: a reader can start, and a segment be cut, here. */
  key: boolean;
  /** Of the key frame, ticks; NaN in other batches. */
  pts: number;
  dts: number;
}

export interface MuxerOptions {
  onPackets(batch: MuxBatch): void;
  /** program_number. Default 1. */
  readonly program?: number;
  /** Default 1. */
  readonly transportStreamId?: number;
  readonly serviceName?: string;
  readonly providerName?: string;
  readonly pids?: MuxPids;
  /** Tracks that come out of a transport stream keep their PIDs. */
  readonly keepPids?: boolean;
  /** Longest time between PAT, PMT and SDT. Default 200 ms. */
  readonly tablesMs?: number;
  /** Longest time between PCRs. Default 40 ms. */
  readonly pcrMs?: number;
  /** A unit has been sent this long before its DTS: what the receiver's buffer has to even out. Default 400 ms. */
  readonly delayMs?: number;
  /** Units wait this long, by their DTS, for those of slower tracks. Default 1500 ms. */
  readonly interleaveMs?: number;
  /** Frame AAC as LOAS/LATM instead of ADTS. */
  readonly latm?: boolean;
}

export interface MuxCounters {
  packets: number;
  /** Units that cannot be written: no configuration, empty, or of a track that has no place in a transport stream. */
  droppedUnits: number;
  /** Units that came when the time to send them had passed. */
  lateUnits: number;
  /** Breaks of the timeline, answered with discontinuity_indicator. */
  breaks: number;
}

/** DTS steps beyond these are a break of the timeline: 10 s ahead, 1 s back. */
const BREAK_AHEAD = 10 * PCR_HZ;
const BREAK_BACK = PCR_HZ;
/** Bytes after which a batch is handed out in the middle of a unit. */
const BATCH_BYTES = 256 << 10;

/**
 * Makes a transport stream with one program from access units. Packets of all tracks are spread over time and interleaved by
 * it (ISO/IEC 13818-1 §2.4.2, T-STD): a unit is sent between its predecessor's time and its own, which is its DTS less a
 * delay, and PCRs stand where that clock is due.
 */
export class Muxer {
  readonly #options: MuxerOptions;
  readonly #tables = new MuxTables();
  readonly #out = new PacketWriter();
  readonly #pool: QueuedPes[] = [];
  readonly #batch: MuxBatch = { bytes: new Uint8Array(0), key: false, pts: Number.NaN, dts: Number.NaN };
  readonly #pcrInterval: number;
  readonly #tablesInterval: number;
  readonly #patience: number;
  readonly #delay: number;
  #streams: MuxStream[] = [];
  #pcrStream: MuxStream | undefined;
  #version = -1;
  #pmtPid = 0;
  #sdtPid = 0;
  /** Time of the last packet, 27 MHz; NaN before the first. */
  #now = Number.NaN;
  #lastPcr = Number.NaN;
  #lastTables = Number.NaN;
  /** Latest end of a queued unit. */
  #newest = Number.NEGATIVE_INFINITY;
  /** Counters of PIDs that are gone, should they come back. */
  readonly #continuities = new Map<number, number>();
  readonly counters: MuxCounters = { packets: 0, droppedUnits: 0, lateUnits: 0, breaks: 0 };

  /** Throws `mux.pid` for PIDs that are none. */
  constructor(options: MuxerOptions) {
    checkMuxPids(options.pids ?? {});
    this.#options = options;
    const ms = PCR_HZ / 1000;
    this.#pcrInterval = (options.pcrMs ?? 40) * ms;
    this.#tablesInterval = (options.tablesMs ?? 200) * ms;
    this.#delay = (options.delayMs ?? 400) * ms;
    this.#patience = (options.interleaveMs ?? 1500) * ms;
  }

  /** PIDs in use, by track id. */
  get pids(): ReadonlyMap<number, number> {
    return new Map(this.#streams.map(({ track, pid }) => [track.id, pid]));
  }

  /**
   * The tracks from here on. A stream whose PID and PMT entry stay the same goes on; if the PMT changes, what is queued is
   * sent first, and the tables get a new version. Throws `mux.pids-collide`.
   */
  setTracks(tracks: readonly Track[]): void {
    const planned = this.#plan(tracks);
    const same =
      planned.length === this.#streams.length &&
      planned.every((plan, i) => isSame(plan, this.#streams[i] as MuxStream));
    if (same && this.#version >= 0) {
      for (const [i, { track }] of planned.entries()) (this.#streams[i] as MuxStream).update(track);
      return;
    }
    this.flush();
    for (const { pid, continuity } of this.#streams) this.#continuities.set(pid, continuity);
    this.#streams = planned.map((plan) => this.#open(plan));
    this.#pcrStream =
      this.#streams.find(({ track }) => track.kind === "video") ??
      this.#streams.find(({ track }) => track.kind === "audio") ??
      this.#streams[0];
    this.#version = (this.#version + 1) & 31;
    this.#tables.set({
      transportStreamId: this.#options.transportStreamId ?? 1,
      program: this.#options.program ?? 1,
      pmtPid: this.#pmtPid,
      sdtPid: this.#sdtPid,
      pcrPid: this.#pcrStream?.pid ?? PID_NULL,
      serviceName: this.#options.serviceName ?? "",
      providerName: this.#options.providerName ?? "",
      version: this.#version,
      streams: this.#streams,
    });
    this.#lastTables = Number.NaN;
  }

  #plan(tracks: readonly Track[]): Planned[] {
    const latm = this.#options.latm === true;
    const usable = tracks.flatMap((track) => {
      const entry = streamEntry(track, { latm });
      return entry === undefined ? [] : [{ track, entry }];
    });
    const pids = { pids: this.#options.pids ?? {}, keep: this.#options.keepPids === true };
    const plan = planPids(
      usable.map(({ track }) => track),
      pids,
    );
    this.#pmtPid = plan.pmt;
    this.#sdtPid = plan.sdt;
    return usable.map((one, i) => ({ ...one, pid: plan.tracks[i] as number }));
  }

  #open(plan: Planned): MuxStream {
    const kept = this.#streams.find((stream) => isSame(plan, stream));
    if (kept !== undefined) {
      kept.update(plan.track);
      return kept;
    }
    const stream = new MuxStream({ ...plan, delay: this.#delay, pool: this.#pool });
    stream.continuity = this.#continuities.get(plan.pid) ?? 0;
    stream.lastEnd = this.#now;
    return stream;
  }

  /** Takes a unit; hands out the packets that can be sent now. */
  push(unit: AccessUnit): void {
    const stream = this.#streams.find(({ track }) => track.id === unit.track);
    if (stream === undefined) {
      this.counters.droppedUnits++;
      return;
    }
    const end = unit.dts * 300 - this.#delay;
    if (stream.dense && this.#isBreak(end - stream.lastEnd)) this.#breakTimeline();
    if (end < this.#now) this.counters.lateUnits++;
    const dropped = stream.droppedUnits;
    stream.push(unit);
    this.counters.droppedUnits += stream.droppedUnits - dropped;
    if (end > this.#newest) this.#newest = end;
    this.#pump(false);
    this.#deliver();
  }

  /** Sends all that is queued. */
  flush(): void {
    for (const stream of this.#streams) stream.close();
    this.#pump(true);
    this.#deliver();
  }

  /** Whether a step in a stream's times is no gap but a new timeline; a NaN is none. */
  #isBreak(step: number): boolean {
    return step > BREAK_AHEAD || step < -BREAK_BACK;
  }

  /** The clock starts anew; receivers are told by discontinuity_indicator (§2.4.3.5). */
  #breakTimeline(): void {
    this.flush();
    this.counters.breaks++;
    this.#out.discontinuity = true;
    this.#now = Number.NaN;
    this.#lastPcr = Number.NaN;
    this.#newest = Number.NEGATIVE_INFINITY;
    for (const stream of this.#streams) stream.lastEnd = Number.NaN;
  }

  /** Writes packets in the order of their times, as far as no stream can still bring an earlier one. */
  #pump(all: boolean): void {
    for (;;) {
      const limit = all ? Number.POSITIVE_INFINITY : this.#limit();
      let best: MuxStream | undefined;
      let bestTime = Number.POSITIVE_INFINITY;
      for (const stream of this.#streams) {
        const pes = stream.queue[0];
        if (pes === undefined) continue;
        const time = pes.start + ((pes.end - pes.start) * (pes.index + 1)) / pes.count;
        if (time < bestTime) {
          bestTime = time;
          best = stream;
        }
      }
      if (best === undefined || bestTime > limit) return;
      this.#send(best, bestTime);
    }
  }

  /** Up to when packets may be sent: what streams with nothing queued may still bring lies behind it. */
  #limit(): number {
    let oldest = Number.POSITIVE_INFINITY;
    let limit = Number.POSITIVE_INFINITY;
    for (const stream of this.#streams) {
      const waiting = stream.queue[0];
      if (waiting !== undefined) {
        if (waiting.end < oldest) oldest = waiting.end;
        continue;
      }
      if (!stream.dense || stream.stalled) continue;
      const least = Number.isNaN(stream.lastEnd) ? Number.NEGATIVE_INFINITY : stream.lastEnd;
      if (least < limit) limit = least;
    }
    if (oldest >= limit && this.#newest - oldest > this.#patience) {
      this.#giveUpWaiting();
      return Number.POSITIVE_INFINITY;
    }
    return limit;
  }

  /** Streams with nothing queued are waited for no more until they bring a unit. */
  #giveUpWaiting(): void {
    for (const stream of this.#streams) if (stream.queue.length === 0) stream.stalled = true;
  }

  /** Sends the next packet of a stream. */
  #send(stream: MuxStream, time: number): void {
    const pes = stream.queue[0] as QueuedPes;
    if (pes.index === 0 && stream === this.#pcrStream && this.#isCut(stream, pes)) this.#beginKey(pes);
    if (Number.isNaN(this.#now) || time > this.#now) this.#now = Math.round(time);
    if (!(this.#now - this.#lastTables < this.#tablesInterval)) this.#sendTables();
    if (pes.packets) this.#sendPackets(stream, pes);
    else this.#sendPayload(stream, pes);
    if (pes.sent >= pes.bytes.length) {
      stream.queue.shift();
      stream.release(pes);
    }
    if (this.#out.length >= BATCH_BYTES) this.#deliver();
  }

  /** Whether readers can start at this unit: a key frame, or without video any that is due for tables. */
  #isCut(stream: MuxStream, pes: QueuedPes): boolean {
    if (stream.track.kind === "video") return pes.key;
    return !(pes.end - this.#lastTables < this.#tablesInterval);
  }

  /** A key frame begins: what other streams have begun is finished, so that a cut here parts no PES packet. */
  #beginKey(key: QueuedPes): void {
    for (const stream of this.#streams) {
      const pes = stream.queue[0];
      if (pes === undefined || pes === key || pes.index === 0) continue;
      while (stream.queue[0] === pes) this.#send(stream, this.#now);
    }
    this.#deliver();
    this.#batch.key = true;
    this.#batch.pts = key.pts;
    this.#batch.dts = key.dts;
    this.#lastTables = Number.NaN;
  }

  #sendTables(): void {
    const at = this.#out.length;
    const count = this.#tables.count;
    this.#tables.copy(this.#out.claim(count), at);
    this.counters.packets += count;
    this.#lastTables = this.#now;
  }

  /** PCRs that are due before a packet of another stream, or between two of this one. */
  #sendDuePcrs(until: number): void {
    const stream = this.#pcrStream;
    if (stream === undefined) return;
    if (Number.isNaN(this.#lastPcr)) this.#lastPcr = until - this.#pcrInterval - 1; // nothing goes out without a clock
    while (this.#lastPcr + this.#pcrInterval < until) {
      this.#lastPcr = Math.round(this.#lastPcr + this.#pcrInterval);
      this.#out.pcr(stream.pid, stream.continuity - 1, this.#lastPcr);
      this.counters.packets++;
    }
  }

  #sendPackets(stream: MuxStream, pes: QueuedPes): void {
    this.#sendDuePcrs(this.#now);
    const at = this.#out.length;
    const buf = this.#out.claim(1);
    buf.set(pes.bytes.data.subarray(pes.sent, pes.sent + PACKET_SIZE), at);
    writeContinuity(buf, at, stream.continuity);
    stream.continuity = (stream.continuity + 1) & 15;
    pes.sent += PACKET_SIZE;
    pes.index++;
    this.counters.packets++;
  }

  #sendPayload(stream: MuxStream, pes: QueuedPes): void {
    const first = pes.index === 0;
    const owner = stream === this.#pcrStream;
    const elapsed = Number.isNaN(this.#lastPcr) ? Number.POSITIVE_INFINITY : this.#now - this.#lastPcr;
    // At a unit's start there is an adaptation field to be had cheaply, so do not wait for the last moment.
    const withPcr =
      owner && (first ? elapsed >= this.#pcrInterval / 2 || pes.key : elapsed >= this.#pcrInterval * 0.9);
    if (!Number.isNaN(this.#lastPcr) || !withPcr) this.#sendDuePcrs(this.#now);
    const pcr27 = withPcr ? this.#now : -1;
    const randomAccess = first && pes.key;
    const header = payloadHeader(stream.pid, stream.continuity, first);
    stream.continuity = (stream.continuity + 1) & 15;
    pes.sent += this.#out.payload(header, pes.bytes, { from: pes.sent, pcr27, randomAccess });
    pes.index++;
    if (withPcr) this.#lastPcr = this.#now;
    this.counters.packets++;
  }

  #deliver(): void {
    if (this.#out.length === 0) return;
    const batch = this.#batch;
    batch.bytes = this.#out.bytes;
    this.#out.length = 0;
    this.#options.onPackets(batch);
    batch.key = false;
    batch.pts = Number.NaN;
    batch.dts = Number.NaN;
  }
}

/** A track with its place in the PMT. */
interface Planned {
  readonly track: Track;
  readonly entry: StreamEntry;
  readonly pid: number;
}

function isSame({ track, entry, pid }: Planned, stream: MuxStream): boolean {
  return (
    stream.pid === pid &&
    stream.track.id === track.id &&
    stream.track.codec === track.codec &&
    stream.entry.streamType === entry.streamType &&
    equalBytes(stream.entry.descriptors, entry.descriptors)
  );
}

import { equalBytes } from "@millrace/bytes";
import type { AccessUnit, Track } from "@millrace/model";
import { serializePesHeader } from "../pes.ts";
import { SectionPacketizer } from "../section.ts";
import { Bytes, type PayloadWriter, payloadWriter } from "./payload.ts";
import type { StreamEntry } from "./stream-entry.ts";

/** A PES packet (or the packets of a section) that waits to be sent. Times are at 27 MHz. */
export interface QueuedPes {
  readonly bytes: Bytes;
  /** Whole transport-stream packets already, as sections are. */
  packets: boolean;
  key: boolean;
  pts: number;
  dts: number;
  /** Its packets are spread over the time from `start` to `end`. */
  start: number;
  end: number;
  /** Bytes sent, packets sent, and how many packets there will be. */
  sent: number;
  index: number;
  count: number;
}

/** Audio frames share a PES packet up to this many bytes, or this long (ticks). */
const AUDIO_PES_BYTES = 1400;
const AUDIO_PES_TICKS = 6000;
/** A frame continues a PES packet if its time is what the samples before it make it, to this many ticks. */
const AUDIO_TOLERANCE = 2;
/** A packet is not spread over more than this, however long ago its stream's last one was. 100 ms. */
const MAX_SPREAD = 2_700_000;
/** ETSI EN 300 472 §4.2: a teletext PES header has 45 bytes in all. */
const TELETEXT_STUFFING = 0x24 - 5;

/** One track on its way into packets: payload form, PES packets, and a queue of them. */
export class MuxStream {
  readonly pid: number;
  readonly entry: StreamEntry;
  readonly queue: QueuedPes[] = [];
  /** Continuity counter of the next packet with payload. */
  continuity = 0;
  /** Mux time at which its last PES packet ends; NaN before the first. */
  lastEnd = Number.NaN;
  /** Units that could not be written. */
  droppedUnits = 0;
  /** It has brought nothing for so long that others wait for it no more. */
  stalled = false;
  track: Track;

  readonly #delay: number;
  #writer: PayloadWriter;
  readonly #pool: QueuedPes[];
  readonly #sections: SectionPacketizer | undefined;
  #open: QueuedPes | undefined;
  #openFirst = 0;
  #openNext = Number.NaN;

  /** `delay`: how long before its DTS a unit has been sent, 27 MHz. `pool`: buffers shared by all streams. */
  constructor(options: { pid: number; track: Track; entry: StreamEntry; delay: number; pool: QueuedPes[] }) {
    this.pid = options.pid;
    this.track = options.track;
    this.entry = options.entry;
    this.#delay = options.delay;
    this.#pool = options.pool;
    this.#writer = payloadWriter(options.track, options.entry.streamType);
    this.#sections = options.track.codec === "scte35" ? new SectionPacketizer(options.pid) : undefined;
  }

  /** Whether units come without pauses, so that others wait for them. */
  get dense(): boolean {
    return this.track.kind === "video" || this.track.kind === "audio";
  }

  /** The same stream goes on with what has become known of its track. */
  update(track: Track): void {
    const sameConfig = equalConfig(track.config, this.track.config);
    this.track = track;
    if (sameConfig) return;
    this.close();
    this.#writer = payloadWriter(track, this.entry.streamType);
  }

  /** Takes a unit; its bytes are copied. */
  push(unit: AccessUnit): void {
    this.stalled = false;
    if (this.#sections !== undefined) {
      this.#pushSection(unit, this.#sections);
      return;
    }
    if (this.track.kind === "audio") {
      this.#pushAudio(unit);
      return;
    }
    const pes = this.#begin(unit);
    if (this.#writer.write(unit, pes.bytes)) this.#finish(pes);
    else this.#drop(pes);
  }

  /** Closes a PES packet that waits for more audio frames. */
  close(): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    this.#finish(open);
  }

  release(pes: QueuedPes): void {
    this.#pool.push(pes);
  }

  #drop(pes: QueuedPes): void {
    this.droppedUnits++;
    this.release(pes);
  }

  /** A PES packet with room for its header. */
  #begin(unit: AccessUnit): QueuedPes {
    const pes = this.#pool.pop() ?? emptyPes();
    pes.bytes.length = HEADER_SPACE;
    pes.packets = false;
    pes.key = unit.key;
    pes.pts = unit.pts;
    pes.dts = unit.dts;
    pes.end = unit.dts * 300 - this.#delay;
    pes.sent = 0;
    pes.index = 0;
    return pes;
  }

  #pushAudio(unit: AccessUnit): void {
    const samples = this.track.audio?.frameSamples;
    const rate = this.track.audio?.sampleRate ?? 0;
    const ticks = samples === undefined || rate === 0 ? Number.NaN : (samples * 90_000) / rate;
    if (this.#open !== undefined) {
      const fits = Math.abs(unit.pts - this.#openNext) <= AUDIO_TOLERANCE && !unit.discontinuity;
      if (!fits) this.close();
    }
    const open = this.#open ?? this.#begin(unit);
    const first = this.#open === undefined;
    if (!this.#writer.write(unit, open.bytes)) {
      if (first) this.#drop(open);
      else this.droppedUnits++;
      return;
    }
    if (first) {
      this.#openFirst = unit.pts;
      this.#openNext = unit.pts;
    }
    this.#open = open;
    this.#openNext += ticks;
    const size = open.bytes.length - HEADER_SPACE;
    const more = size + size / Math.max(1, (this.#openNext - this.#openFirst) / ticks);
    const full = more > AUDIO_PES_BYTES || this.#openNext - this.#openFirst + ticks > AUDIO_PES_TICKS;
    if (Number.isNaN(ticks) || full) this.close();
  }

  #pushSection(unit: AccessUnit, sections: SectionPacketizer): void {
    const pes = this.#begin(unit);
    pes.bytes.length = 0;
    pes.packets = true;
    pes.bytes.append(sections.packetize(unit.data));
    pes.count = pes.bytes.length / 188;
    this.#enqueue(pes);
  }

  /** Writes the header in front of the payload and puts the packet into the queue. */
  #finish(pes: QueuedPes): void {
    const { bytes } = pes;
    const teletext = this.track.codec === "teletext";
    const header = serializePesHeader({
      streamId: this.entry.streamId,
      payloadLength: bytes.length - HEADER_SPACE,
      pts: pes.pts,
      ...(this.track.kind === "video" ? { dts: pes.dts } : {}),
      aligned: true,
      ...(teletext ? { stuffing: TELETEXT_STUFFING } : {}),
    });
    pes.sent = HEADER_SPACE - header.length;
    bytes.data.set(header, pes.sent);
    // The first packet may carry a PCR, 8 bytes.
    pes.count = Math.max(1, Math.ceil((bytes.length - pes.sent + 8) / 184));
    this.#enqueue(pes);
  }

  #enqueue(pes: QueuedPes): void {
    const { end } = pes;
    const before = Number.isNaN(this.lastEnd) ? end : this.lastEnd;
    pes.start = Math.min(end, Math.max(before, end - MAX_SPREAD));
    this.lastEnd = Math.max(end, before);
    this.queue.push(pes);
  }
}

/** More than any PES header made here: 9 bytes, two time stamps, teletext's stuffing. */
const HEADER_SPACE = 64;

function emptyPes(): QueuedPes {
  const numbers = { pts: 0, dts: 0, start: 0, end: 0, sent: 0, index: 0, count: 0 };
  return { bytes: new Bytes(), packets: false, key: false, ...numbers };
}

function equalConfig(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && equalBytes(a, b));
}

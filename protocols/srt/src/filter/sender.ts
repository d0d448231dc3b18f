import { putU16be, u32be } from "@millrace/bytes";
import { FILTER_EXTRA_BYTES, type FilterConfig } from "./config.ts";
import { Geometry, sequenceDistance } from "./geometry.ts";
import { ParityGroup } from "./parity-group.ts";

/** Index of a packet of parity that is for a row; a column has its own number. */
export const ROW_INDEX = 0xff;

/** A packet of parity to send: message number 0, boundary solo, not retransmitted. One object serves all. */
export interface FilterPacket {
  /** Of the packet last sent, which is the last of the row or column. */
  readonly sequence: number;
  /** XOR of the timestamps. */
  readonly timestamp: number;
  /** Key flag of the last packet: libsrt sets it although the payload is not encrypted again. */
  readonly key: number;
  /** From byte 16 on; only `length` bytes of it. */
  readonly bytes: Uint8Array;
  readonly length: number;
}

export interface FilterSenderOptions {
  readonly config: FilterConfig;
  readonly firstSequence: number;
  /** Largest payload of a packet of data as it is sent, so with what encryption adds. */
  readonly payloadBytes: number;
}

/** Makes the packets of parity for one direction of a connection. */
export class FilterSender {
  readonly #geometry: Geometry;
  readonly #row: ParityGroup;
  readonly #columns: readonly ParityGroup[];
  readonly #out: { sequence: number; timestamp: number; key: number; bytes: Uint8Array; length: number };
  /** Sequence number and count of the newest packet. */
  #sequence: number;
  #packet = -1;

  constructor({ config, firstSequence, payloadBytes }: FilterSenderOptions) {
    this.#geometry = new Geometry(config);
    this.#row = new ParityGroup(payloadBytes);
    const columns = this.#geometry.hasColumns ? this.#geometry.cols : 0;
    this.#columns = Array.from({ length: columns }, () => new ParityGroup(payloadBytes));
    const bytes = new Uint8Array(FILTER_EXTRA_BYTES + ((payloadBytes + 3) & ~3));
    this.#out = { sequence: 0, timestamp: 0, key: 0, bytes, length: 0 };
    this.#sequence = (firstSequence - 1) & 0x7fff_ffff;
  }

  /** A whole packet of data that goes out for the first time, as it is sent. Others must not be given. */
  feed(packet: Uint8Array, length: number): void {
    const sequence = u32be(packet, 0);
    const step = sequenceDistance(this.#sequence, sequence);
    if (step <= 0) return;
    const geometry = this.#geometry;
    this.#sequence = sequence;
    this.#packet += step;
    this.#out.key = ((packet[4] as number) >> 3) & 3;
    if (geometry.hasRows) add(this.#row, geometry.row(this.#packet), packet, length);
    const depth = geometry.depth(this.#packet);
    if (!geometry.hasColumns || depth < 0) return;
    const column = this.#columns[geometry.column(this.#packet)] as ParityGroup;
    add(column, Math.floor(depth / geometry.rows), packet, length);
  }

  /** A packet to send at once, while `sequence` is the newest that was sent; called until there is none. */
  pull(sequence: number): FilterPacket | undefined {
    if (sequence !== this.#sequence || this.#packet < 0) return undefined;
    const geometry = this.#geometry;
    const column = geometry.column(this.#packet);
    const ofColumn = this.#columns[column];
    if (ofColumn !== undefined && isDue(ofColumn, geometry.rows)) return this.#take(ofColumn, column);
    if (geometry.hasRows && isDue(this.#row, geometry.cols)) return this.#take(this.#row, ROW_INDEX);
    return undefined;
  }

  /**
   * The payload is as long as the longest that it protects. Libsrt fills it with zeros up to its own limit, which says
   * the same; but one that is longer than that limit, which may be lower than ours, libsrt 1.5.1 writes past its memory.
   */
  #take(group: ParityGroup, index: number): FilterPacket {
    const out = this.#out;
    group.hasParity = true;
    out.bytes[0] = index;
    out.bytes[1] = group.flags;
    putU16be(out.bytes, 2, group.length);
    const bytes = group.payload;
    for (let i = 0; i < group.longest; i++) out.bytes[FILTER_EXTRA_BYTES + i] = bytes[i] as number;
    out.length = FILTER_EXTRA_BYTES + group.longest;
    out.sequence = this.#sequence;
    out.timestamp = group.timestamp >>> 0;
    return out;
  }
}

/** Every packet is in, and parity has not been sent. */
function isDue(group: ParityGroup, size: number): boolean {
  return group.collected === size && !group.hasParity && !group.spoiled;
}

function add(group: ParityGroup, number: number, packet: Uint8Array, length: number): void {
  if (group.number !== number) group.begin(number);
  group.add(packet, length);
}

import { BOUNDARY_SOLO, DataHeader, HEADER_BYTES, readDataHeader, writeDataHeader } from "../wire/header.ts";
import { FILTER_EXTRA_BYTES, type FilterConfig } from "./config.ts";
import { Geometry, messageAfter, sequenceAfter, sequenceDistance } from "./geometry.ts";
import { LostPackets } from "./lost-packets.ts";
import { ParityGroup } from "./parity-group.ts";
import { ReceivedPackets } from "./received-packets.ts";
import { ROW_INDEX } from "./sender.ts";

/** Matrices that are remembered: what one rebuilds may help the one before it. */
const MATRICES = 3;
const LEAST_ROWS = 8;

export interface FilterReceiverOptions {
  readonly config: FilterConfig;
  readonly firstSequence: number;
  /** Largest payload of a packet of data as it was sent, so with what encryption adds. */
  readonly payloadBytes: number;
  /**
   * Takes a rebuilt packet: as it was sent, still encrypted, but marked as retransmitted, as libsrt does. Its memory is
   * used again after the call and may be written to.
   */
  readonly rebuilt: (packet: Uint8Array, length: number) => void;
}

/** Rebuilds lost packets of one direction of a connection from packets of parity. */
export class FilterReceiver {
  readonly #geometry: Geometry;
  readonly #firstSequence: number;
  readonly #deliver: (packet: Uint8Array, length: number) => void;
  /** Rows and, of each column, its groups, in turn. */
  readonly #rows: readonly ParityGroup[];
  readonly #columns: readonly ParityGroup[];
  readonly #groupsOfColumn: number;
  readonly #received: ReceivedPackets;
  /** Packets that may still come before a group that is over counts as lost. */
  readonly #patience: number;
  readonly #lost: LostPackets;
  /** What is older has been reported in a gap. */
  #reportedBefore = 0;
  #newestSequence: number;
  /** A sequence number far ahead that waits for another one near it. */
  #suspect = -1;
  readonly #header = new DataHeader();
  readonly #scratch: Uint8Array;
  /** Count and message number of a packet that came, and whether it had to be delivered in order. */
  #knownPacket = 0;
  #knownMessage = 1;
  #inOrder = false;

  constructor({ config, firstSequence, payloadBytes, rebuilt }: FilterReceiverOptions) {
    const geometry = new Geometry(config);
    const rows = Math.max(MATRICES * geometry.rows, LEAST_ROWS);
    this.#geometry = geometry;
    this.#firstSequence = firstSequence;
    this.#deliver = rebuilt;
    this.#newestSequence = (firstSequence - 1) & 0x7fff_ffff;
    this.#received = new ReceivedPackets(rows * geometry.cols);
    this.#lost = new LostPackets(rows * geometry.cols);
    this.#patience = Math.ceil(geometry.cols / 3);
    this.#groupsOfColumn = geometry.hasColumns ? Math.ceil(rows / geometry.rows) + 1 : 0;
    const group = (): ParityGroup => new ParityGroup(payloadBytes);
    this.#rows = Array.from({ length: geometry.hasRows ? rows : 0 }, group);
    this.#columns = Array.from({ length: geometry.cols * this.#groupsOfColumn }, group);
    this.#scratch = new Uint8Array(HEADER_BYTES + ((payloadBytes + 3) & ~3));
  }

  /**
   * Takes note of a whole packet of data or parity, before it is decrypted; it is not changed. True for parity, which
   * goes no further. What can be rebuilt now is delivered before this returns.
   */
  receive(packet: Uint8Array, length: number): boolean {
    const header = this.#header;
    if (length < HEADER_BYTES || !readDataHeader(packet, header)) return false;
    const isParity = header.message === 0;
    const at = this.#place(header.sequence, isParity);
    if (at < 0) return isParity;
    if (isParity) this.#receiveParity(packet, length, at);
    else if (!this.#received.has(at)) this.#receiveData(packet, length, at);
    return isParity;
  }

  /**
   * Visits, and forgets, sequence numbers that are lost and can no longer be rebuilt: those of a row (with rows only)
   * or column that ended some packets ago. Each is reported once. With `arq: onreq` they are to be asked for.
   */
  takeLost(visit: (low: number, high: number) => void): void {
    if (this.#lost.isEmpty) return;
    const first = this.#firstSequence;
    this.#lost.take(
      (packet) => this.#received.has(packet),
      (from, to) => visit(sequenceAfter(first, from), sequenceAfter(first, to)),
    );
  }

  /** The packet's count, the window moved so that it covers it; −1 if it lies outside. */
  #place(sequence: number, isParity: boolean): number {
    const received = this.#received;
    const step = sequenceDistance(this.#newestSequence, sequence);
    const at = received.newest + step;
    if (step > received.size) {
      // One forged packet must not make us forget everything: it takes two, near each other.
      if (isParity) return -1;
      const apart = this.#suspect < 0 ? received.size : Math.abs(sequenceDistance(this.#suspect, sequence));
      this.#suspect = sequence;
      if (apart === 0 || apart >= received.size) return -1;
      this.#jump(at);
    } else if (step > 0) {
      for (let packet = received.newest + 1; packet <= at; packet++) {
        received.newest = packet;
        if (packet >= this.#patience) this.#close(packet - this.#patience);
      }
    } else if (!received.covers(at)) {
      return -1;
    }
    if (step > 0) this.#newestSequence = sequence;
    this.#suspect = -1;
    return at;
  }

  #receiveData(packet: Uint8Array, length: number, at: number): void {
    this.#received.add(at);
    this.#knownPacket = at;
    this.#knownMessage = this.#header.message;
    this.#inOrder = this.#header.inOrder;
    const row = this.#rowOf(at);
    const column = this.#columnOf(at);
    row?.add(packet, length);
    column?.add(packet, length);
    if (row !== undefined) this.#mend(row, at, true);
    if (column !== undefined) this.#mend(column, at, false);
  }

  #receiveParity(packet: Uint8Array, length: number, at: number): void {
    if (length < HEADER_BYTES + FILTER_EXTRA_BYTES) return;
    const geometry = this.#geometry;
    const index = packet[HEADER_BYTES] as number;
    const ofRow = index === ROW_INDEX;
    const column = geometry.column(at);
    // It bears the number of the last packet that it protects.
    const isLast = ofRow
      ? column === geometry.cols - 1
      : index === column && geometry.depth(at) % geometry.rows === geometry.rows - 1;
    const group = isLast ? (ofRow ? this.#rowOf(at) : this.#columnOf(at)) : undefined;
    if (group === undefined || group.hasParity) return;
    group.addParity(packet, length);
    this.#mend(group, at, ofRow);
  }

  /** Rebuilds what `group`, in which packet `at` lies, allows to, and what follows from it in crossing groups. */
  #mend(group: ParityGroup, at: number, isRow: boolean): void {
    const { cols, rows } = this.#geometry;
    let next: ParityGroup | undefined = group;
    while (next?.hasParity && next.collected === (isRow ? cols : rows) - 1) {
      const missing = isRow ? this.#missingInRow(at) : this.#missingInColumn(at);
      const length = next.length;
      if (missing < 0 || next.spoiled || length > next.longest || next.flags > 3) return;
      this.#rebuild(next, missing);
      next.collected++;
      this.#received.add(missing);
      isRow = !isRow;
      at = missing;
      next = isRow ? this.#rowOf(at) : this.#columnOf(at);
      next?.add(this.#scratch, HEADER_BYTES + length);
      this.#deliver(this.#scratch, HEADER_BYTES + length);
    }
  }

  /** Makes the packet in `#scratch`. */
  #rebuild(group: ParityGroup, at: number): void {
    const header = this.#header;
    const out = this.#scratch;
    header.sequence = sequenceAfter(this.#firstSequence, at);
    header.boundary = BOUNDARY_SOLO;
    header.inOrder = this.#inOrder;
    header.key = group.flags;
    header.retransmitted = true;
    // In live mode every packet is a message, so that their numbers run alike. GCM authenticates them.
    header.message = messageAfter(this.#knownMessage, at - this.#knownPacket);
    header.timestamp = group.timestamp >>> 0;
    writeDataHeader(out, header);
    for (let i = 0; i < group.length; i++) out[HEADER_BYTES + i] = group.payload[i] as number;
  }

  #rowOf(packet: number): ParityGroup | undefined {
    if (!this.#geometry.hasRows) return undefined;
    const row = this.#geometry.row(packet);
    return current(this.#rows[row % this.#rows.length] as ParityGroup, row);
  }

  #columnOf(packet: number): ParityGroup | undefined {
    const geometry = this.#geometry;
    const depth = geometry.depth(packet);
    if (!geometry.hasColumns || depth < 0) return undefined;
    const number = Math.floor(depth / geometry.rows);
    const slot = geometry.column(packet) * this.#groupsOfColumn + (number % this.#groupsOfColumn);
    return current(this.#columns[slot] as ParityGroup, number);
  }

  /** The first packet of the row that is not there; −1 if that cannot be said. */
  #missingInRow(at: number): number {
    const first = at - this.#geometry.column(at);
    for (let i = 0; i < this.#geometry.cols; i++) {
      if (!this.#received.has(first + i)) return this.#received.covers(first + i) ? first + i : -1;
    }
    return -1;
  }

  #missingInColumn(at: number): number {
    const geometry = this.#geometry;
    const column = geometry.column(at);
    const depth = geometry.depth(at);
    const first = depth - (depth % geometry.rows);
    for (let i = 0; i < geometry.rows; i++) {
      const packet = geometry.at(column, first + i);
      if (!this.#received.has(packet)) return this.#received.covers(packet) ? packet : -1;
    }
    return -1;
  }

  /** Gives up what is missing from the groups that end with a packet. */
  #close(last: number): void {
    const geometry = this.#geometry;
    if (geometry.hasColumns) {
      const depth = geometry.depth(last);
      if (depth >= 0 && depth % geometry.rows === geometry.rows - 1) {
        const column = geometry.column(last);
        for (let i = geometry.rows - 1; i >= 0; i--) this.#giveUp(geometry.at(column, depth - i));
      }
      // The staircase leaves out packets at the start, which have a row at most.
      if (geometry.row(last) >= geometry.rows) return;
    }
    if (geometry.column(last) !== geometry.cols - 1) return;
    for (let i = geometry.cols - 1; i >= 0; i--) {
      if (!geometry.hasColumns || geometry.depth(last - i) < 0) this.#giveUp(last - i);
    }
  }

  #giveUp(packet: number): void {
    if (packet >= this.#reportedBefore && !this.#received.has(packet)) this.#lost.add(packet);
  }

  /** Moves the window far ahead: nothing in it is worth waiting for. */
  #jump(to: number): void {
    const received = this.#received;
    const { newest } = received;
    for (let packet = Math.max(0, newest - received.size + 1); packet <= newest; packet++) {
      if (this.#end(packet) + this.#patience > newest) this.#giveUp(packet);
    }
    this.#lost.addGap(newest + 1, to - 1);
    this.#reportedBefore = to;
    received.newest = to;
  }

  /** The packet with which the last group that a packet belongs to ends. */
  #end(packet: number): number {
    const geometry = this.#geometry;
    const depth = geometry.depth(packet);
    const column = geometry.column(packet);
    if (!geometry.hasColumns || depth < 0) return packet - column + geometry.cols - 1;
    return geometry.at(column, depth - (depth % geometry.rows) + geometry.rows - 1);
  }
}

/** The group, begun anew if it served an older number; undefined if it already serves a newer one. */
function current(group: ParityGroup, number: number): ParityGroup | undefined {
  if (group.number < number) group.begin(number);
  return group.number === number ? group : undefined;
}

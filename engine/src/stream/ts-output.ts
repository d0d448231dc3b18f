import { concat } from "@millrace/bytes";
import type { Clock } from "@millrace/model";
import { PACKET_SIZE, TsScanner, TsSplicer } from "@millrace/mpegts";
import { CHUNK_BARE, CHUNK_DISCONTINUITY, CHUNK_KEY, TABLES_BYTES } from "../lane/ring.ts";
import type { LaneWriter } from "../lane/writer.ts";
import type { Ticker } from "../worker/ticker.ts";

/**
 * Writes aligned packets into a `ts` lane, cut into chunks where key frames begin. Until the first switch between
 * inputs every packet is stored as it came; afterwards the splicer keeps continuity counters and time going.
 */
export class TsOutput {
  readonly #lane: LaneWriter;
  readonly #ticker: Ticker;
  readonly #clock: Clock;
  readonly #splicer = new TsSplicer();
  /** Used once the splicer changes packets, for then the input's own scanner no longer speaks of what is stored. */
  #rescan: TsScanner | undefined;
  #broken = false;
  /** A new input's tables have not been sent yet. */
  #introduce = false;
  #tablesVersion = -1;
  #last: TsScanner | undefined;
  /** Ticks from the PCR to the DTS of the key frame sent with it. */
  #pcrLead: number | undefined;

  constructor(lane: LaneWriter, ticker: Ticker, clock: Clock) {
    this.#lane = lane;
    this.#ticker = ticker;
    this.#clock = clock;
  }

  /** The scanner that knows the programs now on air. */
  get scanner(): TsScanner | undefined {
    return this.#last;
  }

  /** What follows comes from another input, or from the same one after a break. */
  switch(): void {
    if (this.#last === undefined) return;
    this.#splicer.switch(this.#clock.nowNs());
    this.#broken = true;
    this.#introduce = true;
    this.#rescan ??= new TsScanner();
  }

  /** The coding broke here, though packets and time go on: the next key frame is flagged. */
  breakHere(): void {
    this.#broken = true;
  }

  /** Packets that `scanner` has just scanned, all of them; those before `first` are left out. */
  write(scanner: TsScanner, buf: Uint8Array, start: number, count: number, first = 0): void {
    if (this.#rescan !== undefined) {
      this.#writeSpliced(scanner, buf.subarray(start + first * PACKET_SIZE, start + count * PACKET_SIZE));
    } else {
      this.#last = scanner;
      this.#splicer.learn(buf, start + first * PACKET_SIZE, count - first, this.#clock.nowNs());
      this.#store(scanner, buf, start, count, first);
    }
    this.#ticker.commitLater(this.#lane);
  }

  /** Splices a copy, then stores that. A new input begins with its tables: its PIDs may be others. */
  #writeSpliced(input: TsScanner, packets: Uint8Array): void {
    const copy = this.#introduce ? concat([...input.tablePackets(), packets]) : packets.slice();
    this.#introduce = false;
    const count = copy.length / PACKET_SIZE;
    this.#splicer.process(copy, 0, count, this.#clock.nowNs());
    const scanner = this.#rescan as TsScanner;
    scanner.scan(copy, 0, count);
    this.#last = scanner;
    this.#store(scanner, copy, 0, count, 0);
  }

  #store(scanner: TsScanner, buf: Uint8Array, start: number, count: number, first: number): void {
    let at = first;
    // Between key frames the PCR tells how far media time has come.
    if (!this.#lane.open && this.#pcrLead !== undefined) {
      const dts = Math.round(scanner.pcr27 / 300 + this.#pcrLead);
      this.#lane.mark(0, { dts, pts: dts });
    }
    for (let k = 0; k < scanner.keyCount; k++) {
      // A frame that showed only now what it is began in bytes that readers may have already: no place to start.
      if ((scanner.keyIndex[k] as number) < first) continue;
      const cut = Math.max(scanner.keyCutIndex[k] as number, first);
      this.#copy(buf, start + at * PACKET_SIZE, cut - at);
      at = cut;
      this.#beginKey(scanner, k);
    }
    this.#copy(buf, start + at * PACKET_SIZE, count - at);
  }

  /** Ends the chunk before a key frame and says what the next one is. */
  #beginKey(scanner: TsScanner, k: number): void {
    const lane = this.#lane;
    lane.commit();
    const bare = scanner.keyCutIndex[k] === scanner.keyIndex[k];
    const dts = scanner.keyDts[k] as number;
    let flags = CHUNK_KEY | (bare ? CHUNK_BARE : 0);
    if (this.#broken) flags |= CHUNK_DISCONTINUITY;
    this.#broken = false;
    lane.mark(flags, { dts, pts: scanner.keyPts[k] as number });
    // A bare frame needs the very packets sent last; others only for segments that must begin elsewhere.
    if (bare || scanner.tablesVersion !== this.#tablesVersion) {
      lane.ring.setTables(concat(scanner.tablePackets()).subarray(0, TABLES_BYTES));
    }
    this.#tablesVersion = scanner.tablesVersion;
    this.#pcrLead = scanner.pcr27 < 0 || Number.isNaN(dts) ? undefined : dts - scanner.pcr27 / 300;
  }

  #copy(buf: Uint8Array, from: number, count: number): void {
    const lane = this.#lane;
    while (count > 0) {
      const size = Math.min(lane.room(PACKET_SIZE), count * PACKET_SIZE);
      lane.bytes.set(buf.subarray(from, from + size), lane.at);
      lane.advance(size);
      from += size;
      count -= size / PACKET_SIZE;
    }
  }
}

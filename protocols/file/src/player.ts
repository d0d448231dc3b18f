import type { SourceContext } from "@millrace/engine";
import { PACKET_SIZE, PcrPacer, TsSplicer } from "@millrace/mpegts";
import type { FileSettings } from "./config.ts";
import { PacketFile } from "./packet-file.ts";

/** Where the packets go. */
export interface PlayerTarget {
  ts(bytes: Uint8Array): void;
  count(name: string, by?: number): void;
}

/** Packets read ahead: 770 kB, half a second of 12 Mbit/s. */
const AHEAD_PACKETS = 4096;
/** Room that a block of the file may need. */
const BLOCK_PACKETS = 1500;
const CAPACITY_PACKETS = 32_768;
/** Packets are handed on in batches of this much time, milliseconds. */
const TICK_MS = 10;
/** The laps follow each other without a gap, whatever the real time. */
const NO_GAP_NS = 0;

/** Plays a file in real time by its PCR, lap after lap, with counters and time stamps that go on over the seam. */
export class FilePlayer {
  readonly #settings: FileSettings;
  readonly #clock: SourceContext["clock"];
  readonly #target: PlayerTarget;
  readonly #pacer = new PcrPacer({ capacityPackets: CAPACITY_PACKETS });
  readonly #splicer = new TsSplicer();
  #file: PacketFile | undefined;
  #timer: NodeJS.Timeout | undefined;
  #reading = false;
  #ended = false;
  #stopped = false;
  #resolve: () => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;
  readonly #tick = (): void => this.#onTick();

  constructor(settings: FileSettings, clock: SourceContext["clock"], target: PlayerTarget) {
    this.#settings = settings;
    this.#clock = clock;
    this.#target = target;
  }

  /** Resolves at the file's end or on abort. Rejects with `file.unreadable` or `file.not-ts`. */
  async play(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const stop = (): void => this.#resolve();
    try {
      await new Promise<void>((resolve, reject) => {
        this.#resolve = resolve;
        this.#reject = reject;
        signal.addEventListener("abort", stop, { once: true });
        this.#readAhead();
      });
    } finally {
      this.#stopped = true;
      clearTimeout(this.#timer);
      signal.removeEventListener("abort", stop);
      await this.#whenRead;
      await this.#file?.close();
    }
  }

  #whenRead: Promise<void> = Promise.resolve();

  #readAhead(): void {
    if (this.#reading || this.#ended || this.#stopped) return;
    this.#reading = true;
    this.#whenRead = this.#read()
      .catch((error: unknown) => this.#reject(error))
      .finally(() => {
        this.#reading = false;
        if (!this.#stopped) this.#onTick();
      });
  }

  /** Reads until enough waits to be played. */
  async #read(): Promise<void> {
    while (!this.#stopped && this.#wantsMore) {
      this.#file ??= await PacketFile.open(this.#settings.paths, (buf, start, count) =>
        this.#accept(buf, start, count),
      );
      if (await this.#file.read()) continue;
      await this.#endLap(this.#file);
      if (this.#ended) return;
    }
  }

  /** Packets behind the last PCR have no time yet, so there must be one among those that wait. */
  get #wantsMore(): boolean {
    const { pending, nextDueNs, room } = this.#pacer;
    return (pending < AHEAD_PACKETS || nextDueNs === Number.POSITIVE_INFINITY) && room > BLOCK_PACKETS;
  }

  async #endLap(file: PacketFile): Promise<void> {
    if (file.rubbishBytes > 0) this.#target.count("rubbishBytes", file.rubbishBytes);
    this.#file = undefined;
    await file.close();
    if (!this.#settings.loop) {
      this.#ended = true;
      this.#pacer.flush(this.#clock.nowNs());
      return;
    }
    // Opened anew, so that a file that was replaced meanwhile is what the next lap plays.
    this.#target.count("laps");
    this.#splicer.switch(NO_GAP_NS);
  }

  #accept(buf: Uint8Array, start: number, count: number): void {
    this.#splicer.process(buf, start, count, NO_GAP_NS);
    this.#pacer.push(buf, start, count, this.#clock.nowNs());
  }

  #onTick(): void {
    clearTimeout(this.#timer);
    const pacer = this.#pacer;
    const nowNs = this.#clock.nowNs();
    for (;;) {
      const count = pacer.pull(nowNs, AHEAD_PACKETS);
      if (count === 0) break;
      this.#target.ts(pacer.buf.subarray(pacer.start, pacer.start + count * PACKET_SIZE));
    }
    if (this.#ended && pacer.pending === 0) {
      this.#resolve();
      return;
    }
    if (this.#wantsMore) this.#readAhead();
    const waitMs = (pacer.nextDueNs - nowNs) / 1e6;
    // With nothing to wait for, the end of the read under way ticks again.
    if (waitMs !== Number.POSITIVE_INFINITY) this.#timer = setTimeout(this.#tick, Math.max(TICK_MS, waitMs));
  }
}

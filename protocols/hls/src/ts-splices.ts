import { type StreamHost, UnitReader } from "@millrace/engine";
import type { AccessUnit } from "@millrace/model";
import type { SpliceMessage } from "./splices.ts";

/** A break that goes on has begun no longer ago than this, milliseconds. */
const KEPT_MS = 3_600_000;
const MOST = 256;

interface Kept extends SpliceMessage {
  readonly arrivedMs: number;
}

/** Gathers the splices of a stream that has a track of them; one that has none is not demultiplexed for it. */
export class TsSplices {
  readonly #host: StreamHost;
  #units: UnitReader | undefined;
  #kept: Kept[] = [];

  constructor(host: StreamHost) {
    this.#host = host;
  }

  /** Once for each segment: `startTicks` and `dateMs` of its beginning tie the source's clock to UTC. */
  messages(segment: { readonly startTicks: number; readonly dateMs: number }): readonly SpliceMessage[] {
    const has = this.#host.info().tracks.some(({ codec }) => codec === "scte35");
    if (has && this.#units === undefined) this.#open();
    if (!has) this.close();
    const sinceMs = this.#host.clock.wallMs() - KEPT_MS;
    this.#kept = this.#kept.filter(({ arrivedMs }) => arrivedMs > sinceMs).slice(-MOST);
    // Once tied, a date stays: it must not change with each segment's rounding.
    this.#kept = this.#kept.map((each) =>
      Number.isNaN(each.wallMs)
        ? { ...each, wallMs: segment.dateMs + (each.ticks - segment.startTicks) / 90 }
        : each,
    );
    return this.#kept;
  }

  close(): void {
    this.#units?.close();
    this.#units = undefined;
  }

  #open(): void {
    const reader = this.#host.read("units", "key");
    const units = new UnitReader(reader);
    this.#units = units;
    reader.onReadable = () => {
      for (let unit = units.next(); unit !== undefined; unit = units.next()) {
        const { track } = unit;
        if (units.tracks.some(({ id, codec }) => id === track && codec === "scte35")) this.#keep(unit);
      }
    };
    reader.onReadable();
  }

  #keep({ pts, data, wallMs }: AccessUnit): void {
    const section = Uint8Array.from(data.flatMap((part) => [...part]));
    this.#kept.push({ section, ticks: pts, wallMs: Number.NaN, arrivedMs: wallMs });
  }
}

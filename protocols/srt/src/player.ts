import type { LaneReader } from "@millrace/engine";
import { MessageCutter } from "./message-cutter.ts";
import type { Outlet } from "./outlet.ts";

/** Packets that do not fill a message wait so long for more. */
const FILL_MS = 10;

/** Where a viewer's numbers are kept. */
export interface Meter {
  bytes: number;
  skips: number;
  lagBytes: number;
}

export interface PlayerParts {
  readonly reader: LaneReader;
  readonly outlet: Outlet;
  /** Begin with what comes now, or at the last key frame. */
  readonly start: "live" | "key";
  readonly meter?: Meter;
}

/** Sends a lane's packets to an outlet as they come, until the lane ends or `stop`. The reader stays its owner's. */
export class Player {
  /** Messages that found the send buffer full. */
  overflow = 0;
  onEnd: (() => void) | undefined;
  readonly #reader: LaneReader;
  readonly #outlet: Outlet;
  readonly #cutter: MessageCutter;
  readonly #meter: Meter | undefined;
  #timer: NodeJS.Timeout | undefined;
  #nowUs = 0;
  #begun = false;
  readonly #take = (bytes: Uint8Array, reader: LaneReader): void => this.#accept(bytes, reader);

  constructor(parts: PlayerParts) {
    const { reader, outlet, start } = parts;
    this.#reader = reader;
    this.#outlet = outlet;
    this.#meter = parts.meter;
    this.#cutter = new MessageCutter(outlet.payloadBytes, (message) => this.#send(message));
    if (start === "live") reader.seek((reader.position + reader.lag) | 0);
    reader.onReadable = () => this.#onReadable();
    this.#onReadable();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#reader.onReadable = undefined;
  }

  #onReadable(): void {
    this.#nowUs = this.#outlet.nowUs;
    this.#reader.drain(this.#take);
    this.#outlet.wake();
    const meter = this.#meter;
    if (meter !== undefined) {
      meter.skips = this.#reader.skips + this.overflow;
      meter.lagBytes = this.#outlet.heldBytes;
    }
    if (this.#reader.ended) {
      this.#cutter.flush();
      this.onEnd?.();
    } else if (this.#cutter.held > 0) {
      this.#timer ??= setTimeout(() => this.#flush(), FILL_MS);
    }
  }

  #accept(bytes: Uint8Array, reader: LaneReader): void {
    if (!this.#begun) {
      this.#begun = true;
      if (reader.bare) this.#cutter.write(reader.tables());
    }
    this.#cutter.write(bytes);
  }

  #flush(): void {
    this.#timer = undefined;
    this.#nowUs = this.#outlet.nowUs;
    this.#cutter.flush();
    this.#outlet.wake();
  }

  #send(message: Uint8Array): void {
    if (!this.#outlet.send(message, this.#nowUs)) this.overflow++;
    else if (this.#meter !== undefined) this.#meter.bytes += message.length;
  }
}

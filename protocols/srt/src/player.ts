import type { LaneReader } from "@millrace/engine";
import { MessageCutter } from "./message-cutter.ts";
import type { SrtPort } from "./port/port.ts";
import type { Connection } from "./session/connection.ts";

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
  readonly connection: Connection;
  readonly port: SrtPort;
  /** Begin with what comes now, or at the last key frame. */
  readonly start: "live" | "key";
  readonly meter?: Meter;
}

/** Sends a lane's packets over a connection as they come, until the lane ends or `stop`. The reader stays its owner's. */
export class Player {
  /** Messages that found the send buffer full. */
  overflow = 0;
  onEnd: (() => void) | undefined;
  readonly #reader: LaneReader;
  readonly #connection: Connection;
  readonly #port: SrtPort;
  readonly #cutter: MessageCutter;
  readonly #meter: Meter | undefined;
  #timer: NodeJS.Timeout | undefined;
  #nowUs = 0;
  #begun = false;
  readonly #take = (bytes: Uint8Array, reader: LaneReader): void => this.#accept(bytes, reader);

  constructor(parts: PlayerParts) {
    const { reader, connection, port, start } = parts;
    this.#reader = reader;
    this.#connection = connection;
    this.#port = port;
    this.#meter = parts.meter;
    this.#cutter = new MessageCutter(connection.agreement.payloadBytes, (message) => this.#send(message));
    if (start === "live") reader.seek((reader.position + reader.lag) | 0);
    reader.onReadable = () => this.#onReadable();
    this.#onReadable();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#reader.onReadable = undefined;
  }

  #onReadable(): void {
    this.#nowUs = this.#port.nowUs;
    this.#reader.drain(this.#take);
    this.#port.wakeFor(this.#connection);
    const meter = this.#meter;
    if (meter !== undefined) {
      meter.skips = this.#reader.skips + this.overflow;
      meter.lagBytes = this.#connection.sender.buffer.bytes;
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
    this.#nowUs = this.#port.nowUs;
    this.#cutter.flush();
    this.#port.wakeFor(this.#connection);
  }

  #send(message: Uint8Array): void {
    if (!this.#connection.send(message, this.#nowUs, this.#nowUs)) this.overflow++;
    else if (this.#meter !== undefined) this.#meter.bytes += message.length;
  }
}

import type { LaneName } from "@millrace/model";
import type { ExportedLane } from "../worker/lane-exchange.ts";
import { type Conversion, DemuxConversion, MuxConversion } from "./conversion.ts";
import type { TsOutput } from "./ts-output.ts";
import type { UnitsOutput } from "./units-output.ts";

/** An unused conversion goes on this long. */
const CONVERSION_IDLE_MS = 10_000;

export interface ConversionsOptions {
  readonly lanes: Readonly<Record<LaneName, ExportedLane>>;
  readonly outputs: { readonly ts: TsOutput; readonly units: UnitsOutput };
  readonly serviceName: string;
  readonly nowNs: () => number;
}

/** Runs the one demultiplexer or multiplexer of a stream while somebody reads the lane that the input does not fill. */
export class Conversions {
  readonly #options: ConversionsOptions;
  #primary: LaneName | undefined;
  #conversion: Conversion | undefined;
  #converting = false;
  #closed = false;
  #idleNs = 0;

  constructor(options: ConversionsOptions) {
    this.#options = options;
  }

  /** The lane that the input on air fills. */
  get primary(): LaneName | undefined {
    return this.#primary;
  }

  setPrimary(lane: LaneName): void {
    if (this.#primary === lane) return;
    this.#primary = lane;
    this.#stop();
    this.check();
  }

  /** Starts a conversion if one is wanted. */
  check(): void {
    const { lanes, outputs, serviceName, nowNs } = this.#options;
    if (this.#primary === undefined || this.#conversion !== undefined || this.#closed) return;
    if (!lanes[this.#target(this.#primary)].wanted) return;
    // Reading the one lane may be what asks for the other: once is enough.
    if (this.#converting) return;
    this.#converting = true;
    const reader = lanes[this.#primary].view.read("key");
    this.#conversion =
      this.#primary === "ts"
        ? new DemuxConversion(reader, outputs.units)
        : new MuxConversion(reader, outputs.ts, serviceName);
    this.#converting = false;
    this.#idleNs = nowNs();
  }

  /** Several times a second. */
  tick(): void {
    const { lanes, nowNs } = this.#options;
    if (this.#conversion === undefined) return;
    const now = nowNs();
    if (lanes[this.#target(this.#conversion.from)].wanted) this.#idleNs = now;
    else if (now - this.#idleNs > CONVERSION_IDLE_MS * 1e6) this.#stop();
  }

  close(): void {
    this.#closed = true;
    this.#stop();
  }

  #target(from: LaneName): LaneName {
    return from === "ts" ? "units" : "ts";
  }

  #stop(): void {
    this.#conversion?.close();
    this.#conversion = undefined;
  }
}

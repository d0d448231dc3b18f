import type { Logger, PackagedLane, Packaging, Protocol, StreamHost } from "../api.ts";
import { messageOf, refusal } from "../errors.ts";
import type { ExportedLane } from "../worker/lane-exchange.ts";
import { PackagedOutput } from "./packaged-output.ts";

/** A packaging that nobody reads goes on this long. */
const PACKAGED_IDLE_MS = 10_000;

export interface PackagedLanesOptions {
  readonly protocols: readonly Protocol[];
  readonly host: StreamHost;
  readonly log: Logger;
  readonly nowNs: () => number;
  readonly makeLane: (kind: string) => ExportedLane;
  readonly retire: (lane: ExportedLane) => void;
}

interface OpenLane {
  readonly format: PackagedLane;
  readonly lane: ExportedLane;
  readonly output: PackagedOutput;
  packaging: Packaging;
  idleNs: number;
}

/** The lanes of one stream that packagings fill, each from its first reader until some time after its last. */
export class PackagedLanes {
  readonly #options: PackagedLanesOptions;
  readonly #open = new Map<string, OpenLane>();

  constructor(options: PackagedLanesOptions) {
    this.#options = options;
  }

  /** The lane, made now if nobody read it. Throws `not-found`, or `unavailable` when its packaging fails. */
  lane(name: string): ExportedLane {
    const { protocols, host, nowNs, makeLane, retire } = this.#options;
    const open = this.#open.get(name);
    if (open !== undefined) {
      open.idleNs = nowNs();
      return open.lane;
    }
    const format = protocols.flatMap((each) => each.packagings ?? []).find((each) => each.lane === name);
    if (format === undefined) throw refusal("not-found", `stream "${host.name}" has no lane "${name}"`);
    const lane = makeLane(name);
    const output = new PackagedOutput(lane.writer);
    try {
      const packaging = format.open(host, output);
      this.#open.set(name, { format, lane, output, packaging, idleNs: nowNs() });
    } catch (error) {
      retire(lane);
      throw this.#failed(format, error);
    }
    return lane;
  }

  lanes(): ExportedLane[] {
    return [...this.#open.values()].map(({ lane }) => lane);
  }

  /** Several times a second. */
  tick(): void {
    const now = this.#options.nowNs();
    for (const open of this.#open.values()) {
      if (open.lane.wanted) open.idleNs = now;
      else if (now - open.idleNs > PACKAGED_IDLE_MS * 1e6) this.#close(open);
    }
  }

  /** The stream's options are others: packagings begin anew, readers stay. */
  reopen(): void {
    for (const open of [...this.#open.values()]) {
      open.packaging.dispose();
      try {
        open.packaging = open.format.open(this.#options.host, open.output);
      } catch (error) {
        this.#failed(open.format, error);
        open.packaging = { dispose: () => undefined };
        this.#close(open);
      }
    }
  }

  close(): void {
    for (const open of [...this.#open.values()]) this.#close(open);
  }

  #close(open: OpenLane): void {
    this.#open.delete(open.format.lane);
    open.packaging.dispose();
    this.#options.retire(open.lane);
  }

  #failed(format: PackagedLane, error: unknown): Error {
    const reason = messageOf(error);
    this.#options.log.error("packaging failed", { lane: format.lane, reason });
    return refusal("unavailable", `the lane "${format.lane}" cannot be made: ${reason}`);
  }
}

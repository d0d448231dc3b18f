import type { LaneReader, SourceContext, StreamWriter } from "@millrace/engine";
import type { AccessUnit, Clock, ServerConfig, Track } from "@millrace/model";
import { LaneView } from "../../engine/src/lane/reader.ts";
import { CHUNK_KEY } from "../../engine/src/lane/ring.ts";
import { LaneWriter } from "../../engine/src/lane/writer.ts";
import { SLAB_BYTES } from "../../engine/src/memory/arena.ts";
import { ArenaTable, SlabPool } from "../../engine/src/memory/pool.ts";

export const realClock: Clock = {
  nowNs: () => performance.now() * 1e6,
  wallMs: () => Date.now(),
};

/** A context as the engine gives it to protocols, with the lines that were logged. */
export function testContext(
  server: Partial<ServerConfig> = {},
): SourceContext & { readonly lines: string[] } {
  const lines: string[] = [];
  const write = (message: string, fields?: object): void => {
    lines.push(fields === undefined ? message : `${message} ${JSON.stringify(fields)}`);
  };
  const log = { debug: write, info: write, warn: write, error: write, child: () => log };
  return {
    stream: "contract",
    log,
    clock: realClock,
    dataDir: "",
    server: {
      http: [],
      workers: 0,
      streams: [],
      livePrefixes: [],
      rewrites: [],
      fileLocations: [],
      options: {},
      ...server,
    },
    lines,
  };
}

/** A lane of its own, without a stream around it: what a push reads from. */
export class TestLane {
  readonly #table = new ArenaTable();
  readonly #pool = new SlabPool(this.#table, 1);
  readonly #writer: LaneWriter;
  readonly view: LaneView;
  #wakePending = false;

  constructor(options: { readonly windowMs?: number; readonly maxBytes?: number } = {}) {
    this.#writer = new LaneWriter({
      id: "contract/ts",
      kind: "ts",
      pool: this.#pool,
      clock: realClock,
      windowMs: options.windowMs ?? 4000,
      maxBytes: options.maxBytes ?? 2 ** 26,
    });
    this.view = new LaneView(this.#writer.handle, this.#table);
  }

  read(start: "live" | "key" = "live"): LaneReader {
    return this.view.read(start);
  }

  /** Whole packets as one chunk, or more where a slab ends; readers are woken in the next turn of the event loop. */
  write(packets: Uint8Array, kind: "key" | "plain" = "plain"): void {
    const writer = this.#writer;
    writer.commit();
    if (kind === "key") writer.mark(CHUNK_KEY, { dts: 0, pts: 0 });
    for (let at = 0; at < packets.length; ) {
      const size = Math.min(writer.room(188), packets.length - at);
      writer.bytes.set(packets.subarray(at, at + size), writer.at);
      writer.advance(size);
      at += size;
    }
    writer.commit();
    if (this.#wakePending) return;
    this.#wakePending = true;
    setImmediate(() => {
      this.#wakePending = false;
      this.view.wake();
    });
  }

  /** Memory taken for the lane. */
  get memoryBytes(): number {
    return this.#pool.totalBytes;
  }

  /** Slabs that somebody still holds; the window of the lane itself counts until it ended. */
  get heldSlabs(): number {
    return (this.#pool.totalBytes - this.#pool.freeBytes) / SLAB_BYTES;
  }

  /** No more will come; readers get to the end. */
  end(): void {
    this.#writer.end();
    this.view.wake();
  }

  /** Gives the memory back, after `end`. */
  free(): void {
    this.#writer.free();
  }
}

/** A place for a source to write to, which keeps everything. */
export class TestWriter implements StreamWriter {
  readonly #parts: Uint8Array[] = [];
  readonly counters: Record<string, number> = {};
  length = 0;
  /** When the first byte came, nanoseconds of `realClock`. */
  firstNs = 0;
  breaks = 0;

  ts(bytes: Uint8Array): void {
    if (this.length === 0) this.firstNs = realClock.nowNs();
    this.length += bytes.length;
    this.#parts.push(bytes.slice());
  }

  setTracks(_tracks: readonly Track[]): void {
    throw new Error("a transport stream has no tracks of its own");
  }

  unit(_unit: AccessUnit): void {
    throw new Error("a transport stream has no units of its own");
  }

  discontinuity(): void {
    this.breaks++;
  }

  count(name: string, by = 1): void {
    this.counters[name] = (this.counters[name] ?? 0) + by;
  }

  /** Everything written so far. */
  bytes(): Uint8Array {
    const whole = new Uint8Array(this.length);
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  /** Resolves when so many bytes came; rejects after `timeoutMs`. */
  async until(length: number, timeoutMs = 4000): Promise<void> {
    await eventually(() => this.length >= length, {
      timeoutMs,
      what: () => `${this.length} of ${length} bytes came`,
    });
  }
}

/** Resolves once `test` holds; rejects after `timeoutMs` and says what was the matter. */
export async function eventually(
  test: () => boolean,
  options: { readonly timeoutMs?: number; readonly what?: () => string } = {},
): Promise<void> {
  const deadline = performance.now() + (options.timeoutMs ?? 4000);
  while (!test()) {
    if (performance.now() > deadline)
      throw new Error(`timed out: ${options.what?.() ?? "it never came true"}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

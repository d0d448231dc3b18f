import type { MixedField } from "./field.ts";
import { startViewers, type ViewerKind } from "./viewers.ts";

const SECOND_MS = 1000;
const STAY_S = 2;
/** Ten a second, one process for each protocol. */
const COMERS: readonly { readonly kind: ViewerKind; readonly readers: number; readonly path?: string }[] = [
  { kind: "http-ts", readers: 2 },
  { kind: "http-ts", readers: 1, path: "/u/mpegts" },
  { kind: "http-flv", readers: 2 },
  { kind: "rtmp", readers: 2 },
  { kind: "srt", readers: 1 },
];
const HLS_COMERS = 2;

/** Viewers who come each second and leave soon, until it is stopped. */
export class Churn {
  comings = 0;
  failures = 0;
  /** What the last failures said. */
  readonly complaints: string[] = [];
  readonly #field: MixedField;
  readonly #folder: string;
  readonly #timer: NodeJS.Timeout;
  readonly #running = new Set<Promise<void>>();

  constructor(field: MixedField, folder: string) {
    this.#field = field;
    this.#folder = folder;
    this.#timer = setInterval(() => this.#come(), SECOND_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#running);
  }

  #come(): void {
    for (const { readers, ...rest } of COMERS)
      this.#track(readers, async () => {
        const options = { ...rest, readers, seconds: STAY_S };
        await using viewers = startViewers(this.#field, this.#folder, options);
        await viewers.line((line) => line.includes('"end"'));
      });
    for (let i = 0; i < HLS_COMERS; i += 1) this.#track(1, () => this.#playHls());
  }

  #track(readers: number, stay: () => Promise<void>): void {
    this.comings += readers;
    const task: Promise<void> = stay()
      .catch((error: unknown) => {
        this.failures += readers;
        this.complaints.push(String(error));
        if (this.complaints.length > 5) this.complaints.shift();
      })
      .finally(() => this.#running.delete(task));
    this.#running.add(task);
  }

  /** A playlist and its newest segment. */
  async #playHls(): Promise<void> {
    const base = `http://127.0.0.1:${this.#field.served.port}/ts/mono.m3u8`;
    const limit = { signal: AbortSignal.timeout(20_000) };
    const text = await (await fetch(base, limit)).text();
    const uri = text.split("\n").findLast((line) => line !== "" && !line.startsWith("#"));
    if (uri === undefined) throw new Error("a playlist without segments");
    const segment = await fetch(new URL(uri.trim(), base), limit);
    await segment.arrayBuffer();
    if (segment.status !== 200) throw new Error(`${uri}: ${segment.status}`);
  }
}

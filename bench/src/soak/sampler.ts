import { familyOf, fineCpuSecondsOf, machineCpuSeconds, residentBytesOf, threadWaitsOf } from "../measure.ts";
import type { MixedField } from "./field.ts";
import type { MixedSample } from "./judge.ts";

const REQUEST_MS = 200;
const LIMIT_MS = 30_000;
/** The server's monitor counts from one of its own looks to the next. */
const MONITOR_MS = 100;

interface Worker {
  readonly memory: { readonly arenaBytes: number; readonly heapBytes: number };
  readonly loop: { readonly p99Ms: number };
}

/** Looks at the server: its memory, its own numbers, and how soon it answers. */
export class Sampler {
  readonly #url: string;
  readonly #pid: number;
  readonly #startMs = performance.now();
  readonly #timer: NodeJS.Timeout;
  #requestMs: number[] = [];
  #cpu = 0;
  #machine = 0;
  #waits = new Map<string, number>();
  #lookMs = 0;

  constructor({ served }: MixedField) {
    this.#url = `http://127.0.0.1:${served.port}`;
    this.#pid = served.server.pid;
    this.#timer = setInterval(() => void this.#ask(), REQUEST_MS);
    this.#note();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Of the server, one core's worth, since the look before; for whoever needs no more. */
  load(): number {
    const [cpu, lookMs] = [this.#cpu, this.#lookMs];
    this.#note();
    return ((this.#cpu - cpu) * 1000) / (this.#lookMs - lookMs);
  }

  async look(): Promise<MixedSample> {
    const [cpu, machine, lookMs, waits] = [this.#cpu, this.#machine, this.#lookMs, this.#waits];
    this.#note();
    const seconds = (this.#lookMs - lookMs) / 1000;
    const load = (this.#cpu - cpu) / seconds;
    const mostWaited = Math.max(
      0,
      ...[...this.#waits].map(([thread, time]) => time - (waits.get(thread) ?? 0)),
    );
    const { workers } = await this.#get<{ workers: Worker[] }>("/api/v1/workers");
    const sessions = await this.#get<unknown[]>("/api/v1/sessions");
    const sum = (of: (worker: Worker) => number) => workers.reduce((all, worker) => all + of(worker), 0);
    const requests = this.#requestMs.sort((a, b) => a - b);
    this.#requestMs = [];
    return {
      seconds: (this.#lookMs - this.#startMs) / 1000,
      rssMb: familyOf(this.#pid).reduce((all, pid) => all + residentBytesOf(pid), 0) / 1e6,
      heapMb: sum((worker) => worker.memory.heapBytes) / 1e6,
      arenaMb: sum((worker) => worker.memory.arenaBytes) / 1e6,
      loopP99Ms: Math.max(0, ...workers.map((worker) => worker.loop.p99Ms - MONITOR_MS)),
      requestP99Ms: requests[Math.floor(requests.length * 0.99)] ?? Number.NaN,
      load,
      otherLoad: Math.max(0, (this.#machine - machine) / seconds - load),
      waitShare: mostWaited / seconds,
      sessions: sessions.length,
    };
  }

  /** Times that a stream changed between its inputs. */
  async switchesOf(name: string): Promise<number> {
    const streams = await this.#get<{ name: string; switches: number }[]>("/api/v1/streams");
    return streams.find((stream) => stream.name === name)?.switches ?? 0;
  }

  #note(): void {
    this.#lookMs = performance.now();
    this.#cpu = familyOf(this.#pid).reduce((sum, pid) => sum + fineCpuSecondsOf(pid), 0);
    this.#machine = machineCpuSeconds();
    this.#waits = threadWaitsOf(this.#pid);
  }

  async #ask(): Promise<void> {
    const begun = performance.now();
    const response = await fetch(`${this.#url}/-/time`, { signal: AbortSignal.timeout(LIMIT_MS) }).catch(
      () => undefined,
    );
    await response?.text().catch(() => "");
    this.#requestMs.push(performance.now() - begun);
  }

  async #get<Answer>(path: string): Promise<Answer> {
    const response = await fetch(this.#url + path, { signal: AbortSignal.timeout(LIMIT_MS) });
    return (await response.json()) as Answer;
  }
}

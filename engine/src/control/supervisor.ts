import { MessageChannel, type MessagePort } from "node:worker_threads";
import type { ServerConfig, StreamConfig } from "@millrace/model";
import type { Logger } from "../api.ts";
import { codeOf, messageOf, refusal } from "../errors.ts";
import { matchPattern } from "../worker/directory.ts";
import type { DirectoryEntry, FromWorker, ToWorker, WorkerReport, WorkerStart } from "../worker/protocol.ts";

/** A started worker, in a thread of its own or in this one. */
export interface WorkerHandle {
  /** Ends it without asking. */
  terminate(): void;
  /** Calls back once when it is gone, with the error that killed it. */
  onExit(callback: (error: Error | undefined) => void): void;
}

export interface SupervisorOptions {
  readonly server: ServerConfig;
  readonly dataDir: string;
  readonly log: Logger;
  readonly spawn: (start: WorkerStart) => WorkerHandle;
  /** Questions of protocols that the supervisor does not know. */
  readonly onQuestion?: (question: string, argument: string | undefined) => Promise<unknown>;
}

interface Member {
  readonly index: number;
  readonly incarnation: number;
  readonly handle: WorkerHandle;
  readonly port: MessagePort;
  readonly waiting: Map<number, (report: WorkerReport) => void>;
  ready: boolean;
  stopped: boolean;
}

/** Streams that `live` and `rewrite` may make: whoever asks for names must not use up the machine. */
const DYNAMIC_MAX = 2000;
const RESTART_MS = 100;
const REPORT_TIMEOUT_MS = 2000;
/** Open sessions get this long to be flushed at shutdown. */
const STOP_TIMEOUT_MS = 1500;

/** Starts the workers, gives each stream an owner, links workers in pairs and replaces one that dies. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #members = new Map<number, Member>();
  readonly #owners = new Map<string, number>();
  /** Streams made by `live` and `rewrite`. */
  readonly #dynamic = new Map<string, StreamConfig>();
  #server: ServerConfig;
  #incarnations = 0;
  #asks = 0;
  #stopping = false;
  restarts = 0;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#server = options.server;
  }

  get server(): ServerConfig {
    return this.#server;
  }

  /** Resolves when every worker listens; rejects with code `cannot-listen` when a port is taken. */
  async start(): Promise<void> {
    const count = Math.max(1, this.#server.workers);
    this.#assign();
    const problems = await Promise.all(Array.from({ length: count }, (_, index) => this.#spawn(index)));
    const text = [...new Set(problems.flat())].join("; ");
    if (text !== "") {
      await this.stop();
      throw refusal("unavailable", text);
    }
  }

  /** Puts another configuration in force; only what differs is touched. */
  apply(server: ServerConfig): void {
    this.#server = server;
    const named = new Set(server.streams.map((stream) => stream.name));
    for (const name of this.#dynamic.keys()) {
      const config = named.has(name) ? undefined : matchPattern(server, name);
      if (config === undefined) this.#dynamic.delete(name);
      else this.#dynamic.set(name, config);
    }
    this.#assign();
    this.#tellDirectory(true);
  }

  async report(): Promise<WorkerReport[]> {
    const reports = await Promise.all([...this.#members.values()].map((member) => this.#ask(member)));
    return reports.filter((report) => report !== undefined);
  }

  /** Ends everything within two seconds. */
  async stop(): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    const members = [...this.#members.values()];
    for (const member of members) this.#send(member, { t: "stop" });
    const deadline = Date.now() + STOP_TIMEOUT_MS;
    while (members.some((member) => !member.stopped) && Date.now() < deadline) await sleep(10);
    for (const member of members) {
      member.port.close();
      member.handle.terminate();
    }
  }

  #spawn(index: number): Promise<readonly string[]> {
    const { port1, port2 } = new MessageChannel();
    const incarnation = ++this.#incarnations;
    const handle = this.#options.spawn({
      index,
      incarnation,
      dataDir: this.#options.dataDir,
      server: this.#server,
      entries: this.#entries(),
      port: port2,
    });
    const member: Member = {
      index,
      incarnation,
      handle,
      port: port1,
      waiting: new Map(),
      ready: false,
      stopped: false,
    };
    for (const other of this.#members.values()) if (other.index !== index) this.#link(member, other);
    this.#members.set(index, member);
    return new Promise((resolve) => {
      port1.on("message", (message: FromWorker) => {
        if (message.t === "ready") {
          member.ready = true;
          resolve(message.problems);
        } else this.#onMessage(member, message);
      });
      handle.onExit((error) => {
        resolve(error === undefined ? [] : [messageOf(error)]);
        this.#onExit(member, error);
      });
    });
  }

  #link(a: Member, b: Member): void {
    const { port1, port2 } = new MessageChannel();
    const bells = new SharedArrayBuffer(8);
    const toA: ToWorker = {
      t: "peer",
      index: b.index,
      link: { port: port1, bells, side: 0, incarnation: b.incarnation },
    };
    const toB: ToWorker = {
      t: "peer",
      index: a.index,
      link: { port: port2, bells, side: 1, incarnation: a.incarnation },
    };
    a.port.postMessage(toA, [port1]);
    b.port.postMessage(toB, [port2]);
  }

  #onExit(member: Member, error: Error | undefined): void {
    member.stopped = true;
    for (const done of member.waiting.values()) done(undefined as never);
    if (this.#stopping || this.#members.get(member.index) !== member) return;
    this.restarts++;
    member.port.close();
    this.#options.log.error("a worker died and is replaced", {
      worker: member.index,
      reason: error === undefined ? "it exited" : (error.stack ?? error.message),
    });
    const wasReady = member.ready;
    setTimeout(
      () => {
        if (this.#stopping) return;
        void this.#spawn(member.index).then((problems) => {
          for (const problem of problems) this.#options.log.error(problem, { worker: member.index });
          this.#tellDirectory();
        });
      },
      wasReady ? RESTART_MS : RESTART_MS * 20,
    );
  }

  #onMessage(member: Member, message: FromWorker): void {
    if (message.t === "log") this.#options.log[message.level](message.message, message.fields);
    else if (message.t === "ask") void this.#answer(member, message);
    else if (message.t === "answer") {
      member.waiting.get(message.id)?.(message.value as WorkerReport);
      member.waiting.delete(message.id);
    } else if (message.t === "idle") {
      if (this.#dynamic.delete(message.stream)) {
        this.#owners.delete(message.stream);
        this.#tellDirectory();
      }
    } else if (message.t === "stopped") member.stopped = true;
  }

  async #answer(member: Member, ask: Extract<FromWorker, { t: "ask" }>): Promise<void> {
    try {
      const value = await this.#decide(ask.question, ask.argument);
      this.#send(member, { t: "answer", id: ask.id, value });
    } catch (error) {
      const failure = { code: codeOf(error) ?? "unavailable", text: messageOf(error) };
      this.#send(member, { t: "answer", id: ask.id, error: failure });
    }
  }

  async #decide(question: string, argument: string | undefined): Promise<unknown> {
    if (question === "ensure" && argument !== undefined) return this.#ensure(argument);
    if (question === "reports") return await this.report();
    const answer = await this.#options.onQuestion?.(question, argument);
    if (answer === undefined) throw refusal("not-found", `nobody answers "${question}"`);
    return answer;
  }

  /** The owner of a stream that a pattern makes. */
  #ensure(name: string): number {
    const known = this.#owners.get(name);
    if (known !== undefined) return known;
    const config = matchPattern(this.#server, name);
    if (config === undefined) throw refusal("not-found", `there is no stream "${name}"`);
    if (this.#dynamic.size >= DYNAMIC_MAX) throw refusal("busy", "too many streams were made on request");
    this.#dynamic.set(name, config);
    this.#assign();
    this.#tellDirectory();
    return this.#owners.get(name) as number;
  }

  /** Gives each stream without an owner the worker that has the fewest. */
  #assign(): void {
    const names = new Set([...this.#server.streams.map((stream) => stream.name), ...this.#dynamic.keys()]);
    for (const name of this.#owners.keys()) if (!names.has(name)) this.#owners.delete(name);
    const load = new Array<number>(Math.max(1, this.#server.workers)).fill(0);
    for (const [name, owner] of this.#owners) {
      if (owner < load.length) load[owner] = (load[owner] as number) + 1;
      else this.#owners.delete(name);
    }
    for (const name of names) {
      if (this.#owners.has(name)) continue;
      const owner = load.indexOf(Math.min(...load));
      load[owner] = (load[owner] as number) + 1;
      this.#owners.set(name, owner);
    }
  }

  #tellDirectory(reloaded = false): void {
    const entries = this.#entries();
    const message: ToWorker = { t: "directory", server: this.#server, entries, reloaded };
    for (const member of this.#members.values()) this.#send(member, message);
  }

  #entries(): DirectoryEntry[] {
    const entries: DirectoryEntry[] = [];
    for (const config of [...this.#server.streams, ...this.#dynamic.values()]) {
      const owner = this.#owners.get(config.name);
      if (owner !== undefined) entries.push({ config, owner });
    }
    return entries;
  }

  #ask(member: Member): Promise<WorkerReport | undefined> {
    if (member.stopped) return Promise.resolve(undefined);
    const id = ++this.#asks;
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        member.waiting.delete(id);
        resolve(undefined);
      }, REPORT_TIMEOUT_MS);
      member.waiting.set(id, (report) => {
        clearTimeout(timer);
        resolve(report);
      });
      this.#send(member, { t: "ask", id, question: "report" });
    });
  }

  #send(member: Member, message: ToWorker): void {
    if (!member.stopped) member.port.postMessage(message);
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

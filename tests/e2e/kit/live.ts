import { connect, type Socket } from "node:net";
import { publishHttp, type Reading, readHttp } from "./capture.ts";
import { TsGenerator } from "./generator.ts";
import { type TestServer, until } from "./server.ts";

const FRAME_MS = 40;

/** Publishes a generated stream over HTTP in real time, and remembers every byte of it. */
export class LivePublisher {
  readonly generator: TsGenerator;
  readonly #http: ReturnType<typeof publishHttp>;
  readonly #sent: Buffer[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(url: string, options: { bitrate: number; gop?: number; mark?: number }) {
    this.generator = new TsGenerator(options);
    this.#http = publishHttp(url);
    const started = performance.now();
    let ticks = 0;
    this.#timer = setInterval(() => {
      // A busy machine fires late: what is due is sent all the same.
      for (const due = (performance.now() - started) / FRAME_MS; ticks < due; ticks++) this.sendFrame();
    }, FRAME_MS).unref();
  }

  /** Answers 200 after `end`, else why the publisher was refused; 0 when the connection broke. */
  get status(): Promise<number> {
    return this.#http.status;
  }

  get sent(): Buffer {
    return Buffer.concat(this.#sent);
  }

  sendFrame(): void {
    this.send(this.generator.nextFrame());
  }

  send(bytes: Buffer): void {
    this.#sent.push(bytes);
    this.#http.write(bytes);
  }

  /** Stops in time, but leaves the connection open. */
  stall(): void {
    clearInterval(this.#timer);
  }

  async end(): Promise<number> {
    clearInterval(this.#timer);
    this.#http.end();
    return this.status;
  }

  /** Breaks the connection without a word. */
  kill(): void {
    clearInterval(this.#timer);
    this.#http.kill();
  }
}

/** Why `got` is not an unbroken piece of `sent`; undefined when it is one. */
export function whyNotPiece(got: Buffer, sent: Buffer): string | undefined {
  if (got.length === 0) return "nothing was received";
  const at = sent.indexOf(got.subarray(0, 2 * 188));
  if (at < 0) return "its first two packets were never sent";
  const wanted = sent.subarray(at, at + got.length);
  if (got.equals(wanted)) return undefined;
  let same = 0;
  while (same < wanted.length && got[same] === wanted[same]) same++;
  return `differs after ${same} of ${got.length} bytes (${same / 188} packets; it begins at byte ${at})`;
}

/** One HTTP-TS viewer in each of two workers: the kernel chooses, so more are opened until both have one. */
export async function viewersInBothWorkers(server: TestServer, stream: string): Promise<Reading[]> {
  const readers = [await readHttp(server.url(`/${stream}/mpegts`))];
  return until("a viewer in each worker", 10_000, async () => {
    const sessions = (await server.sessions()).filter(
      (each) => each.kind === "play" && each.stream === stream,
    );
    if (new Set(sessions.map((session) => session.id.split(".")[0])).size === 2) return readers;
    readers.push(await readHttp(server.url(`/${stream}/mpegts`)));
    return undefined;
  });
}

/** What a raw connection got by the time it was closed, or `waitMs` went by. */
export interface RawAnswer {
  readonly text: string;
  readonly closed: boolean;
}

/** Writes bytes to the server's port as they are, and gathers what comes back. */
export function rawRequest(port: number, bytes: Uint8Array | string, waitMs = 3000): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let text = "";
    const done = (closed: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ text, closed });
    };
    const timer = setTimeout(() => done(false), waitMs);
    socket.on("data", (part) => {
      text += part.toString("latin1");
    });
    socket.on("close", () => done(true));
    socket.on("error", () => {});
    socket.write(bytes);
  });
}

/** A connection that is open, or was refused. */
export function openSocket(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => resolve(socket));
    socket.once("error", reject);
  });
}

/** Numbers that look random and are the same in each run (xorshift32). */
export function pseudoRandom(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import { availableParallelism } from "node:os";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { BenchError } from "./errors.ts";

/** A program that was started, one line of output at a time. */
export interface Program extends AsyncDisposable {
  readonly pid: number;
  readonly child: ChildProcess;
  /** Resolves with the next line of standard output for which `wanted` holds; rejects when the program ends before. */
  line(wanted: (line: string) => boolean): Promise<string>;
  /** Rejects when the program ends, with what it said last; never resolves. */
  readonly ended: Promise<never>;
}

/** The core for what is measured, and the one for what loads it; -1 where there is only one. */
export const SERVER_CORE: number = availableParallelism() > 1 ? 0 : -1;
export const LOAD_CORE: number = availableParallelism() > 1 ? 1 : -1;

const STOP_MS = 3000;

export function hasProgram(name: string): boolean {
  try {
    execFileSync("sh", ["-c", `command -v ${name}`], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/**
 * Starts a program on one core (`taskset` replaces itself by it, so the pid is the program's own). When it is to end it is killed
 * where it has not ended within `stopMs`.
 */
export function start(
  core: number,
  command: string,
  words: readonly string[],
  stopMs: number = STOP_MS,
): Program {
  const pinned = core >= 0 && hasProgram("taskset");
  const all = pinned ? ["-c", String(core), command, ...words] : [...words];
  const child = spawn(pinned ? "taskset" : command, all, { stdio: ["ignore", "pipe", "pipe"] });
  const { pid, stdout, stderr } = child;
  if (pid === undefined) throw new BenchError("bench.tool", `${command} cannot be started`);
  let complaint = "";
  stderr.on("data", (bytes: Buffer) => {
    complaint = (complaint + bytes.toString()).slice(-2000);
  });
  const lines: string[] = [];
  let wake = () => {};
  let over = false;
  createInterface({ input: stdout }).on("line", (line) => {
    lines.push(line);
    wake();
  });
  const ended = new Promise<never>((_, reject) => {
    child.on("close", () => {
      over = true;
      wake();
      reject(new BenchError("bench.tool", `${command} ended early: ${complaint.trim() || "no word"}`));
    });
  });
  // Most ends are those asked for, with nobody listening.
  ended.catch(() => {});
  const line = async (wanted: (line: string) => boolean): Promise<string> => {
    for (;;) {
      for (let next = lines.shift(); next !== undefined; next = lines.shift()) if (wanted(next)) return next;
      if (over) return await ended;
      await new Promise<void>((done) => {
        wake = done;
      });
    }
  };
  return { pid, child, line, ended, [Symbol.asyncDispose]: () => stop(child, stopMs) };
}

async function stop(child: ChildProcess, stopMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((done) => child.once("exit", () => done()));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), stopMs);
  await gone;
  clearTimeout(timer);
}

/** A TCP port that nobody uses at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done, failed) => {
    server.once("error", failed);
    server.listen(0, "127.0.0.1", done);
  });
  const address = server.address();
  await new Promise<void>((done) => server.close(() => done()));
  if (address === null || typeof address === "string") throw new BenchError("bench.tool", "no free port");
  return address.port;
}

/** Below the ports that the kernel gives to whoever asks for any. */
const FIRST_UDP_PORT = 20_000;
const LAST_UDP_PORT = 32_000;

/** The first of `count` UDP ports in a row that nobody uses at the moment; searched from anywhere, so that two do not collide. */
export async function freeUdpPorts(count: number): Promise<number> {
  const begin = FIRST_UDP_PORT + Math.floor((Math.random() * (LAST_UDP_PORT - FIRST_UDP_PORT)) / 2);
  for (let first = begin, at = first; first + count <= LAST_UDP_PORT; at += 1) {
    if (at === first + count) return first;
    if (!(await isFreeUdpPort(at))) first = at + 1;
  }
  throw new BenchError("bench.tool", `no ${count} free UDP ports in a row`);
}

async function isFreeUdpPort(port: number): Promise<boolean> {
  const socket = createSocket("udp4");
  const free = await new Promise<boolean>((done) => {
    socket.once("error", () => done(false));
    socket.bind({ port, address: "127.0.0.1", exclusive: true }, () => done(true));
  });
  socket.close();
  return free;
}

/** Waits until `path` answers with 200 and a first byte. */
export async function waitForAnswer(url: string, limitMs: number): Promise<void> {
  const endMs = performance.now() + limitMs;
  for (;;) {
    const answer = await firstByteOf(url);
    if (answer === 200) return;
    if (performance.now() > endMs) throw new BenchError("bench.tool", `${url} answers with ${answer}`);
    await sleep(100);
  }
}

async function firstByteOf(url: string): Promise<number | string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
    const reader = response.body?.getReader();
    const first = response.status === 200 ? await reader?.read() : undefined;
    await reader?.cancel();
    return response.status === 200 && first?.value === undefined ? "no bytes" : response.status;
  } catch (error) {
    return String(error);
  }
}

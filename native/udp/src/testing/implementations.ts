import { compileAddon } from "../../scripts/compiler.ts";
import { loadAddon } from "../native/addon.ts";
import { openUdp } from "../open.ts";
import type { UdpOptions } from "../options.ts";
import type { UdpSocket } from "../socket.ts";

/** For tests only. */
export type Implementation = "native" | "node:dgram";
export const IMPLEMENTATIONS: readonly Implementation[] = ["native", "node:dgram"];

let missing: string | undefined | null = null;

/** Why the addon cannot be tested here; undefined when it can. Compiles it where that is needed. */
export function whyNoAddon(): string | undefined {
  if (missing === null) missing = findOut();
  return missing;
}

function findOut(): string | undefined {
  if (process.env["MILLRACE_UDP_ADDON"] === undefined) {
    const outcome = compileAddon();
    if (outcome.state === "failed") return outcome.reason;
  }
  const addon = loadAddon();
  return typeof addon === "string" ? addon : undefined;
}

/** A reason to skip a test of an implementation, or false. */
export function skipOf(implementation: Implementation): string | false {
  return implementation === "native" ? (whyNoAddon() ?? false) : false;
}

/** Sockets that are closed when the block of a test that has them ends. */
export class Sockets implements AsyncDisposable {
  readonly #implementation: Implementation;
  readonly #open: UdpSocket[] = [];

  constructor(implementation: Implementation) {
    this.#implementation = implementation;
  }

  /** On 127.0.0.1 unless the options say otherwise. */
  async open(options: UdpOptions = {}): Promise<UdpSocket> {
    const local = { host: options.family === 6 ? "::1" : "127.0.0.1", port: 0 };
    const socket = await openUdp({ local, ...options, implementation: this.#implementation });
    this.#open.push(socket);
    return socket;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#open.map((socket) => socket.close()));
  }
}

import { openDgram } from "./dgram/open-dgram.ts";
import { UdpError } from "./errors.ts";
import { type Addon, loadAddon } from "./native/addon.ts";
import { openNative } from "./native/open-native.ts";
import type { UdpLog, UdpOptions } from "./options.ts";
import { resolveOptions } from "./resolve.ts";
import type { UdpSocket } from "./socket.ts";

let noted = false;

/** `dgram` does without the addon, `native` insists on it, wherever the options leave that open. For tests, and for doubts. */
const SWITCH = "MILLRACE_UDP";

/**
 * Opens a UDP socket, bound, and connected if there is a `remote`: that of the addon where it loads, else one upon
 * node:dgram, which the log is told once in each thread. Rejects with `UdpError`, its `code` the system's (`EADDRINUSE`,
 * `EACCES`, `EADDRNOTAVAIL`, `ENODEV`…).
 */
export async function openUdp(options: UdpOptions = {}): Promise<UdpSocket> {
  const resolved = await resolveOptions(options);
  const addon = choose(options);
  return addon === undefined ? openDgram(resolved, options.log) : openNative(addon, resolved);
}

function choose({ implementation, log }: UdpOptions): Addon | undefined {
  const wanted = implementation ?? switchedTo();
  if (wanted === "node:dgram") return undefined;
  const addon = loadAddon();
  if (typeof addon !== "string") return addon;
  if (wanted === "native")
    throw new UdpError("dlopen", "EIO", `the native UDP addon does not load: ${addon}`);
  noteFallback(addon, log);
  return undefined;
}

function switchedTo(): UdpOptions["implementation"] {
  const word = process.env[SWITCH];
  return word === "dgram" ? "node:dgram" : word === "native" ? "native" : undefined;
}

function noteFallback(reason: string, log: UdpLog | undefined): void {
  if (noted || log === undefined) return;
  noted = true;
  log.info("UDP goes by node:dgram, which costs more: the native addon does not load", { reason });
}

import { createSocket } from "node:dgram";
import { createReadStream } from "node:fs";
import { get as httpGet, type IncomingMessage } from "node:http";
import { get as httpsGet } from "node:https";
import { isIP } from "node:net";
import { networkInterfaces } from "node:os";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { looksLikeRtpTs, RtpPacket } from "@millrace/rtp";
import { analyseError } from "./errors.ts";

/** Receives bytes of a transport stream in any pieces, and when they came (monotonic, nanoseconds; -1 for files). */
export type BytesHandler = (bytes: Uint8Array, arrivalNs: number) => void;

export interface Source {
  /** Live sources are read for a limited time, files to their end. */
  readonly live: boolean;
  /** Reads until the end or until `signal` says so; rejects with `analyse.source`. */
  read(onBytes: BytesHandler, signal: AbortSignal): Promise<void>;
}

const FILE_CHUNK = 1 << 20;
const RECEIVE_BUFFER = 4 << 20;
const CONNECT_TIMEOUT_MS = 10_000;
const MAX_REDIRECTS = 5;

/** Opens what the command line names: a path, `-`, or a URL. Throws `analyse.target`. */
export function openSource(target: string): Source {
  if (target === "-")
    return { live: false, read: (onBytes, signal) => readStream(process.stdin, onBytes, { signal }) };
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(target)?.[1]?.toLowerCase();
  switch (scheme) {
    case undefined:
      return fileSource(target);
    case "file":
      return fileSource(fileURLToPath(target));
    case "http":
    case "https":
    case "tshttp":
    case "tshttps":
      return {
        live: true,
        read: (onBytes, signal) => readHttp(target.replace(/^ts/i, ""), onBytes, { signal }),
      };
    case "udp":
    case "rtp":
      return udpSource(target);
    default:
      throw analyseError(
        "analyse.target",
        `cannot analyse ${scheme}:// (a file, -, udp, rtp, http or https can be)`,
      );
  }
}

function fileSource(path: string): Source {
  return {
    live: false,
    read: (onBytes, signal) =>
      readStream(createReadStream(path, { highWaterMark: FILE_CHUNK }), onBytes, { signal }),
  };
}

function nowNs(): number {
  return Number(process.hrtime.bigint());
}

/** `live`: note when bytes came. */
async function readStream(
  stream: Readable,
  onBytes: BytesHandler,
  { signal, live = false }: { signal: AbortSignal; live?: boolean },
): Promise<void> {
  const stop = () => stream.destroy();
  signal.addEventListener("abort", stop, { once: true });
  try {
    for await (const chunk of stream) onBytes(chunk as Uint8Array, live ? nowNs() : -1);
  } catch (error) {
    if (!signal.aborted) throw sourceError(error);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

function sourceError(error: unknown): Error {
  return analyseError("analyse.source", error instanceof Error ? error.message : String(error), error);
}

async function readHttp(
  url: string,
  onBytes: BytesHandler,
  { signal, redirects = 0 }: { signal: AbortSignal; redirects?: number },
): Promise<void> {
  const response = await request(url, signal);
  if (response === undefined) return;
  const status = response.statusCode ?? 0;
  const { location } = response.headers;
  if (status >= 300 && status < 400 && location !== undefined) {
    response.destroy();
    if (redirects === MAX_REDIRECTS) throw analyseError("analyse.source", `${url}: too many redirects`);
    await readHttp(new URL(location, url).href, onBytes, { signal, redirects: redirects + 1 });
    return;
  }
  if (status !== 200) {
    response.destroy();
    throw analyseError("analyse.source", `${url}: HTTP status ${status}`);
  }
  await readStream(response, onBytes, { signal, live: true });
}

/** Undefined if the signal came first. */
function request(url: string, signal: AbortSignal): Promise<IncomingMessage | undefined> {
  const get = url.startsWith("https:") ? httpsGet : httpGet;
  return new Promise((resolve, reject) => {
    const sent = get(url, { signal, headers: { "user-agent": "Millrace" } }, resolve);
    sent.setTimeout(CONNECT_TIMEOUT_MS, () => sent.destroy(new Error(`${url}: no answer`)));
    sent.on("error", (error) => (signal.aborted ? resolve(undefined) : reject(sourceError(error))));
  });
}

/** `udp://[source@]host:port[?interface=ADDRESS]`; a multicast group, or an address of this machine. */
function udpSource(target: string): Source {
  const url = URL.parse(target.replace(/^(udp|rtp):\/\/@?/i, "http://"));
  const port = Number(url?.port);
  if (url === null || !(port > 0))
    throw analyseError("analyse.target", `${target}: expected udp://HOST:PORT`);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const sender = decodeURIComponent(url.username);
  const local = url.searchParams.get("interface") ?? undefined;
  return {
    live: true,
    read: (onBytes, signal) => readUdp({ host, port, sender, local }, onBytes, signal),
  };
}

interface UdpAddress {
  readonly host: string;
  readonly port: number;
  /** Only this source of the group is asked for; "" for any. */
  readonly sender: string;
  /** Address or name of the interface that joins the group. */
  readonly local: string | undefined;
}

function isMulticast(host: string): boolean {
  const first = Number.parseInt(host, 10);
  return host.includes(":") ? /^ff/i.test(host) : first >= 224 && first < 240;
}

function readUdp(address: UdpAddress, onBytes: BytesHandler, signal: AbortSignal): Promise<void> {
  const { host, port, sender, local } = address;
  const type = isIP(host) === 6 ? "udp6" : "udp4";
  const socket = createSocket({ type, reuseAddr: true, recvBufferSize: RECEIVE_BUFFER });
  const rtp = new RtpPacket();
  return new Promise((resolve, reject) => {
    socket.on("error", (error) => {
      socket.close();
      reject(sourceError(error));
    });
    socket.on("message", (message) => {
      const isRtp = looksLikeRtpTs(message) && rtp.parse(message, 0, message.length);
      onBytes(isRtp ? message.subarray(rtp.payloadStart, rtp.payloadEnd) : message, nowNs());
    });
    signal.addEventListener("abort", () => socket.close(() => resolve()), { once: true });
    socket.bind(port, host === "" ? undefined : host, () => {
      if (!isMulticast(host)) return;
      const from = localAddress(local);
      if (sender === "") socket.addMembership(host, from);
      else socket.addSourceSpecificMembership(sender, host, from);
    });
  });
}

/** Interfaces may be named (`eth0`) or given by address. */
function localAddress(local: string | undefined): string | undefined {
  if (local === undefined || isIP(local) !== 0) return local;
  return networkInterfaces()[local]?.find((entry) => entry.family === "IPv4")?.address;
}

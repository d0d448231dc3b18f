import type { TestContext } from "node:test";
import { PipedProgram } from "./srt-piped.ts";

/** How a program is to connect. */
export interface SrtPeer {
  readonly mode: "caller" | "listener" | "rendezvous";
  /** On 127.0.0.1: to call, or to listen on. */
  readonly port: number;
  readonly latencyMs: number;
  readonly streamId?: string;
  readonly passphrase?: string;
  /** 16 or 32. */
  readonly keyBytes?: number;
  /** How much srt-live-transmit says; "error" when left out. */
  readonly loglevel?: "warn" | "note";
  /** File into which srt-live-transmit writes its statistics after each packet, a line of JSON each. */
  readonly statistics?: string;
  /** Further options, under the names of libsrt's tools. */
  readonly more?: Readonly<Record<string, string | number>>;
}

export interface SrtProgram {
  readonly name: string;
  /** Whether it takes a transport stream apart and makes another one of it. */
  readonly remuxes: boolean;
  /** Sends what is written to it; one that remuxes sends the file instead, in real time. */
  publish(t: Pick<TestContext, "after">, peer: SrtPeer, file: string): PipedProgram;
  /** Receives; its output is the stream. */
  play(t: Pick<TestContext, "after">, peer: SrtPeer): PipedProgram;
}

function optionsOf(peer: SrtPeer): Record<string, string> {
  const { mode, streamId, passphrase, keyBytes, more = {} } = peer;
  const options: Record<string, string> = { mode };
  if (streamId !== undefined) options["streamid"] = streamId;
  if (passphrase !== undefined) options["passphrase"] = passphrase;
  if (keyBytes !== undefined) options["pbkeylen"] = String(keyBytes);
  for (const [name, value] of Object.entries(more)) options[name] = String(value);
  return options;
}

/** `a=b&c=d`: neither srt-live-transmit nor FFmpeg up to 5 decodes percent signs. */
function queryOf(options: Readonly<Record<string, string>>): string {
  return Object.entries(options)
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}

/** The URL for srt-live-transmit. */
function transmitUrl(peer: SrtPeer): string {
  const options = { ...optionsOf(peer), latency: String(peer.latencyMs) };
  return `srt://127.0.0.1:${peer.port}?${queryOf(options)}`;
}

/** libsrt's own tool. */
export const srtLiveTransmit: SrtProgram = {
  name: "srt-live-transmit",
  remuxes: false,
  publish: (t, peer) => transmit(t, peer, ["file://con", transmitUrl(peer)]),
  play: (t, peer) => transmit(t, peer, [transmitUrl(peer), "file://con"]),
};

/** In chunks of seven packets, and without a second try. */
function transmit(t: Pick<TestContext, "after">, peer: SrtPeer, urls: readonly string[]): PipedProgram {
  const { loglevel = "error", statistics } = peer;
  const args = ["-chunk:1316", "-a:no", `-loglevel:${loglevel}`];
  if (statistics !== undefined) args.push("-s:1", "-f", "-pf", "json", `-statsout:${statistics}`);
  return PipedProgram.start(t, "srt-live-transmit", [...args, ...urls]);
}

/** The URL for FFmpeg, which counts SRT's latency in microseconds. */
function ffmpegUrl(peer: SrtPeer): string {
  const options = { ...optionsOf(peer), latency: String(peer.latencyMs * 1000), pkt_size: "1316" };
  return `srt://127.0.0.1:${peer.port}?${queryOf(options)}`;
}

const FFMPEG = ["-hide_banner", "-nostdin", "-loglevel", "warning"];

export const ffmpeg: SrtProgram = {
  name: "ffmpeg",
  remuxes: true,
  publish: (t, peer, file) =>
    PipedProgram.start(t, "ffmpeg", [
      ...FFMPEG,
      ...["-re", "-i", file, "-c", "copy", "-f", "mpegts", ffmpegUrl(peer)],
    ]),
  play: (t, peer) =>
    PipedProgram.start(t, "ffmpeg", [
      ...FFMPEG,
      ...["-i", ffmpegUrl(peer), "-c", "copy", "-f", "mpegts", "-flush_packets", "1", "pipe:1"],
    ]),
};

/** GStreamer: a URI with a host is one to call. */
function gstElement(element: string, peer: SrtPeer): string[] {
  const { passphrase, keyBytes, mode, port, latencyMs, streamId } = peer;
  const stream = streamId === undefined ? "" : `?streamid=${encodeURIComponent(streamId)}`;
  const words = [
    element,
    `latency=${latencyMs}`,
    `uri=srt://${mode === "listener" ? "" : "127.0.0.1"}:${port}${stream}`,
  ];
  if (mode === "listener") words.push("localaddress=127.0.0.1", `localport=${port}`);
  words.push(`mode=${mode}`);
  if (passphrase !== undefined) words.push(`passphrase=${passphrase}`);
  if (keyBytes !== undefined) words.push(`pbkeylen=${keyBytes}`);
  return words;
}

export const gstreamer: SrtProgram = {
  name: "gst-launch-1.0",
  remuxes: false,
  publish: (t, peer) =>
    PipedProgram.start(t, "gst-launch-1.0", [
      ...["-q", "fdsrc", "fd=0", "blocksize=1316", "!"],
      ...[...gstElement("srtsink", peer), "sync=false"],
    ]),
  play: (t, peer) =>
    PipedProgram.start(t, "gst-launch-1.0", [
      ...["-q", ...gstElement("srtsrc", peer), "!", "fdsink", "fd=1", "sync=false"],
    ]),
};

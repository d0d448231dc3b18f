import { isIP } from "node:net";
import { badUrl, readNumber } from "@millrace/engine";
import {
  type InputConfig,
  type Options,
  type OptionValue,
  type PushConfig,
  readOption,
} from "@millrace/model";
import { readTsFilter, type TsFilterOptions } from "@millrace/mpegts";
import { checkSource, parseUdpUrl, type UdpAddress } from "./address.ts";
import { UDP_OPTIONS } from "./options.ts";

export interface UdpInputSettings {
  readonly url: string;
  readonly address: UdpAddress;
  /** Only RTP is taken. */
  readonly rtpOnly: boolean;
  readonly bufferBytes: number;
  readonly reorderMs: number;
  /** Undefined: the stream's own `source_timeout` is enough. */
  readonly timeoutMs: number | undefined;
  readonly filter: TsFilterOptions | undefined;
}

export interface UdpPushSettings {
  readonly url: string;
  readonly address: UdpAddress;
  readonly rtp: boolean;
  readonly ttl: number;
  readonly loop: boolean;
  /** The DS field, 0 to 255; the system's when undefined. */
  readonly trafficClass: number | undefined;
  /** Own address and port; any when undefined. */
  readonly bind: { readonly host?: string; readonly port: number } | undefined;
  readonly packetsPerDatagram: number;
  readonly paced: boolean;
  readonly latencyMs: number;
  /** Bits of transport stream a second; undefined leaves the packets as they are. */
  readonly cbr: number | undefined;
  readonly pcrMs: number;
}

/** Reads an input. Throws `bad-url`. */
export function readInput(input: InputConfig): UdpInputSettings {
  const { url, options } = input;
  const timeout = options["timeout"];
  return {
    url,
    address: readAddress(url, options),
    rtpOnly: input.scheme === "rtp",
    bufferBytes: integer(url, options, "buffer"),
    reorderMs: integer(url, options, "reorder"),
    timeoutMs: timeout === undefined ? undefined : integer(url, options, "timeout"),
    filter: readTsFilter(options),
  };
}

/** Reads a push. Throws `bad-url`. */
export function readPush(push: PushConfig): UdpPushSettings {
  const { url, options } = push;
  const address = readAddress(url, options);
  if (address.source !== undefined) throw badUrl(url, "a push has no source: use interface= or bind=");
  if (address.host === "0.0.0.0" || address.host === "::")
    throw badUrl(url, "a push needs an address to send to");
  const bytes = integer(url, options, "pkt_size");
  if (bytes % 188 !== 0) throw badUrl(url, `pkt_size must be a multiple of 188, not ${bytes}`);
  return {
    url,
    address,
    rtp: push.scheme === "rtp",
    ttl: integer(url, options, "ttl"),
    loop: options["multicast_loop"] === true,
    trafficClass: readTrafficClass(url, options),
    bind: readBind(url, options["bind"]),
    packetsPerDatagram: bytes / 188,
    paced: value("pacing", options) !== "off",
    latencyMs: integer(url, options, "latency"),
    cbr: options["cbr"] === undefined ? undefined : integer(url, options, "cbr"),
    pcrMs: integer(url, options, "pcr"),
  };
}

function readAddress(url: string, options: Options): UdpAddress {
  const address = parseUdpUrl(url);
  const source = options["source"] ?? address.source;
  const device = options["interface"] ?? address.interface;
  if (source !== undefined) checkSource(url, String(source), address.family);
  const { source: _source, interface: _interface, ...plain } = address;
  return {
    ...plain,
    ...(source === undefined ? {} : { source: String(source) }),
    ...(device === undefined ? {} : { interface: String(device) }),
  };
}

function value(name: string, options: Options): OptionValue | undefined {
  const spec = UDP_OPTIONS.find((it) => it.name === name);
  return spec === undefined ? undefined : readOption(spec, options);
}

function integer(url: string, options: Options, name: string): number {
  const spec = UDP_OPTIONS.find((it) => it.name === name);
  const number = spec === undefined ? undefined : readNumber(spec, options, url);
  if (number === undefined) throw badUrl(url, `${name} must be a whole number`);
  return number;
}

/** `tos` is the whole field, `dscp` its upper six bits (RFC 2474 §3). */
function readTrafficClass(url: string, options: Options): number | undefined {
  if (options["dscp"] === undefined)
    return options["tos"] === undefined ? undefined : integer(url, options, "tos");
  if (options["tos"] !== undefined) throw badUrl(url, "tos and dscp are the same field: give one of them");
  return integer(url, options, "dscp") << 2;
}

/** `PORT` or `HOST:PORT`. */
function readBind(url: string, text: OptionValue | undefined): UdpPushSettings["bind"] {
  if (text === undefined) return undefined;
  const match = /^(?:\[?([^\]]*?)\]?:)?(\d{1,5})$/.exec(String(text));
  const port = Number(match?.[2]);
  const host = match?.[1];
  if (match === null || port > 65535)
    throw badUrl(url, `bind must be a port or HOST:PORT, not "${String(text)}"`);
  if (host === undefined || host === "") return { port };
  if (isIP(host) === 0) throw badUrl(url, `bind needs an address, not "${host}"`);
  return { host, port };
}

import { isIP } from "node:net";
import {
  type InputConfig,
  type Options,
  type OptionValue,
  type PushConfig,
  readOption,
} from "@millrace/model";
import { readTsFilter, type TsFilterOptions } from "@millrace/mpegts";
import { badUrl } from "./errors.ts";
import { parseFilter, serializeFilter } from "./filter/config.ts";
import { SRT_OPTIONS } from "./option-specs.ts";
import { type SrtOptions, UDP_IP_BYTES } from "./session/options.ts";

/** One peer: of an input, or of a push. */
export interface PeerSettings {
  readonly url: string;
  readonly mode: "caller" | "listener" | "rendezvous";
  /** Empty when it listens on all addresses. */
  readonly host: string;
  readonly port: number;
  /** Own address, or the name of a network interface. */
  readonly adapter: string | undefined;
  readonly localPort: number;
  readonly ttl: number;
  /** The DS field, 0 to 255; the system's when undefined. */
  readonly trafficClass: number | undefined;
  readonly start: "live" | "key";
  readonly options: SrtOptions;
  /** Several ways to the same peer. */
  readonly group: GroupSettings | undefined;
}

/** A bonding group that we call. */
export interface GroupSettings {
  readonly type: "broadcast" | "backup";
  readonly nodes: readonly GroupNode[];
}

/** One way to the peer. */
export interface GroupNode {
  readonly host: string;
  readonly port: number;
  /** The heavier one is preferred, in a backup group. */
  readonly weight: number;
  readonly adapter: string | undefined;
}

export interface InputSettings extends PeerSettings {
  readonly filter: TsFilterOptions | undefined;
}

const URL_FORM = /^srt:\/\/(\[[^\]]+\]|[^:/?[\]]*):(\d{1,5})\/?(?:\?.*)?$/i;
const MAX_STREAM_ID = 512;

/** Reads an input. Throws `bad-url`. */
export function readInput(input: InputConfig): InputSettings {
  return { ...readPeer(input.url, input.options), filter: readTsFilter(input.options) };
}

/** Reads a push. Throws `bad-url`. */
export function readPush(push: PushConfig): PeerSettings {
  return readPeer(push.url, push.options);
}

function readPeer(url: string, options: Options): PeerSettings {
  const match = URL_FORM.exec(url);
  if (match === null) throw badUrl(url, "expected srt://HOST:PORT");
  const port = Number(match[2]);
  if (port < 1 || port > 65_535) throw badUrl(url, "the port must be 1 to 65535");
  const host = (match[1] as string).replace(/^\[|\]$/g, "").replace(/^\*$/, "");
  const given = options["mode"];
  const mode = given === undefined ? (host === "" ? "listener" : "caller") : (given as PeerSettings["mode"]);
  if (host === "" && mode !== "listener") throw badUrl(url, "there is no host to connect to");
  const adapter = options["adapter"];
  if (adapter !== undefined && !isAdapter(String(adapter)))
    throw badUrl(
      url,
      `adapter must be an address or a network interface of this machine, not "${String(adapter)}"`,
    );
  return {
    url,
    mode,
    host,
    port,
    adapter: adapter === undefined ? undefined : String(adapter),
    localPort: Number(options["localport"] ?? 0),
    ttl: Number(options["ipttl"] ?? 0),
    trafficClass: readTrafficClass(url, options),
    start: value("start", options) === "key" ? "key" : "live",
    options: readOptions(url, options, mode === "rendezvous"),
    group: readGroup(url, options, {
      host,
      port,
      mode,
      adapter: adapter === undefined ? undefined : String(adapter),
    }),
  };
}

/** Names of network interfaces have up to 15 bytes (IFNAMSIZ, netdevice(7)). */
const DEVICE_FORM = /^[^\s/:%]{1,15}$/;

function isAdapter(text: string): boolean {
  return isIP(text) !== 0 || (DEVICE_FORM.test(text) && !/^[\d.]+$/.test(text));
}

/** `iptos` is the whole DS field, `dscp` its upper six bits (RFC 2474 §3). Throws `bad-url`. */
export function readTrafficClass(where: string, options: Options): number | undefined {
  const [field, code] = [options["iptos"], options["dscp"]];
  if (field !== undefined && code !== undefined)
    throw badUrl(where, "iptos and dscp are the same field: give one of them");
  if (code !== undefined) return readInteger(where, "dscp", options) << 2;
  return field === undefined ? undefined : readInteger(where, "iptos", options);
}

const NODE_FORM = /^(\[[^\]]+\]|[^:/@[\]]+):(\d{1,5})(?:\/(\d{1,5}))?(?:@(.+))?$/;
const MOST_WEIGHT = 65_535;

/** `group=broadcast&nodes=HOST:PORT/WEIGHT@ADAPTER,…`: the URL's own host is the first node. */
function readGroup(
  url: string,
  options: Options,
  first: {
    readonly host: string;
    readonly port: number;
    readonly mode: string;
    readonly adapter: string | undefined;
  },
): GroupSettings | undefined {
  const type = options["group"];
  const texts = options["nodes"];
  if (type === undefined && texts === undefined) return undefined;
  if (type === undefined) throw badUrl(url, "nodes needs group=broadcast or group=backup");
  if (first.mode !== "caller")
    throw badUrl(url, "only a caller can open a group: a listener takes groups as they come");
  const { host, port, adapter } = first;
  const nodes: GroupNode[] = [{ host, port, adapter, weight: Number(options["weight"] ?? 0) }];
  for (const text of Array.isArray(texts) ? texts.map(String) : []) {
    const match = NODE_FORM.exec(text);
    const node = {
      host: (match?.[1] ?? "").replace(/^\[|\]$/g, ""),
      port: Number(match?.[2]),
      weight: Number(match?.[3] ?? 0),
      adapter: match?.[4],
    };
    const fits = match !== null && node.port >= 1 && node.port <= 65_535 && node.weight <= MOST_WEIGHT;
    if (!fits || (node.adapter !== undefined && !isAdapter(node.adapter)))
      throw badUrl(url, `"${text}" of nodes is no HOST:PORT, HOST:PORT/WEIGHT or HOST:PORT@ADAPTER`);
    nodes.push(node);
  }
  return { type: type === "backup" ? "backup" : "broadcast", nodes };
}

/** Reads the settings of a connection; `where` names the URL or line in errors. Throws `bad-url`. */
export function readOptions(where: string, options: Options, rendezvous = false): SrtOptions {
  const integer = (name: string): number => readInteger(where, name, options);
  const latencyMs = integer("latency");
  const passphrase = readPassphrase(where, options["passphrase"]);
  const keyRefreshPackets = integer("kmrefreshrate");
  const keyAnnouncePackets = Math.min(
    integer("kmpreannounce"),
    options["kmpreannounce"] === undefined
      ? Math.floor((keyRefreshPackets - 1) / 2)
      : Number.POSITIVE_INFINITY,
  );
  if (keyAnnouncePackets > (keyRefreshPackets - 1) / 2)
    throw badUrl(where, "kmpreannounce must be less than half of kmrefreshrate");
  const keyBytes = integer("pbkeylen") as SrtOptions["keyBytes"];
  const cryptoMode = value("cryptomode", options) as SrtOptions["cryptoMode"];
  if (cryptoMode === "gcm" && keyBytes === 24)
    throw badUrl(where, "cryptomode gcm has no keys of 24 bytes: pbkeylen 16 or 32");
  const streamId = String(options["streamid"] ?? "");
  if (Buffer.byteLength(streamId) > MAX_STREAM_ID) throw badUrl(where, "streamid is longer than 512 bytes");
  const maxPacketSize = integer("mss");
  const room = maxPacketSize - UDP_IP_BYTES;
  return {
    receiveLatencyMs: options["rcvlatency"] === undefined ? latencyMs : integer("rcvlatency"),
    peerLatencyMs:
      options["peerlatency"] === undefined ? peerLatency(options, latencyMs) : integer("peerlatency"),
    passphrase,
    keyBytes,
    cryptoMode,
    enforcedEncryption: flag("enforcedencryption", options),
    keyRefreshPackets,
    keyAnnouncePackets,
    streamId,
    tsbpd: flag("tsbpd", options),
    tooLateDrop: flag("tlpktdrop", options),
    nakReport: flag("nakreport", options),
    maxBandwidth: integer("maxbw"),
    inputBandwidth: integer("inputbw"),
    minInputBandwidth: integer("mininputbw"),
    overheadPercent: integer("oheadbw"),
    maxPacketSize,
    flowWindow: integer("fc"),
    sendBufferPackets: Math.max(32, Math.floor(integer("sndbuf") / room)),
    receiveBufferPackets: Math.max(32, Math.min(Math.floor(integer("rcvbuf") / room), integer("fc"))),
    payloadBytes: readPayload(where, options),
    lossMaxTtl: integer("lossmaxttl"),
    connectTimeoutMs: integer("conntimeo") * (rendezvous ? 10 : 1),
    peerIdleTimeoutMs: integer("peeridletimeo"),
    lingerMs: integer("linger"),
    packetFilter: readFilter(where, options["packetfilter"]),
    sendDropDelayMs: integer("snddropdelay"),
    minVersion: readVersion(where, String(value("minversion", options))),
    retransmitAlgorithm: integer("retransmitalgo") === 0 ? 0 : 1,
    driftTracer: flag("drifttracer", options),
  };
}

/** `latency` sets both directions when it was given (SRTO_LATENCY); the default is for receiving only. */
function peerLatency(options: Options, latencyMs: number): number {
  return options["latency"] === undefined ? 0 : latencyMs;
}

function readPassphrase(where: string, text: OptionValue | undefined): string | undefined {
  if (text === undefined || text === "") return undefined;
  const passphrase = String(text);
  const bytes = Buffer.byteLength(passphrase);
  if (bytes < 10 || bytes > 79) throw badUrl(where, "passphrase must have 10 to 79 characters");
  return passphrase;
}

function readFilter(where: string, text: OptionValue | undefined): string | undefined {
  if (text === undefined || text === "") return undefined;
  try {
    return serializeFilter(parseFilter(String(text)));
  } catch (error) {
    throw badUrl(where, error instanceof Error ? error.message : "packetfilter makes no sense");
  }
}

function readPayload(where: string, options: Options): number {
  const bytes = readInteger(where, "payload_size", options);
  return bytes - (bytes % 188);
}

function readVersion(where: string, text: string): number {
  const match = /^(\d{1,2})\.(\d{1,2})\.(\d{1,2})$/.exec(text);
  if (match === null) throw badUrl(where, `minversion must look like 1.3.0, not "${text}"`);
  return (Number(match[1]) << 16) | (Number(match[2]) << 8) | Number(match[3]);
}

function value(name: string, options: Options): OptionValue | undefined {
  const spec = SRT_OPTIONS.find((it) => it.name === name && it.scope.includes("input"));
  return spec === undefined ? undefined : readOption(spec, options);
}

function flag(name: string, options: Options): boolean {
  return value(name, options) === true;
}

function readInteger(where: string, name: string, options: Options): number {
  const spec = SRT_OPTIONS.find((it) => it.name === name && it.scope.includes("input"));
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = spec ?? {};
  const number = spec === undefined ? undefined : readOption(spec, options);
  if (typeof number === "number" && Number.isSafeInteger(number) && number >= min && number <= max)
    return number;
  throw badUrl(where, `${name} must be a whole number from ${min} to ${max}, not "${String(number)}"`);
}

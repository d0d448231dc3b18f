import { readFileSync } from "node:fs";
import { BenchError } from "../errors.ts";
import { APP, type Place, TRANSPORTS, type Transport } from "../rtmp/contestant.ts";

/** A server of somebody else's, as a file of peers tells it. Placeholders are in braces, see bench/README.md. */
export interface Peer {
  readonly name: string;
  /** Program and arguments. */
  readonly command: readonly string[];
  /** Text of its configuration file; its path is `{config}`. */
  readonly config: string;
  /** `rtmp://127.0.0.1:{port:NAME}/live/{stream}`. */
  readonly publish: string;
  readonly play: Readonly<Partial<Record<Transport, string>>>;
}

const bad = (message: string): never => {
  throw new BenchError("bench.usage", `file of peers: ${message}`);
};

/** Rejects with `bench.usage` what is no file of peers. */
export function readPeers(path: string): Peer[] {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    return bad(`${path}: ${error instanceof Error ? error.message : error}`);
  }
  return parsePeers(json);
}

/** An array of peers; throws `bench.usage` for anything else. */
export function parsePeers(json: unknown): Peer[] {
  if (!Array.isArray(json)) return bad("it has to be an array");
  const peers = json.map((it, i) => parsePeer(it as Record<string, unknown>, i));
  const names = new Set(peers.map((peer) => peer.name));
  if (names.size < peers.length) bad("two have the same name");
  return peers;
}

function parsePeer(it: Record<string, unknown>, index: number): Peer {
  if (typeof it !== "object" || it === null) return bad(`entry ${index + 1} is no object`);
  const name = it["name"];
  if (typeof name !== "string" || name === "") return bad(`entry ${index + 1} has no "name"`);
  const words = typeof it["command"] === "string" ? it["command"].trim().split(/\s+/) : it["command"];
  if (!isTexts(words) || words.length === 0 || words[0] === "") return bad(`${name} has no "command"`);
  const config = it["config"] ?? "";
  const text = isTexts(config) ? config.join("\n") : config;
  if (typeof text !== "string") return bad(`${name}: "config" is neither a text nor a list of lines`);
  const publish = it["publish"];
  if (typeof publish !== "string") return bad(`${name} has no "publish"`);
  placeOf(publish, name, "rtmp");
  if (!publish.endsWith(`/${APP}/{stream}`)) bad(`${name}: "publish" has to end in /${APP}/{stream}`);
  return { name, command: words, config: text, publish, play: parsePlay(it["play"], name) };
}

function parsePlay(it: unknown, name: string): Peer["play"] {
  if (typeof it !== "object" || it === null || Object.keys(it).length === 0)
    return bad(`${name} has no "play"`);
  for (const [transport, url] of Object.entries(it)) {
    if (!isTransport(transport))
      return bad(`${name}: "play" knows ${TRANSPORTS.join(", ")}, not ${transport}`);
    if (typeof url !== "string") return bad(`${name}: the URL of ${transport} is no text`);
    placeOf(url, name, transport);
  }
  return it;
}

/** The name of the port in a URL and its path. */
export function placeOf(
  url: string,
  name: string,
  transport: Transport,
): Pick<Place, "path"> & { port: string } {
  const scheme = transport === "rtmp" ? "rtmp" : "http";
  const [, got, port, path] = /^(\w+):\/\/127\.0\.0\.1:\{port:(\w+)\}(\/.*)$/.exec(url) ?? [];
  if (got !== scheme || port === undefined || path === undefined || path.split("{stream}").length !== 2)
    return bad(`${name}: "${url}" is not ${scheme}://127.0.0.1:{port:NAME}/…{stream}…`);
  return { port, path: path.replace("{stream}", "%") };
}

const isTexts = (it: unknown): it is string[] =>
  Array.isArray(it) && it.every((one) => typeof one === "string");
const isTransport = (word: string): word is Transport => (TRANSPORTS as readonly string[]).includes(word);

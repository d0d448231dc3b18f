import type { ServerConfig, StreamConfig } from "@millrace/model";
import type { DirectoryEntry } from "./protocol.ts";

/** Every worker's copy of who owns which stream. */
export class Directory {
  #server: ServerConfig;
  #entries: Map<string, DirectoryEntry>;

  constructor(server: ServerConfig, entries: readonly DirectoryEntry[]) {
    this.#server = server;
    this.#entries = byName(entries);
  }

  replace(server: ServerConfig, entries: readonly DirectoryEntry[]): void {
    this.#server = server;
    this.#entries = byName(entries);
  }

  ownerOf(stream: string): number | undefined {
    return this.#entries.get(stream)?.owner;
  }

  owned(worker: number): DirectoryEntry[] {
    return [...this.#entries.values()].filter((entry) => entry.owner === worker);
  }

  /** The stream's configuration; for a name that a pattern covers, what it would get. */
  configOf(stream: string): StreamConfig | undefined {
    return this.#entries.get(stream)?.config ?? matchPattern(this.#server, stream);
  }
}

function byName(entries: readonly DirectoryEntry[]): Map<string, DirectoryEntry> {
  return new Map(entries.map((entry) => [entry.config.name, entry]));
}

/** Names that may be put into URLs and file names. */
const STREAM_NAME = /^[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/;

/** What `live PREFIX` and `rewrite PREFIX*` make of a name. */
export function matchPattern(server: ServerConfig, stream: string): StreamConfig | undefined {
  if (!STREAM_NAME.test(stream) || stream.split("/").some((part) => part === "." || part === ".."))
    return undefined;
  for (const live of server.livePrefixes) {
    if (!stream.startsWith(`${live.name}/`)) continue;
    return { ...live, name: stream, kind: "ondemand", publishEnabled: true };
  }
  for (const rewrite of server.rewrites) {
    if (!stream.startsWith(rewrite.name) || stream.length === rewrite.name.length) continue;
    const rest = stream.slice(rewrite.name.length);
    const inputs = rewrite.inputs.map((input) => ({ ...input, url: input.url.replaceAll("%s", rest) }));
    return { ...rewrite, name: stream, kind: "ondemand", inputs };
  }
  return undefined;
}

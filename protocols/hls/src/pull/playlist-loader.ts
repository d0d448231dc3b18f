import {
  applyDelta,
  type DeliveryDirectives,
  expandVariables,
  formatDeliveryDirectives,
  type MediaPlaylist,
  type ParsedPlaylist,
  parsePlaylist,
} from "@millrace/playlist";
import { badAnswer } from "./errors.ts";
import type { GetOptions, HttpClient } from "./http-client.ts";

const MAX_PLAYLIST_BYTES = 4 << 20;
/** A playlist that is older than half the skip boundary must not be asked for in pieces (rfc8216bis §6.3.7). */
const DELTA_PART = 2;

export interface LoadedPlaylist {
  readonly parsed: ParsedPlaylist;
  /** What its references are relative to. */
  readonly base: string;
  readonly variables: ReadonlyMap<string, string>;
}

export type PlaylistGetOptions = Omit<GetOptions, "maxBytes" | "text" | "range"> & {
  /** Variables of the Multivariant Playlist. */
  readonly imported?: ReadonlyMap<string, string> | undefined;
};

/** Fetches a playlist of either kind. Rejects with `hls.*` and `playlist.*` errors. */
export async function loadPlaylist(
  client: HttpClient,
  address: string,
  options: PlaylistGetOptions,
): Promise<LoadedPlaylist> {
  const { imported, ...get } = options;
  const { bytes, url } = await client.get(address, { ...get, maxBytes: MAX_PLAYLIST_BYTES, text: true });
  const text = new TextDecoder().decode(bytes);
  const expanded = expandVariables(text, { uri: url, ...(imported !== undefined && { imported }) });
  return { parsed: parsePlaylist(expanded.text), base: url, variables: expanded.variables };
}

/** Loads the versions of one Media Playlist, as delta updates where the server offers them. */
export class MediaPlaylistLoader {
  readonly #client: HttpClient;
  readonly #address: string;
  readonly #imported: ReadonlyMap<string, string> | undefined;
  #last: MediaPlaylist | undefined;
  #lastNs = 0;
  base: string;

  constructor(client: HttpClient, address: string, imported: ReadonlyMap<string, string> | undefined) {
    this.#client = client;
    this.#address = address;
    this.#imported = imported;
    this.base = address;
  }

  /** A version that is there already. */
  accept(playlist: MediaPlaylist, base: string, nowNs: number): void {
    this.#last = playlist;
    this.#lastNs = nowNs;
    this.base = base;
  }

  /** The version that is there now, or that the directives ask the server to wait for. */
  async load(
    directives: DeliveryDirectives | undefined,
    options: { readonly signal: AbortSignal; readonly responseTimeoutMs?: number; readonly nowNs: number },
  ): Promise<MediaPlaylist> {
    const { nowNs, ...get } = options;
    const last = this.#last;
    const boundaryUs = last?.serverControl?.canSkipUntilUs ?? 0;
    const fresh = (nowNs - this.#lastNs) / 1000 < boundaryUs / DELTA_PART;
    let playlist = await this.#get(fresh ? { ...directives, skip: "YES" } : directives, get);
    if (playlist.skipped !== undefined) {
      const whole = last === undefined ? undefined : applyDelta(last, playlist);
      playlist = whole ?? (await this.#get(undefined, get));
    }
    if (playlist.skipped !== undefined)
      throw badAnswer("the server leaves segments out without being asked to");
    this.#last = playlist;
    this.#lastNs = nowNs;
    return playlist;
  }

  async #get(
    directives: DeliveryDirectives | undefined,
    options: { readonly signal: AbortSignal; readonly responseTimeoutMs?: number },
  ): Promise<MediaPlaylist> {
    const query = directives === undefined ? "" : formatDeliveryDirectives(directives);
    const address = query === "" ? this.#address : withQuery(this.#address, query);
    const loaded = await loadPlaylist(this.#client, address, { ...options, imported: this.#imported });
    if (loaded.parsed.kind !== "media") throw badAnswer(`${this.#address} is no Media Playlist`);
    this.base = loaded.base;
    return loaded.parsed.playlist;
  }
}

function withQuery(address: string, query: string): string {
  const url = new URL(address);
  url.search = url.search === "" ? query : `${url.search}&${query}`;
  return url.href;
}

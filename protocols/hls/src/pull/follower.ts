import { setTimeout as sleep } from "node:timers/promises";
import { type Clock, MillraceError } from "@millrace/model";
import { type MediaPlaylist, resolveUri } from "@millrace/playlist";
import { BadStatus, segmentsLost, stalled, unsupported } from "./errors.ts";
import type { HttpClient } from "./http-client.ts";
import type { LoadedPiece, Piece } from "./piece.ts";
import { PieceLoader } from "./piece-loader.ts";
import { PlaylistCursor, type StartPlace } from "./playlist-cursor.ts";
import { MediaPlaylistLoader } from "./playlist-loader.ts";
import { retrying } from "./retry.ts";

/** A playlist that does not change for so many target durations has no packager any more. */
const STALLED_TARGETS = 3;
const LEAST_RELOAD_MS = 100;
const LEAST_TARGET_MS = 1000;
const FIRST_RETRIES = 2;
/** So many segments in a row, and the fault is not theirs. */
const MOST_LOST = 5;

export interface FollowerOptions {
  readonly client: HttpClient;
  readonly clock: Clock;
  readonly address: string;
  readonly imported: ReadonlyMap<string, string> | undefined;
  readonly stalledCheck: boolean;
  readonly lowLatency: boolean;
  readonly loop: boolean;
  /** The version that is there already. */
  readonly first?: { readonly playlist: MediaPlaylist; readonly base: string } | undefined;
  readonly beside?: StartPlace | undefined;
  /** After the first version, and each that brought something. */
  readonly onVersion: (playlist: MediaPlaylist, follower: MediaFollower) => void;
  /** Settles when there is room for more. */
  readonly onPiece: (piece: LoadedPiece) => Promise<void>;
  readonly count: (name: string, by?: number) => void;
}

/** Plays one Media Playlist: loads its versions and, one after the other, the segments or parts in it. */
export class MediaFollower {
  readonly #options: FollowerOptions;
  readonly #playlists: MediaPlaylistLoader;
  readonly #cursor: PlaylistCursor;
  #lost = 0;
  #changedNs = 0;
  /** Segments and parts that were loaded. */
  segments = 0;
  /** Number of the segment taken last. */
  sequence = 0;
  /** The playlist has changed, or will not: what it lists is no dead packager's rest. */
  alive = false;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#playlists = new MediaPlaylistLoader(options.client, options.address, options.imported);
    this.#cursor = new PlaylistCursor(options);
  }

  /** Where it began; undefined before the first version. */
  get start(): StartPlace | undefined {
    return this.#cursor.start;
  }

  /** Resolves at the playlist's end. Rejects with `hls.*` errors, or when aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { client, clock, count } = this.#options;
    const loader = new PieceLoader({ client, signal, onRetry: () => count("retries") });
    const nowNs = (): number => clock.nowNs();
    let playlist = await this.#first(signal);
    this.#changedNs = nowNs();
    for (let first = true; ; first = false) {
      const loadedNs = nowNs();
      const { pieces, changed, missed, restarted } = this.#cursor.accept(playlist);
      if (missed > 0) count("missedSegments", missed);
      if (restarted) count("restarts");
      if (changed) this.#changedNs = loadedNs;
      if (playlist.iFramesOnly === true) throw unsupported("the playlist has key frames only");
      this.alive ||= playlist.endlist === true || !this.#options.stalledCheck || (changed && !first);
      if (first || changed) this.#options.onVersion(playlist, this);
      for (const piece of pieces) await this.#play(piece, loader, signal);
      if (playlist.endlist === true) {
        if (!this.#options.loop || pieces.length === 0) return;
        count("laps");
        this.#cursor.rewind();
        continue;
      }
      this.#preload(playlist, loader);
      playlist = await this.#reload(playlist, { changed, loadedNs, signal });
    }
  }

  async #first(signal: AbortSignal): Promise<MediaPlaylist> {
    const { first, clock, count } = this.#options;
    if (first !== undefined) {
      this.#playlists.accept(first.playlist, first.base, clock.nowNs());
      return first.playlist;
    }
    const load = (): Promise<MediaPlaylist> =>
      this.#playlists.load(undefined, { signal, nowNs: clock.nowNs() });
    return retrying(load, { retries: FIRST_RETRIES, signal, onRetry: () => count("retries") });
  }

  async #play(piece: Piece, loader: PieceLoader, signal: AbortSignal): Promise<void> {
    const { count, onPiece } = this.#options;
    this.sequence = piece.sequence;
    if (piece.gap) {
      count("gaps");
      return;
    }
    let loaded: LoadedPiece;
    try {
      loaded = await loader.load(piece, this.#playlists.base);
    } catch (error) {
      const code = error instanceof MillraceError ? error.code : "";
      if (signal.aborted || code === "hls.encrypted" || !code.startsWith("hls.")) throw error;
      count(error instanceof BadStatus ? "notFound" : "failedSegments");
      if (++this.#lost >= MOST_LOST) throw segmentsLost(this.#lost, error);
      return;
    }
    this.#lost = 0;
    this.segments++;
    await onPiece(loaded);
  }

  /** The next part is asked for while the playlist that will list it is on its way. */
  #preload(playlist: MediaPlaylist, loader: PieceLoader): void {
    const { preloadHints, partTargetUs = 0 } = playlist;
    if (!this.alive || this.#cursor.directives(playlist).part === undefined) return;
    const hint = preloadHints?.find(
      ({ type, byteRangeStart }) => type === "PART" && (byteRangeStart ?? 0) === 0,
    );
    if (hint === undefined || hint.byteRangeLength !== undefined || hint.byteRangeStart !== undefined) return;
    loader.preload(resolveUri(this.#playlists.base, hint.uri), 5000 + (4 * partTargetUs) / 1000);
  }

  /** The next version, when it is time for it (RFC 8216 §6.3.4). */
  async #reload(
    last: MediaPlaylist,
    { changed, loadedNs, signal }: { changed: boolean; loadedNs: number; signal: AbortSignal },
  ): Promise<MediaPlaylist> {
    const { clock, count } = this.#options;
    const targetMs = Math.max(last.targetDurationS * 1000, LEAST_TARGET_MS);
    const blocking = last.serverControl?.canBlockReload === true;
    const lastMs = Math.min((last.segments.at(-1)?.durationUs ?? 0) / 1000, targetMs) || targetMs;
    let waitMs = Math.max(changed ? lastMs : lastMs / 2, LEAST_RELOAD_MS);
    if (blocking) waitMs = changed ? 0 : LEAST_RELOAD_MS;
    let sinceNs = loadedNs;
    let failure: Error | undefined;
    for (;;) {
      await sleep(Math.max(waitMs - (clock.nowNs() - sinceNs) / 1e6, 0), undefined, { signal });
      const quietMs = (clock.nowNs() - this.#changedNs) / 1e6;
      const overdue = quietMs > STALLED_TARGETS * targetMs;
      if (overdue && (failure !== undefined || this.#options.stalledCheck))
        throw failure ?? stalled(Math.round(quietMs / 1000));
      sinceNs = clock.nowNs();
      try {
        // A server that began anew has no use for our numbers.
        const blocks = blocking && failure === undefined;
        return await this.#playlists.load(blocks ? this.#cursor.directives(last) : undefined, {
          signal,
          nowNs: sinceNs,
          ...(blocks && { responseTimeoutMs: 5000 + STALLED_TARGETS * targetMs }),
        });
      } catch (error) {
        if (signal.aborted) throw error;
        failure = error as Error;
        count("retries");
        waitMs = lastMs / 2;
      }
    }
  }
}

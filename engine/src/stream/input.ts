import type { AccessUnit, InputConfig, InputInfo, LaneName, Track } from "@millrace/model";
import { PacketAligner, TsScanner } from "@millrace/mpegts";
import type { Logger, Source, StreamWriter } from "../api.ts";
import { messageOf } from "../errors.ts";

/** After its first data an input has this long to show a key frame before it is taken without one. */
const KEY_WAIT_NS = 1e9;
const FIRST_BACKOFF_MS = 1000;
const LAST_BACKOFF_MS = 10_000;

export type InputState = InputInfo["state"];

/** What an input tells its stream. */
export interface InputHost {
  nowNs(): number;
  readonly log: Logger;
  /** The input could go on air at this point (`clean`: at a key frame). True when it does, or is. */
  offer(input: Input, clean: boolean): boolean;
  /** Aligned packets of the input on air; `scanner` just scanned exactly these. */
  onTs(input: Input, buf: Uint8Array, start: number, count: number, firstPacket: number): void;
  onTracks(input: Input, tracks: readonly Track[]): void;
  onUnit(input: Input, unit: AccessUnit): void;
  onBreak(input: Input): void;
  /** Its run ended, for whatever reason. */
  onStopped(input: Input): void;
}

export interface InputOptions {
  readonly config: InputConfig;
  /** Makes the source anew for each attempt. Absent for publishers, which come by themselves. */
  readonly open?: () => Source;
  readonly host: InputHost;
  /** Played only while nothing else delivers. */
  readonly isBackup?: boolean;
}

/** One input of a stream: runs its source, watches its media, and hands it on while it is on air. */
export class Input implements StreamWriter {
  readonly config: InputConfig;
  readonly isBackup: boolean;
  readonly passive: boolean;
  readonly scanner = new TsScanner();
  readonly #aligner: PacketAligner;
  readonly #host: InputHost;
  readonly #open: (() => Source) | undefined;
  readonly #counters = new Map<string, number>();
  #abort: AbortController | undefined;
  #running: Promise<void> | undefined;
  #source: Source | undefined;
  #tracks: readonly Track[] | undefined;
  #firstDataNs = 0;
  #fails = 0;
  state: InputState = "idle";
  lane: LaneName = "ts";
  startedNs = 0;
  lastDataNs = 0;
  /** Not to be tried before this time. */
  nextTryNs = 0;
  bytes = 0;
  retries = 0;
  lastError: string | undefined;

  constructor(options: InputOptions) {
    this.config = options.config;
    this.isBackup = options.isBackup ?? false;
    this.passive = options.open === undefined;
    this.#open = options.open;
    this.#host = options.host;
    this.#aligner = new PacketAligner((buf, start, count) => this.#packets(buf, start, count));
  }

  get live(): boolean {
    return this.state === "connecting" || this.state === "alive" || this.state === "active";
  }

  get timeoutNs(): number {
    return this.config.sourceTimeoutMs * 1e6;
  }

  /** Starts a new attempt with the given source, or one made from the configuration. */
  start(given?: Source): void {
    const open = given === undefined ? this.#open : () => given;
    if (this.live || open === undefined) return;
    const abort = new AbortController();
    this.#abort = abort;
    this.state = "connecting";
    this.startedNs = this.#host.nowNs();
    this.#firstDataNs = 0;
    this.#tracks = undefined;
    this.#running = this.#attempt(open, abort);
  }

  async #attempt(open: () => Source, abort: AbortController): Promise<void> {
    let failure: string | undefined;
    try {
      const source = open();
      this.lane = source.lane;
      this.#source = source;
      await source.run(this, abort.signal);
      failure = abort.signal.aborted ? undefined : "the input ended";
    } catch (error) {
      failure = abort.signal.aborted ? undefined : messageOf(error);
    }
    // Another one runs already: what is half a packet now belongs to that.
    if (this.#abort !== abort && this.#abort !== undefined) return;
    this.#aligner.flush();
    // An aborted attempt was already settled by `stop`.
    if (this.#abort !== abort) return;
    this.#abort = undefined;
    this.#source = undefined;
    if (failure !== undefined) this.#fail(failure);
    this.#host.onStopped(this);
  }

  /** Ends the attempt and starts one with the given source, which takes the place of the first as soon as it can. */
  replace(given: Source): void {
    void this.stop();
    this.#aligner.flush();
    this.start(given);
  }

  /** Ends the attempt; `reason` makes it a failure. Resolves when nothing is held open any more. */
  async stop(reason?: string): Promise<void> {
    const abort = this.#abort;
    const running = this.#running;
    this.#abort = undefined;
    this.#source = undefined;
    if (reason === undefined) this.state = "idle";
    else if (this.live) this.#fail(reason);
    abort?.abort();
    await running;
  }

  #fail(reason: string): void {
    // Media that flowed for a while means that the next attempt deserves no waiting.
    this.#fails = this.state === "active" || this.state === "alive" ? 0 : this.#fails + 1;
    this.state = "failed";
    this.retries++;
    this.lastError = reason;
    const backoffMs = Math.min(FIRST_BACKOFF_MS * 2 ** Math.min(this.#fails, 8), LAST_BACKOFF_MS);
    this.nextTryNs = this.#host.nowNs() + backoffMs * 1e6;
    this.#host.log.warn("input lost", { input: this.config.url, reason, retryMs: backoffMs });
  }

  ts(bytes: Uint8Array): void {
    this.#seen(bytes.length);
    this.#aligner.push(bytes);
  }

  setTracks(tracks: readonly Track[]): void {
    this.#tracks = tracks;
    if (this.state === "active") this.#host.onTracks(this, tracks);
  }

  unit(unit: AccessUnit): void {
    let size = 0;
    for (const part of unit.data) size += part.length;
    this.#seen(size);
    if (this.state !== "active") {
      const video = this.#tracks?.find((track) => track.kind === "video")?.id;
      const clean = unit.key && (video === undefined || unit.track === video);
      if (!this.#mayStart(clean) || !this.#offer(clean)) return;
      if (this.#tracks !== undefined) this.#host.onTracks(this, this.#tracks);
    }
    this.#host.onUnit(this, unit);
  }

  discontinuity(): void {
    if (this.state === "active") this.#host.onBreak(this);
  }

  count(name: string, by = 1): void {
    this.#counters.set(name, (this.#counters.get(name) ?? 0) + by);
  }

  describe(): InputInfo {
    const { packets, rubbishBytes, syncLosses } = this.#aligner;
    const { ccErrors, crcErrors, teiPackets, scrambledPackets, nullPackets, pcrJumps } = this.scanner;
    const details = this.#source?.describe?.();
    return {
      url: hidePassword(this.config.url),
      priority: this.config.priority,
      state: this.state,
      bytes: this.bytes,
      retries: this.retries,
      ...(this.lastError === undefined ? {} : { lastError: this.lastError }),
      counters: {
        packets,
        ccErrors,
        crcErrors,
        pcrJumps,
        transportErrors: teiPackets,
        scrambledPackets,
        nullPackets,
        rubbishBytes,
        syncLosses,
        ...Object.fromEntries(this.#counters),
      },
      ...(details === undefined ? {} : { details }),
    };
  }

  #seen(size: number): void {
    this.bytes += size;
    this.lastDataNs = this.#host.nowNs();
    if (this.#firstDataNs === 0) this.#firstDataNs = this.lastDataNs;
    if (this.state === "connecting") this.state = "alive";
  }

  /** Goes on air, if it may. Only now some sources know what they bring. */
  #offer(clean: boolean): boolean {
    if (this.#source !== undefined) this.lane = this.#source.lane;
    return this.#host.offer(this, clean);
  }

  /** Whether the input may be offered: at a key frame, or when none came for too long. */
  #mayStart(clean: boolean): boolean {
    return clean || this.lastDataNs - this.#firstDataNs > KEY_WAIT_NS;
  }

  #packets(buf: Uint8Array, start: number, count: number): void {
    const { scanner } = this;
    scanner.scan(buf, start, count);
    let first = 0;
    if (this.state !== "active") {
      if (!this.live) return;
      const clean = scanner.keyCount > 0;
      // A stream that never had media takes everything from the first packet on.
      if (!this.#offer(clean || this.#mayStart(false))) return;
      if (clean && this.#startsAtKey) first = scanner.keyCutIndex[0] as number;
    }
    this.#host.onTs(this, buf, start, count, first);
  }

  /** Set by the stream when it goes on air after something else: what precedes its key frame is left out. */
  #startsAtKey = false;

  goOnAir(atKey: boolean): void {
    this.state = "active";
    this.#startsAtKey = atKey;
    this.#fails = 0;
  }
}

/** The URL without the password or passphrase that it may carry, before its host or in its query. */
export function hidePassword(url: string): string {
  return url
    .replace(/(:\/\/[^/:@]*):[^/@]*@/, "$1:***@")
    .replace(/([?&](?:passphrase|password)=)[^&]*/gi, "$1***");
}

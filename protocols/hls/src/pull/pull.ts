import type { Source, SourceContext, StreamWriter } from "@millrace/engine";
import type { Details, InputConfig, LaneName, Ticks } from "@millrace/model";
import { filterTs } from "@millrace/mpegts";
import { type MediaPlaylist, type Rendition, resolveUri } from "@millrace/playlist";
import { choose } from "./choose.ts";
import { type PullSettings, readPull } from "./config.ts";
import { formatOf } from "./container.ts";
import { unsupported } from "./errors.ts";
import { MediaFollower } from "./follower.ts";
import { HttpClient } from "./http-client.ts";
import { threeLetters } from "./language.ts";
import type { LoadedPiece } from "./piece.ts";
import { Player } from "./player.ts";
import { loadPlaylist } from "./playlist-loader.ts";
import { retrying } from "./retry.ts";
import { TsQueue } from "./ts-queue.ts";
import { type RenditionUnits, UnitQueue } from "./unit-queue.ts";

const FIRST_RETRIES = 2;

/** An HLS playlist as an input. Throws `bad-url`. */
export function pullHls(input: InputConfig, context: SourceContext): Source {
  return new HlsSource(readPull(input), context);
}

class HlsSource implements Source {
  readonly #settings: PullSettings;
  readonly #context: SourceContext;
  #run: PullRun | undefined;

  constructor(settings: PullSettings, context: SourceContext) {
    this.#settings = settings;
    this.#context = context;
  }

  get lane(): LaneName {
    return this.#run?.lane ?? "ts";
  }

  async run(into: StreamWriter, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const run = new PullRun(this.#settings, this.#context, into);
    this.#run = run;
    try {
      await run.play(signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  describe(): Details {
    return this.#run?.describe() ?? {};
  }
}

/** What is played: the address of a Media Playlist, and of those of further sounds. */
interface Plan {
  readonly address: string;
  readonly base: string;
  readonly imported: ReadonlyMap<string, string> | undefined;
  readonly sounds: readonly Rendition[];
  /** The Media Playlist, where that was what the address leads to. */
  readonly first: MediaPlaylist | undefined;
}

type Media =
  | { readonly lane: "ts"; readonly queue: TsQueue }
  | { readonly lane: "units"; readonly queue: UnitQueue; readonly main: RenditionUnits };

/** One attempt, from the first request to the end. */
class PullRun {
  readonly #settings: PullSettings;
  readonly #context: SourceContext;
  readonly #into: StreamWriter;
  readonly #client: HttpClient;
  readonly #stop = new AbortController();
  readonly #sounds: Promise<void>[] = [];
  #media: Media | undefined;
  #player: Player | undefined;
  #main: MediaFollower | undefined;
  #playlist: MediaPlaylist | undefined;
  #variant: Details = {};

  constructor(settings: PullSettings, context: SourceContext, into: StreamWriter) {
    this.#settings = settings;
    this.#context = context;
    this.#into = into;
    this.#client = new HttpClient(settings, context.clock);
  }

  get lane(): LaneName {
    return this.#media?.lane ?? "ts";
  }

  async play(signal: AbortSignal): Promise<void> {
    const all = AbortSignal.any([signal, this.#stop.signal]);
    const close = (): void => this.#player?.close();
    all.addEventListener("abort", close, { once: true });
    try {
      const plan = await this.#plan(all);
      const main = this.#follow(plan, all);
      this.#main = main;
      await main.run(all);
      await Promise.all(this.#sounds);
      await this.#player?.drain();
    } finally {
      this.#stop.abort();
      await Promise.allSettled(this.#sounds);
      this.#player?.close();
      this.#client.close();
    }
  }

  describe(): Details {
    const { targetDurationS = 0, partTargetUs, endlist } = this.#playlist ?? {};
    const media = this.#media;
    const format = media?.lane === "units" ? (media.main.format ?? "") : (media?.lane ?? "");
    return {
      ...this.#variant,
      format,
      kind: endlist === true ? "vod" : partTargetUs === undefined ? "live" : "low-latency",
      targetDurationS,
      segments: this.#main?.segments ?? 0,
      mediaSequence: this.#main?.sequence ?? 0,
      bufferedMs: this.#player?.bufferedMs ?? 0,
      underruns: this.#player?.underruns ?? 0,
      requests: this.#client.requests,
      receivedBytes: this.#client.bytes,
    };
  }

  async #plan(signal: AbortSignal): Promise<Plan> {
    const settings = this.#settings;
    const address = settings.url.href;
    const load = () => loadPlaylist(this.#client, address, { signal });
    const onRetry = (): void => this.#into.count("retries");
    const { parsed, base, variables } = await retrying(load, { retries: FIRST_RETRIES, signal, onRetry });
    if (parsed.kind === "media") {
      return { address, base, imported: undefined, sounds: [], first: parsed.playlist };
    }
    const { variant, sounds } = choose(parsed.playlist, settings);
    const { bandwidth, resolution, name } = variant;
    this.#variant = {
      bandwidth,
      ...(resolution !== undefined && { resolution: `${resolution.width}x${resolution.height}` }),
      ...(name !== undefined && { variant: name }),
      ...(sounds.length > 0 && { renditions: sounds.map((sound) => sound.name).join(", ") }),
    };
    return { address: resolveUri(base, variant.uri), base, imported: variables, sounds, first: undefined };
  }

  #follow(plan: Plan, signal: AbortSignal): MediaFollower {
    return new MediaFollower({
      ...this.#common(plan),
      address: plan.address,
      first: plan.first && { playlist: plan.first, base: plan.base },
      onVersion: (playlist, follower) => this.#onVersion(playlist, follower),
      onPiece: (piece) => this.#onPiece(piece, plan, signal),
    });
  }

  #common({ imported }: Plan) {
    const { stalledCheck, lowLatency, loop } = this.#settings;
    const { clock } = this.#context;
    const count = (name: string, by?: number): void => this.#into.count(name, by);
    return { client: this.#client, clock, imported, stalledCheck, lowLatency, loop, count };
  }

  #onVersion(playlist: MediaPlaylist, follower: MediaFollower): void {
    this.#playlist = playlist;
    if (this.#player === undefined) return;
    this.#player.setTargets(playlist, this.#settings.lowLatency);
    if (follower.alive) this.#player.open();
  }

  async #onPiece(loaded: LoadedPiece, plan: Plan, signal: AbortSignal): Promise<void> {
    const media = (this.#media ??= this.#open(loaded, plan, signal));
    const player = this.#player as Player;
    let fromTicks: Ticks;
    if (media.lane === "ts") {
      // The lane of an input that runs stays what it is.
      if (formatOf(loaded) !== "ts" && loaded.piece.part === undefined)
        throw unsupported("the playlist goes on in another format");
      fromTicks = media.queue.push(loaded);
    } else {
      media.main.wallMs = this.#context.clock.wallMs();
      fromTicks = media.main.push(loaded);
    }
    player.arrived(fromTicks, this.#playlist?.endlist !== true);
    await player.room();
  }

  /** With the first segment it is known what the stream is made of. */
  #open(loaded: LoadedPiece, plan: Plan, signal: AbortSignal): Media {
    const { filter, paced } = this.#settings;
    const into = this.#into;
    const { clock } = this.#context;
    let media: Media;
    if (formatOf(loaded) === "ts" && plan.sounds.length === 0) {
      const filtered = filterTs(into, filter);
      media = {
        lane: "ts",
        queue: new TsQueue({
          ts: (bytes) => filtered.ts(bytes),
          discontinuity: () => into.discontinuity(),
          count: (name, by) => into.count(name, by),
        }),
      };
    } else {
      const queue = new UnitQueue(into);
      media = { lane: "units", queue, main: queue.addRendition({ filter }) };
    }
    const player = new Player({ clock, queue: media.queue, paced });
    this.#player = player;
    if (this.#playlist !== undefined) player.setTargets(this.#playlist, this.#settings.lowLatency);
    if (media.lane === "units")
      for (const sound of plan.sounds) this.#sounds.push(this.#followSound(sound, media, { plan, signal }));
    if (this.#main?.alive === true) player.open();
    return media;
  }

  /** Plays a sound beside the main rendition. Without it the rest goes on. */
  async #followSound(
    sound: Rendition,
    media: Extract<Media, { lane: "units" }>,
    { plan, signal }: { plan: Plan; signal: AbortSignal },
  ): Promise<void> {
    const units = media.queue.addRendition({ language: threeLetters(sound.language) });
    const player = this.#player as Player;
    const follower = new MediaFollower({
      ...this.#common(plan),
      address: resolveUri(plan.base, sound.uri as string),
      beside: this.#main?.start,
      onVersion: () => undefined,
      onPiece: async (loaded) => {
        units.wallMs = this.#context.clock.wallMs();
        units.push(loaded);
        player.poke();
        await this.#roomBeside(units, media);
      },
    });
    try {
      await follower.run(signal);
    } catch (error) {
      if (signal.aborted) return;
      this.#context.log.warn("a sound of the playlist is lost", {
        name: sound.name,
        reason: (error as Error).message,
      });
      this.#into.count("lostRenditions");
    }
    units.lost = true;
    player.poke();
  }

  /** Sounds that run ahead of the picture wait for it. */
  async #roomBeside(units: RenditionUnits, media: Extract<Media, { lane: "units" }>): Promise<void> {
    const player = this.#player as Player;
    while (units.endTicks > media.queue.endTicks && !player.hasRoomFor(units.endTicks)) await player.moved();
  }
}

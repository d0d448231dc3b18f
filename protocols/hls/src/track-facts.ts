import { type Packaging, type ShelfWriter, type StreamHost, UnitReader } from "@millrace/engine";
import type { Track } from "@millrace/model";

/** Name of the shelf that tells what tracks a stream has, with the facts of their headers. */
export const FACTS_SHELF = "hls-tracks";
/** Key of the tracks: `data` is `Track[]`. */
export const TRACKS_KEY = "tracks";

/** A track whose headers do not come is waited for so long. */
const PATIENCE_MS = 3000;
/** While somebody asks, it is looked again so often: demultiplexing all the time would cost far more. */
const LOOK_AGAIN_MS = 60_000;
const TICK_MS = 250;

/**
 * Looks at the access units of a stream until the headers of all its tracks are known, and lets go of them again: viewers of
 * transport-stream segments need no demultiplexer.
 */
export class TrackFacts implements Packaging {
  readonly #host: StreamHost;
  readonly #shelf: ShelfWriter;
  readonly #timer: NodeJS.Timeout;
  #units: UnitReader | undefined;
  #tracks: readonly Track[] | undefined;
  #beganMs = 0;

  constructor(host: StreamHost, shelf: ShelfWriter) {
    this.#host = host;
    this.#shelf = shelf;
    this.#look();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  dispose(): void {
    clearInterval(this.#timer);
    this.#units?.close();
  }

  #look(): void {
    this.#beganMs = this.#host.clock.wallMs();
    this.#tracks = undefined;
    const reader = this.#host.read("units", "key");
    const units = new UnitReader(reader);
    this.#units = units;
    units.onTracks = (tracks) => {
      this.#tracks = tracks;
    };
    reader.onReadable = () => this.#pump(units);
    this.#pump(units);
  }

  #pump(units: UnitReader): void {
    while (this.#units === units && units.next() !== undefined) {
      if (this.#tracks?.every(isKnown) === true) this.#finish();
    }
  }

  #tick(): void {
    const agoMs = this.#host.clock.wallMs() - this.#beganMs;
    if (this.#units !== undefined) {
      if (agoMs > PATIENCE_MS && this.#tracks !== undefined) this.#finish();
    } else if (agoMs > LOOK_AGAIN_MS) this.#look();
  }

  #finish(): void {
    this.#units?.close();
    this.#units = undefined;
    this.#shelf.put(TRACKS_KEY, { type: "", data: this.#tracks });
  }
}

/** Its headers have been seen, or it has none that matter. */
function isKnown({ kind, codecString, video, audio }: Track): boolean {
  const isMedia = kind === "video" || kind === "audio";
  return !isMedia || codecString !== undefined || video !== undefined || audio !== undefined;
}

import type { Packaging, ShelfChange, ShelfWriter, StreamHost } from "@millrace/engine";
import { writeMediaPlaylist } from "@millrace/playlist";
import type { HlsSettings, SpliceTags } from "./config.ts";
import { LiveWindow } from "./live-window.ts";
import type { Segment } from "./segment.ts";
import { Segmenter } from "./segmenter.ts";
import { splicesOf } from "./splices.ts";
import { TsSplices } from "./ts-splices.ts";

export const SHELF = "hls";
export const PLAYLIST_KEY = "playlist";
/** Key of the stream's settings: `data` is `HlsSettings`. */
export const SETTINGS_KEY = "settings";

export const PLAYLIST_TYPE = "application/vnd.apple.mpegurl";
const SEGMENT_TYPE = "video/mp2t";
/** Segments that left the playlist are looked for this often. */
const EXPIRE_MS = 1000;

/** HLS of one stream: made once, in the worker that owns it, and put on a shelf for all. */
export class HlsPackaging implements Packaging {
  readonly #host: StreamHost;
  readonly #shelf: ShelfWriter;
  readonly #window: LiveWindow;
  readonly #segmenter: Segmenter;
  readonly #splices: TsSplices;
  readonly #tags: SpliceTags;
  readonly #timer: NodeJS.Timeout;

  constructor(host: StreamHost, settings: HlsSettings) {
    this.#host = host;
    this.#shelf = host.shelf(SHELF);
    // Numbers go on where a server that ran before would be by now: players that stay do not see them step back.
    const firstSequence = Math.floor(host.clock.wallMs() / settings.segmentMs);
    this.#window = new LiveWindow({ ...settings, firstSequence });
    this.#segmenter = new Segmenter({
      host,
      segmentMs: settings.segmentMs,
      targetDurationS: () => this.#window.targetDurationS,
      nextName: (wallMs) => `${this.#window.nextSequence}-${Math.round(wallMs)}.ts`,
      onSegment: (segment) => this.#publish(segment),
    });
    this.#tags = settings.splices;
    this.#splices = new TsSplices(host);
    this.#shelf.put(SETTINGS_KEY, { type: "", data: settings });
    this.#timer = setInterval(() => this.#shelf.update(this.#expire()), EXPIRE_MS);
  }

  dispose(): void {
    clearInterval(this.#timer);
    this.#segmenter.close();
    this.#splices.close();
    const segments = this.#window.all();
    const gone: ShelfChange[] = segments.map((segment) => ({ key: segment.uri, item: undefined }));
    this.#shelf.update([
      { key: SETTINGS_KEY, item: undefined },
      { key: PLAYLIST_KEY, item: undefined },
      ...gone,
    ]);
    for (const segment of segments) this.#release(segment);
  }

  #publish(segment: Segment): void {
    const now = this.#host.clock.wallMs();
    this.#window.servedMs = this.#host.lastWantedMs;
    this.#window.add(segment, now);
    const { uri, head, spans, bytes } = segment;
    const { newest } = this.#window;
    if (newest !== undefined && (this.#tags.dateRanges || this.#tags.cues))
      this.#window.splices = splicesOf(this.#splices.messages(newest));
    const targetDurationS = this.#window.targetDurationS ?? 1;
    const { peak, average } = this.#window.rates;
    const playlist = this.#window.playlist();
    this.#shelf.update([
      { key: uri, item: { type: SEGMENT_TYPE, head, spans, facts: { bytes } } },
      {
        key: PLAYLIST_KEY,
        item: {
          type: PLAYLIST_TYPE,
          text: writeMediaPlaylist(playlist),
          data: playlist,
          facts: { targetDurationS, peak, average },
        },
      },
      ...this.#expire(),
    ]);
  }

  #expire(): ShelfChange[] {
    const expired = this.#window.expired(this.#host.clock.wallMs());
    for (const segment of expired) this.#release(segment);
    return expired.map((segment) => ({ key: segment.uri, item: undefined }));
  }

  #release(segment: Segment): void {
    for (const span of segment.spans) this.#host.releaseSpan(span);
  }
}

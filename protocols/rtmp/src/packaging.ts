import type { PackagedLane, PackagedWriter, Packaging, StreamHost } from "@millrace/engine";
import { UnitReader } from "@millrace/engine";
import { FlvMuxer, type FlvMuxerOptions, flvTag } from "@millrace/flv";
import { chunkMessage } from "./wire/chunk-writer.ts";
import { AUDIO, CSID_AUDIO, CSID_DATA, CSID_VIDEO, DATA_AMF0, VIDEO } from "./wire/message-types.ts";

/** What prepared RTMP messages are made for: every player's first message stream, and chunks of this size. */
export const PLAY_STREAM_ID = 1;
export const PLAY_CHUNK_BYTES = 65_536;

export const RTMP_LANE = "rtmp";
/** For players that know H.265 as codec id 12, and nothing of the enhanced protocol. */
export const RTMP_LEGACY_LANE = "rtmp-legacy";
export const FLV_LANE = "flv";

/** Puts one body into the form of a lane. */
type Framing = (type: number, timestampMs: number, body: Uint8Array) => Uint8Array;

const asChunks: Framing = (type, timestampMs, body) => {
  const csid = type === VIDEO ? CSID_VIDEO : type === AUDIO ? CSID_AUDIO : CSID_DATA;
  return chunkMessage({ csid, type, streamId: PLAY_STREAM_ID, timestampMs }, body, PLAY_CHUNK_BYTES);
};

/** RTMP messages cut into chunks, and FLV tags: made once for all players of a stream. */
export const PACKAGINGS: readonly PackagedLane[] = [
  { lane: RTMP_LANE, open: (host, into) => new FlvPackaging(host, into, asChunks) },
  {
    lane: RTMP_LEGACY_LANE,
    open: (host, into) => new FlvPackaging(host, into, asChunks, { enhanced: false, legacyH265: true }),
  },
  { lane: FLV_LANE, open: (host, into) => new FlvPackaging(host, into, flvTag) },
];

/** How often a stream without video gives its players a place to start. */
const AUDIO_KEY_TICKS = 90_000;

const ALL_FORMS: FlvMuxerOptions = { enhanced: true, multitrack: true };

class FlvPackaging implements Packaging {
  readonly #units: UnitReader;
  readonly #into: PackagedWriter;
  readonly #framing: Framing;
  readonly #muxer: FlvMuxer;
  #lastKey = Number.NEGATIVE_INFINITY;

  constructor(host: StreamHost, into: PackagedWriter, framing: Framing, forms: FlvMuxerOptions = ALL_FORMS) {
    const reader = host.read("units", "key");
    this.#muxer = new FlvMuxer(forms);
    this.#into = into;
    this.#framing = framing;
    this.#units = new UnitReader(reader);
    this.#units.onTracks = (tracks) => {
      if (this.#muxer.setTracks(tracks)) into.setHeader(this.#header());
    };
    reader.onReadable = () => this.#pump();
    this.#pump();
  }

  dispose(): void {
    this.#units.close();
  }

  #pump(): void {
    for (let unit = this.#units.next(); unit !== undefined; unit = this.#units.next()) {
      const made = this.#muxer.unit(unit);
      if (made === undefined) continue;
      const { track, dts, pts, discontinuity } = unit;
      const { type, timestampMs, body, disposable } = made;
      const key =
        made.key && (type === VIDEO || dts - this.#lastKey >= AUDIO_KEY_TICKS || dts < this.#lastKey);
      if (key) this.#lastKey = dts;
      const data = [this.#framing(type, timestampMs, body)];
      this.#into.put({ data, track, dts, pts, key, disposable, discontinuity });
    }
  }

  /** What a player needs first: the metadata, and the sequence header of each track. */
  #header(): Uint8Array {
    const parts = [this.#framing(DATA_AMF0, 0, this.#muxer.metadata())];
    for (const { type, body } of this.#muxer.configs()) parts.push(this.#framing(type, 0, body));
    const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }
}

import { id3Length, PackedAudioReader, type PackedCodec, parseId3Frames } from "@millrace/codec";
import { FragmentReader, IsoProblem } from "@millrace/isobmff";
import { type AccessUnit, TICKS_PER_SECOND, type Ticks, type Track } from "@millrace/model";
import { Demuxer, PACKET_SIZE, PacketAligner, type TsFilterOptions, TsProgramFilter } from "@millrace/mpegts";
import type { SegmentFormat } from "./container.ts";
import type { LoadedPiece } from "./piece.ts";

/** What a reader takes out of segments. */
export interface MediaEvents {
  onTracks(tracks: readonly Track[]): void;
  /** Its data is valid until the call returns. */
  onUnit(unit: AccessUnit): void;
  count(name: string, by?: number): void;
}

/** Takes segments of one format apart. */
export interface MediaReader {
  /** Its times have 33 bits and begin anew after 26 hours. */
  readonly wraps: boolean;
  /** UTC, milliseconds, for the units. */
  wallMs: number;
  push(loaded: LoadedPiece): void;
  /** The timeline ends here, or the playlist. */
  flush(): void;
}

export function openReader(
  format: SegmentFormat,
  events: MediaEvents,
  filter: TsFilterOptions | undefined,
): MediaReader {
  if (format === "ts") return new TsReader(events, filter);
  return format === "fmp4" ? new FragmentedReader(events) : new PackedReader(events);
}

class TsReader implements MediaReader {
  readonly wraps = true;
  readonly #demuxer: Demuxer;
  readonly #push: (bytes: Uint8Array) => void;
  #init: LoadedPiece["init"];

  constructor(events: MediaEvents, filter: TsFilterOptions | undefined) {
    const demuxer = new Demuxer(events);
    this.#demuxer = demuxer;
    const take = (buf: Uint8Array, start: number, count: number): void => demuxer.push(buf, start, count);
    if (filter !== undefined) {
      const selection = new TsProgramFilter(filter, take);
      this.#push = (bytes) => selection.push(bytes);
    } else {
      this.#push = (bytes) => {
        if (bytes.length % PACKET_SIZE === 0 && bytes[0] === 0x47)
          demuxer.push(bytes, 0, bytes.length / PACKET_SIZE);
        else {
          const aligner = new PacketAligner(take);
          aligner.push(bytes);
          aligner.flush();
          events.count("rubbishBytes", aligner.rubbishBytes);
        }
      };
    }
  }

  set wallMs(wallMs: number) {
    this.#demuxer.wallMs = wallMs;
  }

  push({ bytes, init }: LoadedPiece): void {
    if (init !== undefined && init !== this.#init) this.#push(init.bytes);
    this.#init = init;
    this.#push(bytes);
  }

  flush(): void {
    this.#demuxer.flush();
  }
}

class FragmentedReader implements MediaReader {
  readonly wraps = false;
  readonly #events: MediaEvents;
  readonly #reader: FragmentReader;
  #init: LoadedPiece["init"];

  constructor(events: MediaEvents) {
    this.#events = events;
    this.#reader = new FragmentReader({
      onTracks: (tracks) => events.onTracks(tracks),
      onUnit: (unit) => events.onUnit(unit),
      onProblem: (code) => events.count(code === "isobmff.damaged" ? "damagedUnits" : "unreadableTracks"),
    });
  }

  set wallMs(wallMs: number) {
    this.#reader.wallMs = wallMs;
  }

  push({ bytes, init }: LoadedPiece): void {
    try {
      if (init !== undefined && init !== this.#init) this.#reader.push(init.bytes);
      this.#init = init;
      this.#reader.push(bytes);
    } catch (error) {
      if (!(error instanceof IsoProblem)) throw error;
      this.#events.count("damagedSegments");
      this.#reader.reset();
    }
  }

  flush(): void {
    this.#reader.reset();
  }
}

/** Owner of the PRIV frame that holds the time of a segment's first sample (RFC 8216 §3.4). */
const TIMESTAMP_OWNER = "com.apple.streaming.transportStreamTimestamp\0";
const TRACK_ID = 1;

/** Audio without a container. */
class PackedReader implements MediaReader {
  readonly wraps = true;
  wallMs = 0;
  readonly #events: MediaEvents;
  readonly #reader: PackedAudioReader;
  #base: Ticks = 0;
  #samples = 0;

  constructor(events: MediaEvents, codec?: PackedCodec) {
    this.#events = events;
    this.#reader = new PackedAudioReader(
      {
        onTrack: (track) =>
          events.onTracks([{ id: TRACK_ID, kind: "audio", timescale: TICKS_PER_SECOND, ...track }]),
        onFrame: (data, { samples, sampleRate }) => {
          const pts = this.#base + Math.round((this.#samples * TICKS_PER_SECOND) / sampleRate);
          this.#samples += samples;
          const { wallMs } = this;
          events.onUnit({
            track: TRACK_ID,
            pts,
            dts: pts,
            key: true,
            discontinuity: false,
            data: [data],
            wallMs,
          });
        },
      },
      codec,
    );
  }

  push({ bytes, piece }: LoadedPiece): void {
    const stamp = timestampOf(bytes);
    const before = this.#reader.rubbishBytes;
    // Without a stamp of their own segments follow each other.
    if (stamp !== undefined) {
      this.#base = stamp;
      this.#samples = 0;
    } else if (piece.discontinuity) this.#reader.reset();
    this.#reader.push(bytes);
    if (this.#reader.rubbishBytes > before)
      this.#events.count("rubbishBytes", this.#reader.rubbishBytes - before);
  }

  flush(): void {
    this.#reader.reset();
  }
}

/** Time of the first sample, 33 bits at 90 kHz, as the tag in front of the segment tells it. */
function timestampOf(bytes: Uint8Array): Ticks | undefined {
  const length = id3Length(bytes, 0);
  if (length <= 0 || length > bytes.length) return undefined;
  for (const { id, data } of parseId3Frames(bytes.subarray(0, length))) {
    if (id !== "PRIV" || data.length < TIMESTAMP_OWNER.length + 8) continue;
    const owner = String.fromCharCode(...data.subarray(0, TIMESTAMP_OWNER.length));
    if (owner !== TIMESTAMP_OWNER) continue;
    const view = new DataView(data.buffer, data.byteOffset + TIMESTAMP_OWNER.length, 8);
    return (view.getUint32(0) & 1) * 2 ** 32 + view.getUint32(4);
  }
  return undefined;
}

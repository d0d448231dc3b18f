import {
  ADTS_HEADER_BYTES,
  type AdtsFields,
  adtsFields,
  opusPacketSamples,
  parseAudioSpecificConfig,
  writeAdtsHeader,
} from "@millrace/codec";
import { canStore, codecStringOf, fragmentHead, storedData } from "@millrace/isobmff";
import type { AccessUnit, Track } from "@millrace/model";
import type { LaneTrack } from "./lane-tracks.ts";
import type { TrackClock } from "./track-clock.ts";
import { BlockHead, canHold } from "./wire/matroska.ts";
import { canHoldInOgg, MOST_PACKET_BYTES, oggPage } from "./wire/ogg.ts";

/** What a lane is made of. */
export interface LaneFormat {
  readonly lane: string;
  takes(track: Track): boolean;
  /** A new framer for each time that the lane is opened. */
  framer(): Framer;
}

export interface FramedTrack extends LaneTrack {
  readonly clock: TrackClock;
  /** The track whose configuration is left out of frames (`storedData`). */
  readonly stored: Track;
}

/** Appends the message of one frame, whose times are in `track.clock`; false leaves it out. Valid until the next call. */
export interface Framer {
  frame(track: FramedTrack, unit: AccessUnit, into: Uint8Array[]): boolean;
}

export const MP4_LANE = "mp4";
export const MATROSKA_LANE = "matroska";
export const OGG_LANE = "ogg";
/** Frames of sound as they are in files without a container: MP3, ADTS, AC-3. */
export const SOUND_LANE = "sound";

export const LANE_FORMATS: readonly LaneFormat[] = [
  { lane: MP4_LANE, takes: takesMp4, framer: () => new Mp4Framer() },
  { lane: MATROSKA_LANE, takes: (track) => canHold("matroska", track), framer: () => new MatroskaFramer() },
  { lane: OGG_LANE, takes: canHoldInOgg, framer: () => new OggFramer() },
  { lane: SOUND_LANE, takes: takesSound, framer: () => new SoundFramer() },
];

export function takesMp4(track: Track): boolean {
  return canStore(track) && codecStringOf(track) !== undefined;
}

export function takesSound(track: Track): boolean {
  return track.codec === "aac" ? adtsOf(track) !== undefined : ["mpa", "ac3", "eac3"].includes(track.codec);
}

/** Each frame is a fragment of its own: so a player gets the tracks that it wants, and gets them at once. */
class Mp4Framer implements Framer {
  #sequence = 0;

  frame({ number, clock, stored }: FramedTrack, unit: AccessUnit, into: Uint8Array[]): boolean {
    const at = into.push(NOTHING) - 1;
    const size = storedData(stored, unit, into);
    const { decodeTime, duration, compositionOffset } = clock;
    const sample = {
      durationTicks: duration,
      compositionOffsetTicks: compositionOffset,
      key: unit.key,
      size,
    };
    into[at] = fragmentHead({
      sequence: ++this.#sequence,
      runs: [{ trackId: number, baseDecodeTime: decodeTime, samples: [sample] }],
    });
    return true;
  }
}

const NOTHING = new Uint8Array(0);

class MatroskaFramer implements Framer {
  readonly #head = new BlockHead();

  frame({ number, clock, stored }: FramedTrack, unit: AccessUnit, into: Uint8Array[]): boolean {
    into.push(this.#head.bytes);
    const size = storedData(stored, unit, into);
    const presented = clock.decodeTime + clock.compositionOffset;
    const timeMs = Math.max(0, Math.round((presented * 1000) / clock.timescale));
    return this.#head.write({ number, timeMs, key: unit.key, size });
  }
}

class OggFramer implements Framer {
  #sequence = 0;

  frame({ clock, track }: FramedTrack, unit: AccessUnit, into: Uint8Array[]): boolean {
    let size = 0;
    for (const part of unit.data) size += part.length;
    if (size === 0 || size > MOST_PACKET_BYTES) return false;
    const [first = NOTHING] = unit.data;
    const samples = track.codec === "opus" ? opusPacketSamples(first, 0, first.length) : 0;
    const granule = clock.decodeTime + (samples || clock.duration);
    into.push(oggPage({ granule, sequence: this.#sequence++ }, unit.data));
    return true;
  }
}

class SoundFramer implements Framer {
  readonly #header = new Uint8Array(ADTS_HEADER_BYTES);
  readonly #fields = new WeakMap<Track, AdtsFields>();

  frame({ track }: FramedTrack, unit: AccessUnit, into: Uint8Array[]): boolean {
    if (track.codec === "aac") {
      let fields = this.#fields.get(track);
      if (fields === undefined) {
        fields = adtsOf(track);
        if (fields === undefined) return false;
        this.#fields.set(track, fields);
      }
      let size = 0;
      for (const part of unit.data) size += part.length;
      if (size + ADTS_HEADER_BYTES > 8191) return false;
      writeAdtsHeader(this.#header, fields, size);
      into.push(this.#header);
    }
    into.push(...unit.data);
    return true;
  }
}

/** What ADTS headers say of the track; undefined for what they cannot. */
function adtsOf({ config }: Track): AdtsFields | undefined {
  const parsed = config && parseAudioSpecificConfig(config);
  if (parsed === undefined) return undefined;
  try {
    return adtsFields(parsed);
  } catch {
    return undefined;
  }
}

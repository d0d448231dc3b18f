import { concat } from "@millrace/bytes";
import { type TeletextSubtitlePage, TeletextSubtitles, teletextSubtitlePages } from "@millrace/codec";
import { parseWebvttSample, type WebvttCue } from "@millrace/isobmff";
import { type AccessUnit, TICKS_PER_SECOND, type Ticks, type Track } from "@millrace/model";
import { fromTimescale } from "./media-clock.ts";
import type { CmafTrack, PartRecord, SegmentRecord } from "./model.ts";
import { TextCutter, type TextPlace } from "./text-cutter.ts";
import type { CutterOutput } from "./track-cutter.ts";

/** Text is cut when sound has come as far, but not later than this behind the leading track. */
const LATE_TICKS = TICKS_PER_SECOND;
/** ISO 639 audio_type. */
const FOR_HEARING_IMPAIRED = 2;
/** Text that is so far from where text is cut belongs to another timeline. */
const APART_TICKS = 10 * TICKS_PER_SECOND;

/** A text track that can be made of a track of the source. */
export interface TextSource {
  /** What it is as a track: codec "webvtt", `id` of where it comes from. */
  readonly track: Track;
  /** Of teletext. */
  readonly page?: TeletextSubtitlePage;
}

interface TextTrack {
  readonly source: number;
  readonly cutter: TextCutter;
  readonly teletext: TeletextSubtitles | undefined;
}

/** A step of the leading track that text has yet to follow: one more part, or the end of the segment. */
type Step = TextPlace | undefined;

/** The text tracks of a source: WebVTT as it is, and each subtitle page of teletext. Bitmaps have no text. */
export function textSourcesOf(tracks: readonly Track[]): TextSource[] {
  return tracks.flatMap((track): TextSource[] => {
    if (track.codec === "webvtt") return [{ track }];
    if (track.codec !== "teletext") return [];
    return teletextSubtitlePages(track.ts?.descriptors ?? new Uint8Array(0)).map((page) => {
      const { language, forHardOfHearing } = page;
      const audioType = forHardOfHearing ? FOR_HEARING_IMPAIRED : 0;
      const { id, timescale } = track;
      return {
        page,
        track: { id, kind: "subtitle", codec: "webvtt", codecString: "wvtt", timescale, language, audioType },
      };
    });
  });
}

/** Text beside the leading track: the same numbers, the same cuts. */
export class TextTracks {
  readonly #output: CutterOutput;
  #tracks: TextTrack[] = [];
  #steps: Step[] = [];

  constructor(output: CutterOutput) {
    this.#output = output;
  }

  /** Begins a period. `notBefore`: where the track of that name of the period before ended. */
  start(
    tracks: readonly (readonly [TextSource, CmafTrack])[],
    notBefore: (track: CmafTrack) => Ticks | undefined,
  ): void {
    this.#steps = [];
    this.#tracks = tracks.map(([{ track, page }, made]) => ({
      source: track.id,
      cutter: new TextCutter(made, notBefore(made) ?? 0, this.#output),
      teletext: page && new TeletextSubtitles(page),
    }));
  }

  /** Where each track ends, by name. */
  ends(): [string, Ticks][] {
    return this.#tracks.map(({ cutter }) => [cutter.track.name, cutter.endTicks]);
  }

  /** Takes a unit of one of the sources; `offset` leads to the media timeline, on which the leading track is at `now`. */
  unit(unit: AccessUnit, offset: Ticks, now: Ticks): void {
    for (const { source, cutter, teletext } of this.#tracks) {
      if (source !== unit.track) continue;
      if (Math.abs(unit.pts + offset - now) > APART_TICKS) continue;
      if (teletext === undefined) cutter.change(unit.pts + offset, cuesOf(unit));
      else {
        for (const { startTicks, text } of teletext.push(unit)) {
          cutter.change(startTicks + offset, text === "" ? [] : [{ text: escaped(text) }]);
        }
      }
    }
  }

  /** The leading track's output, which text follows. */
  beside(output: CutterOutput, timescale: number): CutterOutput {
    return {
      part: (segment, part, data) => {
        output.part(segment, part, data);
        if (this.#tracks.length > 0) this.#steps.push(placeOf(segment, part, timescale));
      },
      segment: (segment) => {
        output.segment(segment);
        if (this.#tracks.length > 0) this.#steps.push(undefined);
      },
    };
  }

  /** The leading track is ahead. */
  get isBehind(): boolean {
    return this.#steps.length > 0;
  }

  /** Follows the leading track, which is at `leader`, as far as all sound has come, which is at `sound`. */
  follow(leader: Ticks, sound: Ticks): void {
    this.#cutTo(Math.max(sound, leader - LATE_TICKS));
  }

  /** Cuts all there is, and ends. */
  finish(): void {
    this.#cutTo(Number.POSITIVE_INFINITY);
    for (const { cutter } of this.#tracks) cutter.endSegment();
  }

  #cutTo(ticks: Ticks): void {
    let done = 0;
    for (const step of this.#steps) {
      if (step !== undefined && step.endTicks > ticks) break;
      for (const { cutter } of this.#tracks) {
        if (step === undefined) cutter.endSegment();
        else cutter.part(step);
      }
      done++;
    }
    if (done > 0) this.#steps = this.#steps.slice(done);
  }
}

function placeOf(segment: SegmentRecord, part: PartRecord, timescale: number): TextPlace {
  return {
    segment,
    segmentTicks: fromTimescale(segment.startTicks, timescale),
    startTicks: fromTimescale(part.startTicks, timescale),
    endTicks: fromTimescale(part.startTicks + part.durationTicks, timescale),
  };
}

/** Units of "webvtt" are samples of ISO/IEC 14496-30 §7.4; what is none shows nothing. */
function cuesOf({ data }: AccessUnit): WebvttCue[] {
  return parseWebvttSample(data.length === 1 ? (data[0] as Uint8Array) : concat([...data])) ?? [];
}

/** WebVTT §3.3: what begins a tag or an escape. */
function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

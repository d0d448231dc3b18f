import type { Source } from "./codings.ts";
import type { Fitting, Format } from "./formats.ts";

/** One decoded (or, without a decoder, read) frame. */
export interface SeenFrame {
  /** When it is shown, seconds. */
  readonly pts: number;
  /** How bright the picture is (0 to 255) or how loud the sound (decibels of full scale); NaN if it was not decoded. */
  readonly level: number;
  /** When a player with a clock of its own shows it, seconds; as `pts` unless told. */
  readonly shownS?: number;
}

/** What a program saw and heard. */
export interface Seen {
  readonly video: readonly SeenFrame[];
  readonly audio: readonly SeenFrame[];
  /** What it warned of. */
  readonly complaints: readonly string[];
}

/** What a program is to do. */
export interface Task {
  readonly url: string;
  readonly format: Format;
  /** The tracks that there are. */
  readonly tracks: Fitting;
  /** So much of each track. */
  readonly seconds: number;
  /** Beyond the seconds themselves: to connect, to fill buffers. */
  readonly patienceMs: number;
  /** Frames a second of the picture. */
  readonly fps: number;
  readonly measure: boolean;
}

export interface Program {
  readonly name: ProgramName;
  /** Its version, or undefined where it is not installed. */
  version(): Promise<string | undefined>;
  /** Why it cannot read this, as words; undefined if it can. */
  whyNot(format: Format, tracks: Fitting): string | undefined;
  /** Codecs that it reads, but has no decoder for: its frames are counted only. */
  readonly undecoded: readonly string[];
  /** Rejects when it ends with an error, or does not end. */
  read(task: Task): Promise<Seen>;
}

export type ProgramName = "ffmpeg" | "ffmpeg8" | "gstreamer";

/** What came of one program with one format of one source. */
export interface Result {
  readonly source: Source;
  readonly format: Format;
  readonly program: ProgramName;
  readonly outcome: Outcome;
}

export type Outcome =
  | { readonly kind: "ok"; readonly note: string }
  | { readonly kind: "impossible"; readonly why: string }
  | { readonly kind: "known"; readonly why: string; readonly failures: readonly string[] }
  | { readonly kind: "failed"; readonly failures: readonly string[] };

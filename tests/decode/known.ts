import type { ProgramName } from "./cell.ts";
import type { Source } from "./codings.ts";
import type { Fitting, Format } from "./formats.ts";

/** A fault that is the program's own, or a limit of ours that the documentation names: what shows it, and why it is so. */
export interface Known {
  readonly program: ProgramName;
  readonly formats: readonly string[];
  readonly applies?: (source: Source, tracks: Fitting) => boolean;
  /** All failures of a cell must match. */
  readonly failures: RegExp;
  readonly why: string;
}

export const KNOWN: readonly Known[] = [
  {
    program: "gstreamer",
    formats: ["http-ts", "smooth", "mp4", "mkv"],
    applies: ({ name }) => name === "dvb-multi-audio",
    failures: /^0 pictures instead of|^0\.00 s of sound/,
    why: "OpenH264, the decoder that GStreamer has there, decodes no interlaced pictures",
  },
  {
    program: "gstreamer",
    formats: ["smooth"],
    failures:
      /uneven steps|is no later|^a flash at|pictures instead of|s of sound instead of|holes in the sound/,
    // tests/conformance/smooth checks the manifest and every fragment of it; its log says `seeking to` at each reload.
    why: "GStreamer 1.22 looks for its place anew with each reload of the manifest, and plays fragments twice or none",
  },
  {
    program: "ffmpeg",
    formats: ["hls-ts"],
    applies: (_, { video }) => video === undefined,
    failures: /^1 holes in the sound, 42\.7 ms|^frame of sound 1 is no later/,
    // ffprobe reads each segment by itself right: 1024 samples from every frame to the next.
    why: "FFmpeg gives the first two frames of a playlist of sound alone the same time, and has a hole before the next PES packet",
  },
  {
    program: "gstreamer",
    formats: ["http-ts", "hls-ts", "hls-fmp4", "ll-hls", "dash", "ll-dash", "mp4", "mkv"],
    applies: ({ video }) => video === "hevc",
    failures: /Libde265Dec.*(code=1012|code=1001)/,
    // Saved with curl, the same stream (CRA pictures, with leading ones) decodes without a warning each time.
    why: "libde265 now and then says of a live stream that a reference picture is missing, and shows every picture all the same",
  },
];

/** What is known of it, where that explains all failures. */
export function explain(
  failures: readonly string[],
  cell: { program: ProgramName; format: Format; source: Source; tracks: Fitting },
): string | undefined {
  const { program, format, source, tracks } = cell;
  const known = KNOWN.filter(
    (each) =>
      each.program === program &&
      each.formats.includes(format.name) &&
      (each.applies?.(source, tracks) ?? true),
  );
  const why = failures.map((failure) => known.find((each) => each.failures.test(failure))?.why);
  return why.length > 0 && why.every((each) => each !== undefined) ? [...new Set(why)].join("; ") : undefined;
}

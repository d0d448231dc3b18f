import type { Outcome, Program, Result } from "./cell.ts";
import type { Source } from "./codings.ts";
import { type Fitting, type Format, fitting } from "./formats.ts";
import { judge } from "./judge.ts";
import { explain } from "./known.ts";
import type { Published } from "./publish.ts";

/** To connect, to wait for the first segments, and to fill buffers, on a busy machine. */
const PATIENCE_MS = 70_000;

/** One program reads one format of one source. */
export interface Cell {
  readonly source: Source;
  readonly format: Format;
  readonly program: Program;
}

/** Why a cell is not tried, as the format or the program is; undefined if it is. */
export function whyNot({ source, format, program }: Cell): string | undefined {
  const tracks = fitting(format, source);
  return tracks === undefined ? "not possible by the format" : program.whyNot(format, tracks);
}

export async function runCell(cell: Cell, published: Published, seconds: number): Promise<Result> {
  const { source, format, program } = cell;
  const outcome = await outcomeOf(cell, published, seconds);
  return { source, format, program: program.name, outcome };
}

async function outcomeOf(cell: Cell, { server, stream, fps }: Published, seconds: number): Promise<Outcome> {
  const { source, format, program } = cell;
  const tracks = fitting(format, source) as Fitting;
  const measure = source.coding !== undefined;
  const isUndecoded = (codec: string | undefined): boolean =>
    codec !== undefined && program.undecoded.includes(codec);
  const counted = isUndecoded(tracks.video) || isUndecoded(tracks.audio);
  const url = server.url(`/${stream}${format.path}`);
  let failures: readonly string[];
  try {
    const seen = await program.read({ url, format, tracks, seconds, patienceMs: PATIENCE_MS, fps, measure });
    failures = judge(seen, {
      tracks,
      seconds,
      fps,
      even: measure && !isUndecoded(tracks.video),
      quiet: source.capture?.cutOff !== true,
      measured: measure,
    });
  } catch (error) {
    // What a program said last tells most.
    const text = String(error).trim();
    failures = [text.length > 600 ? `${text.slice(0, 100)} … ${text.slice(-500)}` : text];
  }
  if (failures.length > 0) {
    const why = explain(failures, { program: program.name, format, source, tracks });
    return why === undefined ? { kind: "failed", failures } : { kind: "known", why, failures };
  }
  return { kind: "ok", note: noteOf(source, tracks, counted) };
}

/** What a reader of the table should know of a cell that is well. */
function noteOf(source: Source, tracks: Fitting, counted: boolean): string {
  const partly =
    source.video !== undefined && tracks.video === undefined
      ? "sound only"
      : source.audio !== undefined && tracks.audio === undefined
        ? "picture only"
        : "";
  return [partly, counted ? "read, not decoded" : ""].filter((note) => note !== "").join(", ");
}

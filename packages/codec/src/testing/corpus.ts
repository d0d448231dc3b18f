/** Files that tests read: the committed corpus and, where present, the larger shared captures. Test code only. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { fromHex } from "@millrace/bytes";

const CORPUS = join(import.meta.dirname, "../../corpus");

/** One line of a corpus file: where it was taken from, what it is, the bytes. */
export interface Sample {
  readonly source: string;
  readonly kind: string;
  readonly bytes: Uint8Array;
}

/** Reads `source TAB kind TAB hex` lines. */
export function readSamples(file: string): Sample[] {
  return readLines(file).map(([source, kind, hexText]) => {
    return { source: source as string, kind: kind as string, bytes: fromHex(hexText as string) };
  });
}

/** The tab-separated lines of a corpus file. */
export function readLines(file: string): string[][] {
  const text = readFileSync(join(CORPUS, file), "utf8").trimEnd();
  return text.split("\n").map((line) => line.split("\t"));
}

/** A file of the shared media set beside the repository; undefined where it is not there. */
export function readMedia(path: string): Uint8Array | undefined {
  const file = mediaPath(path);
  return file === undefined ? undefined : readFileSync(file);
}

/** Rows `stream,pts,dts,duration,size,flags` that ffprobe printed for the packets of a shared file. */
export function readOraclePackets(path: string): string[][] {
  const file = mediaPath(`oracle/${path}.packets.csv.gz`);
  if (file === undefined) throw new Error(`no readings for ${path}`);
  const lines = gunzipSync(readFileSync(file)).toString().trimEnd().split("\n");
  return lines.map((line) => line.split(","));
}

function mediaPath(path: string): string | undefined {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, "biome.json"))) {
    if (dirname(folder) === folder) return undefined;
    folder = dirname(folder);
  }
  const file = join(folder, "../shared/media", path);
  return existsSync(file) ? file : undefined;
}

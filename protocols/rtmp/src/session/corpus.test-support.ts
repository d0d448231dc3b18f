import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fromHex } from "@millrace/bytes";

const FOLDER = join(import.meta.dirname, "corpus");

/** What a program sent on its connection; see the README in `corpus/`. */
export function recording(name: string): Uint8Array {
  return fromHex(readFileSync(join(FOLDER, `${name}.hex`), "utf8"));
}

export const RECORDINGS: readonly string[] = readdirSync(FOLDER)
  .filter((name) => name.endsWith(".hex"))
  .map((name) => name.slice(0, -".hex".length));

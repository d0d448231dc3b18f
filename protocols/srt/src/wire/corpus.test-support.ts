import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fromHex } from "@millrace/bytes";

const FOLDER = join(import.meta.dirname, "corpus");

/** Names of the packets in `corpus/`, which libsrt 1.5.1 sent; see its README. */
export const CORPUS_NAMES: readonly string[] = readdirSync(FOLDER)
  .filter((name) => name.endsWith(".hex"))
  .map((name) => name.slice(0, -".hex".length));

/** One whole packet. */
export function corpusPacket(name: string): Uint8Array {
  return fromHex(readFileSync(join(FOLDER, `${name}.hex`), "utf8"));
}

/** The same bytes in the middle of a larger piece of memory that is full of `surroundings`, as pooled memory gives them. */
export function pooled(packet: Uint8Array, surroundings: number): Uint8Array {
  const pool = Buffer.alloc(packet.length + 96, surroundings);
  pool.set(packet, 37);
  return pool.subarray(37, 37 + packet.length);
}

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fromHex } from "@millrace/bytes";

/** One message or packet of a `corpus/*.hex` file, with the words of the comment before it. */
export interface Recorded {
  readonly what: string;
  readonly bytes: Uint8Array;
}

const CORPUS = join(import.meta.dirname, "../corpus");

/** What `srt-live-transmit` sent with AES of so many bits: blocks of hexadecimal lines, each under a comment. */
export function readRecording(bits: 128 | 192 | 256): Recorded[] {
  const recorded: Recorded[] = [];
  let what = "";
  let digits = "";
  const end = (): void => {
    if (digits !== "") recorded.push({ what, bytes: fromHex(digits) });
    digits = "";
  };
  for (const line of readFileSync(join(CORPUS, `srt-live-transmit-${bits}.hex`), "utf8").split("\n")) {
    if (line.startsWith("# ")) {
      end();
      what = line.slice(2);
    } else {
      digits += line;
    }
  }
  end();
  return recorded;
}

/** The payload that was sent: transport stream packets that count, in the order of their numbers. */
export function expectedPayload(first: number, packets: number): Uint8Array {
  const payload = new Uint8Array(188 * packets);
  for (let i = 0; i < packets; i++) {
    const number = first + i;
    const at = 188 * i;
    payload.set([0x47, 0x1f, 0xff, 0x10 | (number & 15), number >> 8, number & 255], at);
    for (let j = 0; j < 182; j++) payload[at + 6 + j] = j * 7 + number;
  }
  return payload;
}

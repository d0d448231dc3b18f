import { isIPv4, isIPv6 } from "node:net";

/**
 * An IP address with its port as numbers: six words of 32 bits. Word 0 is the family (4 or 6) times 65536 plus the port,
 * words 1 to 4 the address, most significant first (IPv4: only word 1), word 5 the index of the zone (RFC 4007).
 */
export const ADDRESS_WORDS = 6;

const GROUPS = 8;

/** Writes an address without zone at `words[at]`; a mapped IPv4 address as the plain one. False: it is none. */
export function writeAddress(words: Int32Array, at: number, text: string): boolean {
  words.fill(0, at, at + ADDRESS_WORDS);
  if (isIPv4(text)) {
    words[at] = 4 << 16;
    words[at + 1] = readIPv4(text);
    return true;
  }
  if (!isIPv6(text) || text.includes("%")) return false;
  const groups = readGroups(text);
  for (let i = 0; i < 4; i++) words[at + 1 + i] = ((groups[2 * i] ?? 0) << 16) | (groups[2 * i + 1] ?? 0);
  const mapped = words[at + 1] === 0 && words[at + 2] === 0 && words[at + 3] === 0xffff;
  words[at] = (mapped ? 4 : 6) << 16;
  if (mapped) words.set([words[at + 4] as number, 0, 0, 0], at + 1);
  return true;
}

/** The address at `words[at]` as text, in the form of `inet_ntop`, without zone. */
export function readAddress(words: Int32Array, at: number): string {
  if ((words[at] as number) >>> 16 === 4) return formatIPv4(words[at + 1] as number);
  const groups: number[] = [];
  for (let i = 1; i <= 4; i++) {
    const word = words[at + i] as number;
    groups.push(word >>> 16, word & 0xffff);
  }
  return formatIPv6(groups);
}

function readIPv4(text: string): number {
  return text.split(".").reduce((sum, part) => (sum << 8) | Number(part), 0);
}

function formatIPv4(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 0xff}.${(word >>> 8) & 0xff}.${word & 0xff}`;
}

/** The last 32 bits may be written as those of IPv4 (RFC 4291 §2.2). */
function readGroups(text: string): number[] {
  const dot = text.indexOf(".");
  if (dot >= 0) {
    const begin = text.lastIndexOf(":") + 1;
    const word = readIPv4(text.slice(begin));
    text = `${text.slice(0, begin)}${(word >>> 16).toString(16)}:${(word & 0xffff).toString(16)}`;
  }
  const [left = "", right] = text.split("::");
  const head = hex(left);
  const tail = right === undefined ? [] : hex(right);
  return [...head, ...new Array<number>(GROUPS - head.length - tail.length).fill(0), ...tail];
}

function hex(text: string): number[] {
  return text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
}

/** The longest run of zeros is left out (RFC 5952 §4.2); addresses that hold one of IPv4 end in it. */
function formatIPv6(groups: readonly number[]): string {
  const [begin, length] = longestZeros(groups);
  const compatible = begin === 0 && length === 6;
  const shown = compatible ? groups.slice(0, 6) : groups;
  const parts = shown.map((group) => group.toString(16));
  if (compatible) parts.push(formatIPv4(((groups[6] as number) << 16) | (groups[7] as number)));
  if (length < 2) return parts.join(":");
  const end = compatible ? 6 : begin + length;
  return `${parts.slice(0, begin).join(":")}::${parts.slice(end).join(":")}`;
}

function longestZeros(groups: readonly number[]): readonly [begin: number, length: number] {
  let begin = 0;
  let length = 0;
  for (let i = 0; i < groups.length; i++) {
    let run = 0;
    while (groups[i + run] === 0) run++;
    if (run > length) [begin, length] = [i, run];
    i += run;
  }
  return [begin, length];
}

/** Whole numbers: `25`, `-1`, `0x1f`, and `16#1f` as Erlang writes base 16. Undefined when it is none. */
export function parseInteger(text: string): number | undefined {
  const based = /^(?:0x|16#)([0-9a-f]+)$/i.exec(text);
  const value = based?.[1] !== undefined ? Number.parseInt(based[1], 16) : plain(text);
  return value !== undefined && Number.isSafeInteger(value) ? value : undefined;
}

function plain(text: string): number | undefined {
  return /^[+-]?\d+$/.test(text) ? Number(text) : undefined;
}

const MILLISECONDS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** `7d`, `2h`, `30m`, `10s`, `500ms`; a bare number counts in `bareMs`. Milliseconds, whole. */
export function parseDuration(text: string, bareMs: number): number | undefined {
  const found = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/i.exec(text);
  if (found === null) return undefined;
  const unit = found[2] === undefined ? bareMs : (MILLISECONDS[found[2].toLowerCase()] ?? bareMs);
  return whole(Number(found[1]) * unit);
}

const BYTES: Readonly<Record<string, number>> = { k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** `500`, `64K`, `20M`, `100G`, `2T` (powers of 1,024). Bytes. */
export function parseBytes(text: string): number | undefined {
  const found = /^(\d+(?:\.\d+)?)([kmgt])?b?$/i.exec(text);
  if (found === null) return undefined;
  return whole(Number(found[1]) * (found[2] === undefined ? 1 : (BYTES[found[2].toLowerCase()] ?? 1)));
}

const KBITS: Readonly<Record<string, number>> = { k: 1000, m: 1_000_000, g: 1_000_000_000 };

/** `2200` (kbit/s), `2200k`, `8M`. Bits a second. */
export function parseKbit(text: string): number | undefined {
  const found = /^(\d+(?:\.\d+)?)([kmg])?$/i.exec(text);
  if (found === null) return undefined;
  return whole(Number(found[1]) * (KBITS[found[2]?.toLowerCase() ?? "k"] ?? 1000));
}

/** `on`, `true`, `yes`, `1` and their opposites, in any case. */
export function parseFlag(text: string): boolean | undefined {
  if (/^(on|true|yes|1)$/i.test(text)) return true;
  if (/^(off|false|no|0)$/i.test(text)) return false;
  return undefined;
}

function whole(value: number): number | undefined {
  const rounded = Math.round(value);
  return Number.isSafeInteger(rounded) ? rounded : undefined;
}

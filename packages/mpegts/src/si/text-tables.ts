/**
 * The character code tables of DVB text: EN 300 468 Annex A, tables A.3 and A.4, and ISO/IEC 6937 (figure A.1).
 */

/** How the bytes after the selection byte(s) are read. */
export type TextTable =
  | { readonly form: "iso6937" }
  /** One byte a character; `label` is what `TextDecoder` calls it. */
  | { readonly form: "single"; readonly label: string }
  /** One byte for ASCII, two for the rest. */
  | { readonly form: "double"; readonly label: string }
  | { readonly form: "ucs2" }
  | { readonly form: "utf8" }
  /** Nothing here can read it: reserved values and encoding_type_id (compressed) strings. */
  | { readonly form: "unknown" };

const ISO_6937: TextTable = { form: "iso6937" };
const UNKNOWN: TextTable = { form: "unknown" };

/** ISO/IEC 8859 part by the code points that the WHATWG labels cover; only 0xA0–0xFF is read through them. */
const ISO_8859_LABELS: readonly (string | undefined)[] = [
  undefined,
  "iso-8859-1",
  "iso-8859-2",
  "iso-8859-3",
  "iso-8859-4",
  "iso-8859-5",
  "iso-8859-6",
  "iso-8859-7",
  "iso-8859-8",
  "iso-8859-9",
  "iso-8859-10",
  "windows-874", // ISO/IEC 8859-11 equals it from 0xA1 upwards
  undefined, // 8859-12 was never published
  "iso-8859-13",
  "iso-8859-14",
  "iso-8859-15",
];

export interface TextSelection {
  readonly table: TextTable;
  /** Bytes taken by the selection itself. */
  readonly skip: number;
}

/** The table of ISO/IEC 8859 part `part` (1 to 15). */
export function iso8859(part: number): TextTable {
  const label = ISO_8859_LABELS[part];
  return label === undefined ? UNKNOWN : { form: "single", label };
}

/** Reads the selection bytes at the start of a text field (EN 300 468 §A.2). */
export function selectTable(bytes: Uint8Array, fallback: TextTable = ISO_6937): TextSelection {
  const first = bytes[0];
  if (first === undefined || first >= 0x20) return { table: fallback, skip: 0 };
  if (first >= 0x01 && first <= 0x0b) return { table: iso8859(first + 4), skip: 1 };
  switch (first) {
    case 0x10:
      return { table: bytes[1] === 0 ? iso8859(bytes[2] ?? 0) : UNKNOWN, skip: 3 };
    case 0x11:
      return { table: { form: "ucs2" }, skip: 1 };
    case 0x12:
      return { table: { form: "double", label: "euc-kr" }, skip: 1 };
    case 0x13:
      return { table: { form: "double", label: "gbk" }, skip: 1 };
    case 0x14:
      return { table: { form: "double", label: "big5" }, skip: 1 };
    case 0x15:
      return { table: { form: "utf8" }, skip: 1 };
    default:
      return { table: UNKNOWN, skip: first === 0x1f ? 2 : 1 };
  }
}

/** ISO/IEC 6937 from 0xA0 on, eight to a line; a space where the code is unassigned or a diacritic. 0xA4 is DVB's euro. */
const ISO_6937_UPPER =
  "\u00a0¡¢£€¥ §" +
  "¤‘“«←↑→↓" +
  "°±²³×µ¶·" +
  "÷’”»¼½¾¿" +
  "        " +
  "        " +
  "―¹®©™♪¬¦" +
  "    ⅛⅜⅝⅞" +
  "ΩÆĐªĦ ĲĿ" +
  "ŁØŒºÞŦŊŉ" +
  "ĸæđðħıĳŀ" +
  "łøœßþŧŋ\u00ad";

/** The combining character of each non-spacing diacritic 0xC0–0xCF, zero where there is none. */
export const ISO_6937_DIACRITICS: readonly number[] = [
  0, 0x0300, 0x0301, 0x0302, 0x0303, 0x0304, 0x0306, 0x0307, 0x0308, 0x0308, 0x030a, 0x0327, 0, 0x030b,
  0x0328, 0x030c,
];

/** The character at a code from 0xA0 to 0xFF that is not a diacritic; "" where unassigned. */
export function iso6937Character(code: number): string {
  const character = ISO_6937_UPPER[code - 0xa0] as string;
  return character === " " ? "" : character;
}

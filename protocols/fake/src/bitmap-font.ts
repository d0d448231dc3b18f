/** Width of a glyph in dots, without the gap that follows it. */
export const GLYPH_WIDTH = 5;
/** Height of a glyph in dots. */
export const GLYPH_HEIGHT = 7;

// Seven rows a glyph, top to bottom, each two hexadecimal digits: five dots, the left one in bit 4.
const GLYPHS: Readonly<Record<string, string>> = {
  " ": "00000000000000",
  "0": "0e11131519110e",
  "1": "040c040404040e",
  "2": "0e11010204081f",
  "3": "1f02040201110e",
  "4": "02060a121f0202",
  "5": "1f101e0101110e",
  "6": "0608101e11110e",
  "7": "1f010204080808",
  "8": "0e11110e11110e",
  "9": "0e11110f01020c",
  ":": "000c0c000c0c00",
  ".": "00000000000c0c",
  "-": "0000001f000000",
  "/": "00010204081000",
  A: "0e11111f111111",
  B: "1e11111e11111e",
  C: "0e11101010110e",
  D: "1e11111111111e",
  E: "1f10101e10101f",
  F: "1f10101e101010",
  G: "0e11101711110f",
  H: "1111111f111111",
  I: "0e04040404040e",
  J: "0702020202120c",
  K: "11121418141211",
  L: "1010101010101f",
  M: "111b1515111111",
  N: "11111915131111",
  O: "0e11111111110e",
  P: "1e11111e101010",
  Q: "0e11111115120d",
  R: "1e11111e141211",
  S: "0f10100e01011e",
  T: "1f040404040404",
  U: "1111111111110e",
  V: "111111110a0a04",
  W: "11111115151b11",
  X: "11110a040a1111",
  Y: "1111110a040404",
  Z: "1f01020408101f",
};

const ROWS = new Map<string, Uint8Array>();
for (const [character, hex] of Object.entries(GLYPHS)) {
  ROWS.set(
    character,
    Uint8Array.from({ length: GLYPH_HEIGHT }, (_, row) =>
      Number.parseInt(hex.slice(row * 2, row * 2 + 2), 16),
    ),
  );
}
const UNKNOWN = Uint8Array.of(31, 17, 17, 17, 17, 17, 31);

/** The rows of a character, top to bottom, left dot in bit 4; a box for a character the font lacks. */
export function glyphRows(character: string): Uint8Array {
  return ROWS.get(character) ?? UNKNOWN;
}

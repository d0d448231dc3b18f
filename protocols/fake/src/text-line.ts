import { GLYPH_HEIGHT, GLYPH_WIDTH, glyphRows } from "./bitmap-font.ts";

/** One 8-bit plane of a picture. */
export interface Plane {
  readonly bytes: Uint8Array;
  /** Bytes from one row to the next. */
  readonly stride: number;
}

/** Luma of ink and paper, limited range (ITU-T H.273). */
const INK = 235;
const PAPER = 16;

/**
 * A line of fixed-width text on a luma plane. Only the characters that differ from the last time are drawn, so a
 * running clock costs a few glyphs a frame.
 */
export class TextLine {
  readonly #x: number;
  readonly #y: number;
  readonly #scale: number;
  #shown = "";

  /** `x`, `y`: top left corner in pixels; `scale`: pixels a dot. */
  constructor(place: { readonly x: number; readonly y: number; readonly scale: number }) {
    this.#x = place.x;
    this.#y = place.y;
    this.#scale = place.scale;
  }

  /** Width in pixels of a text of this many characters, without the gap after the last. */
  static width(characters: number, scale: number): number {
    return (characters * (GLYPH_WIDTH + 1) - 1) * scale;
  }

  draw(luma: Plane, text: string): void {
    for (let i = 0; i < text.length; i++) {
      if (this.#shown[i] !== text[i]) this.#drawGlyph(luma, i, text[i] as string);
    }
    this.#shown = text;
  }

  #drawGlyph(luma: Plane, index: number, character: string): void {
    const rows = glyphRows(character);
    const scale = this.#scale;
    const left = this.#x + index * (GLYPH_WIDTH + 1) * scale;
    for (let row = 0; row < GLYPH_HEIGHT; row++) {
      const bits = rows[row] as number;
      const first = (this.#y + row * scale) * luma.stride + left;
      for (let column = 0; column < GLYPH_WIDTH; column++) {
        const value = (bits >> (GLYPH_WIDTH - 1 - column)) & 1 ? INK : PAPER;
        const start = first + column * scale;
        luma.bytes.fill(value, start, start + scale);
      }
      for (let line = 1; line < scale; line++) {
        luma.bytes.copyWithin(first + line * luma.stride, first, first + GLYPH_WIDTH * scale);
      }
    }
  }
}

import { charactersOf, marked, type TeletextCharacters } from "./characters.ts";
import { DAMAGED, hamming84, hamming2418, oddParity } from "./coding.ts";

const ROWS = 24;
const COLUMNS = 40;
const SPACE = 0x20;
/** Triplets of a packet X/26, and how many such packets a page can have (ETSI EN 300 706 §12.3). */
const TRIPLETS = 13;
const PACKETS = 16;

/** Spacing attributes (§12.2 table 26). */
const LAST_ALPHA_COLOUR = 0x07;
const END_BOX = 0x0a;
const START_BOX = 0x0b;
const DOUBLE_HEIGHT = 0x0d;
const DOUBLE_SIZE = 0x0f;
const FIRST_MOSAIC_COLOUR = 0x10;
const LAST_MOSAIC_COLOUR = 0x17;

/** Modes of enhancement triplets (§12.3.2). */
const ROW_COLOUR = 0x01;
const ACTIVE_POSITION = 0x04;
const TERMINATION = 0x1f;
const COLUMN_G0 = 0x09;
const COLUMN_G2 = 0x0f;
const COLUMN_MARKED = 0x10;

/** What a page header says (§9.3.1). */
export interface PageHeader {
  /** C4. */
  readonly erase: boolean;
  /** C10: it is not for display. */
  readonly inhibit: boolean;
  /** C12, the highest bit, to C14. */
  readonly option: number;
}

/** One page of teletext at presentation level 1.5, of which only the text in boxes counts: what lies over the picture. */
export class TeletextPage {
  readonly #cells = new Uint8Array((ROWS + 1) * COLUMNS).fill(SPACE);
  readonly #enhancements: (readonly number[] | undefined)[] = new Array(PACKETS).fill(undefined);
  #inhibit = false;
  #option = 0;

  begin(header: PageHeader): void {
    if (header.erase) this.#cells.fill(SPACE);
    this.#enhancements.fill(undefined);
    this.#inhibit = header.inhibit;
    this.#option = header.option;
  }

  /** Packets X/1 to X/24: 40 bytes from `at`. What came damaged stays as it was. */
  row(row: number, bytes: Uint8Array, at: number): void {
    for (let column = 0; column < COLUMNS; column++) {
      const code = oddParity(bytes[at + column] as number);
      if (code !== DAMAGED) this.#cells[row * COLUMNS + column] = code;
    }
  }

  /** Packet X/26. */
  enhance(bytes: Uint8Array, at: number): void {
    const designation = hamming84(bytes[at] as number);
    if (designation === DAMAGED) return;
    const triplets: number[] = [];
    for (let i = 0; i < TRIPLETS; i++) {
      const from = at + 1 + 3 * i;
      triplets.push(hamming2418(bytes[from] as number, bytes[from + 1] as number, bytes[from + 2] as number));
    }
    this.#enhancements[designation] = triplets;
  }

  /** Lines of text, parted by "\n"; empty when nothing is shown. */
  text(region: number): string {
    const characters = charactersOf(region, this.#option);
    if (this.#inhibit || characters === undefined) return "";
    const placed = this.#placed(characters);
    const lines: string[] = [];
    for (let row = 1; row <= ROWS; row++) {
      const line = this.#line(row, characters, placed);
      if (line !== "") lines.push(line);
      // The row below is covered by the lower half (§12.2 table 26, note to 0x0D).
      if (this.#isDouble(row)) row++;
    }
    return lines.join("\n");
  }

  #isDouble(row: number): boolean {
    const cells = this.#cells.subarray(row * COLUMNS, (row + 1) * COLUMNS);
    return cells.includes(DOUBLE_HEIGHT) || cells.includes(DOUBLE_SIZE);
  }

  #line(row: number, characters: TeletextCharacters, placed: ReadonlyMap<number, string>): string {
    let [line, boxed, mosaic] = ["", false, false];
    for (let column = 0; column < COLUMNS; column++) {
      const place = row * COLUMNS + column;
      const code = this.#cells[place] as number;
      const own = boxed ? placed.get(place) : undefined;
      if (code === START_BOX) boxed = true;
      else if (code === END_BOX) boxed = false;
      else if (code <= LAST_ALPHA_COLOUR) mosaic = false;
      else if (code >= FIRST_MOSAIC_COLOUR && code <= LAST_MOSAIC_COLOUR) mosaic = true;
      // Capital letters come through between mosaics (§15.7.1).
      const isBlank = !boxed || code < SPACE || (mosaic && (code & 0x20) !== 0);
      line += own ?? (isBlank ? " " : (characters.basic[code - SPACE] as string));
    }
    return line.replace(/[ ■]+/g, " ").trim();
  }

  /** Characters that packets X/26 put in places, by row and column. */
  #placed(characters: TeletextCharacters): Map<number, string> {
    const placed = new Map<number, string>();
    let row = 0;
    for (const triplets of this.#enhancements) {
      for (const triplet of triplets ?? []) {
        if (triplet === DAMAGED) continue;
        const [address, mode, data] = [triplet & 0x3f, (triplet >> 6) & 0x1f, triplet >> 11];
        if (address < COLUMNS) {
          const character = characterOf(characters, mode, data);
          if (character !== undefined) placed.set(row * COLUMNS + address, character);
        } else if (mode === TERMINATION) return placed;
        else if (mode === ACTIVE_POSITION || mode === ROW_COLOUR) row = address === 40 ? 24 : address - 40;
      }
    }
    return placed;
  }
}

function characterOf(characters: TeletextCharacters, mode: number, data: number): string | undefined {
  if (mode === COLUMN_G2) return characters.supplement[data - SPACE];
  if (mode === COLUMN_G0) return characters.basic[data - SPACE];
  return mode >= COLUMN_MARKED ? marked(characters, mode, data) : undefined;
}

import type { AccessUnit, Ticks } from "@millrace/model";
import { regionOf } from "./characters.ts";
import { DAMAGED, hamming84, hamming2418, reverseBits } from "./coding.ts";
import { TeletextPage } from "./page.ts";

/** ETSI EN 300 472 §4.3: data_identifier of EBU data, data_unit_id of teletext and of its subtitles, length of a unit. */
const FIRST_IDENTIFIER = 0x10;
const LAST_IDENTIFIER = 0x1f;
const TELETEXT = 0x02;
const TELETEXT_SUBTITLES = 0x03;
const UNIT_BYTES = 0x2c;
const FRAMING_CODE = 0xe4;
/** Packet address and data block. */
const LINE_BYTES = 42;
/** Bytes of a header that are not text (ETSI EN 300 706 §9.3.1). */
const HEADER_NIBBLES = 8;

const NONE: readonly TeletextText[] = [];

/** What is shown from a moment on, until something else is. One of the same start takes the place of the one before. */
export interface TeletextText {
  /** As the time stamps of the units. */
  readonly startTicks: Ticks;
  /** Lines parted by "\n"; empty when nothing is shown. */
  readonly text: string;
}

export interface TeletextSubtitlesOptions {
  /** As dialled, in hexadecimal: 0x888. */
  readonly page: number;
  /** ISO 639-2: which characters a page has that does not tell. */
  readonly language?: string;
}

/** The text of one subtitle page, out of PES data fields of teletext (ETSI EN 300 472, EN 300 706 level 1.5). */
export class TeletextSubtitles {
  readonly #page = new TeletextPage();
  readonly #magazine: number;
  readonly #number: number;
  readonly #line = new Uint8Array(LINE_BYTES);
  readonly #nibbles = new Uint8Array(HEADER_NIBBLES);
  #magazineRegion: number;
  #region: number;
  #receiving = false;
  #touched = false;
  #startTicks = 0;
  #shown = "";
  #found: readonly TeletextText[] = NONE;

  constructor(options: TeletextSubtitlesOptions) {
    // Magazine 8 is transmitted as 0.
    this.#magazine = (options.page >> 8) & 7;
    this.#number = options.page & 0xff;
    this.#magazineRegion = regionOf(options.language);
    this.#region = this.#magazineRegion;
  }

  /** Takes a unit; what changes with it, in order. Damaged units are passed over. */
  push({ data, pts }: Pick<AccessUnit, "data" | "pts">): readonly TeletextText[] {
    this.#found = NONE;
    for (const bytes of data) this.#field(bytes, pts);
    this.#settle();
    return this.#found;
  }

  #field(bytes: Uint8Array, pts: Ticks): void {
    const identifier = bytes[0] ?? 0;
    if (identifier < FIRST_IDENTIFIER || identifier > LAST_IDENTIFIER) return;
    let at = 1;
    while (at + 2 <= bytes.length) {
      const id = bytes[at] as number;
      const length = bytes[at + 1] as number;
      at += 2;
      const isLine = (id === TELETEXT || id === TELETEXT_SUBTITLES) && length === UNIT_BYTES;
      if (isLine && at + length <= bytes.length && bytes[at + 1] === FRAMING_CODE) {
        for (let i = 0; i < LINE_BYTES; i++) this.#line[i] = reverseBits(bytes[at + 2 + i] as number);
        this.#packet(pts);
      }
      at += length;
    }
  }

  #packet(pts: Ticks): void {
    const line = this.#line;
    const [low, high] = [hamming84(line[0] as number), hamming84(line[1] as number)];
    if (low === DAMAGED || high === DAMAGED) return;
    const isOwn = (low & 7) === this.#magazine;
    const packet = (low >> 3) | (high << 1);
    if (packet === 0) this.#header(pts, isOwn);
    else if (!isOwn) return;
    else if (packet === 29) this.#magazineRegion = this.#regionIn(line) ?? this.#magazineRegion;
    else if (this.#receiving) this.#part(packet);
  }

  #part(packet: number): void {
    if (packet <= 24) this.#page.row(packet, this.#line, 2);
    else if (packet === 26) this.#page.enhance(this.#line, 2);
    else if (packet === 28) this.#region = this.#regionIn(this.#line) ?? this.#region;
    else return;
    this.#touched = true;
  }

  #header(pts: Ticks, isOwn: boolean): void {
    if (!this.#readNibbles()) {
      if (isOwn) this.#receiving = false;
      return;
    }
    const units = this.#nibbles[0] as number;
    const tens = this.#nibbles[1] as number;
    const s2 = this.#nibbles[3] as number;
    const s4 = this.#nibbles[5] as number;
    const control = this.#nibbles[6] as number;
    const options = this.#nibbles[7] as number;
    const isSerial = (options & 1) !== 0;
    if (!isOwn && !isSerial) return;
    this.#receiving = isOwn && (tens << 4) + units === this.#number;
    // Subtitles and newsflashes alone are meant to lie over the picture: C6, C5.
    if (!this.#receiving) return;
    this.#settle();
    this.#startTicks = pts;
    this.#touched = true;
    this.#region = this.#magazineRegion;
    const isOverlay = (s4 & 0x0c) !== 0;
    const option = ((options & 2) << 1) | ((options & 4) >> 1) | ((options & 8) >> 3);
    this.#page.begin({ erase: (s2 & 8) !== 0, inhibit: !isOverlay || (control & 8) !== 0, option });
  }

  #readNibbles(): boolean {
    for (let i = 0; i < HEADER_NIBBLES; i++) {
      const nibble = hamming84(this.#line[2 + i] as number);
      if (nibble === DAMAGED) return false;
      this.#nibbles[i] = nibble;
    }
    return true;
  }

  /** Bits 11 to 14 of the first triplet of packets X/28 and M/29 of designation 0 or 4 (§9.4.2). */
  #regionIn(line: Uint8Array): number | undefined {
    const designation = hamming84(line[2] as number);
    if (designation !== 0 && designation !== 4) return undefined;
    const triplet = hamming2418(line[3] as number, line[4] as number, line[5] as number);
    // Page function and coding other than of a page of text have other uses of what follows.
    if (triplet === DAMAGED || (triplet & 0x7f) !== 0) return undefined;
    return (triplet >> 10) & 0x0f;
  }

  /** Tells what the page shows now, if that is something else. */
  #settle(): void {
    if (!this.#touched) return;
    this.#touched = false;
    const text = this.#page.text(this.#region);
    if (text === this.#shown) return;
    this.#shown = text;
    this.#found = [...this.#found, { startTicks: this.#startTicks, text }];
  }
}

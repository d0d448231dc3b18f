/** Characters of teletext (ETSI EN 300 706 §15). */

/** Codes of the Latin set that national options replace (§15.2 table 35), and what stands there without any. */
const OPTION_CODES = [0x23, 0x24, 0x40, 0x5b, 0x5c, 0x5d, 0x5e, 0x5f, 0x60, 0x7b, 0x7c, 0x7d, 0x7e];
const NO_OPTIONS = "#¤@[\\]^_`{|}~";

/** National option sub-sets, in the order of `OPTION_CODES` (§15.6.2 table 36). */
const ENGLISH = "£$@←½→↑#—¼‖¾÷";
const GERMAN = "#$§ÄÖÜ^_°äöüß";
const SWEDISH = "#¤ÉÄÖÅÜ_éäöåü";
const ITALIAN = "£$é°ç→↑#ùàòèì";
const FRENCH = "éïàëêùî#èâôûç";
const SPANISH = "ç$¡áéíóú¿üñèà";
const CZECH = "#ůčťžýířéáěúš";
const POLISH = "#ńąŻŚŁćóężśłź";
const TURKISH = "₺ğİŞÖÇÜĞışöçü";
const SERBIAN_LATIN = "#ËČĆŽĐŠëčćžđš";
const RUMANIAN = "#¤ŢÂŞĂÎıţâşăî";
const ESTONIAN = "#õŠÄÖŽÜÕšäöžü";
const LETTISH = "#$ŠėęŽčūšąųžį";

/** G0 sets of other scripts, codes 0x40 to 0x7F (§15.6.4 to §15.6.7), behind what differs below them. */
const SERBIAN_CYRILLIC = "ЧАБЦДЕФГХИЈКЛМНОПЌРСТУВЃЉЊЗЋЖЂШЏчабцдефгхијклмнопќрстувѓљњзћжђш■";
const RUSSIAN = "ЮАБЦДЕФГХИЙКЛМНОПЯРСТУЖВЬЪЗШЭЩЧЫюабцдефгхийклмнопярстужвьъзшэщч■";
const UKRAINIAN = "ЮАБЦДЕФГХИЙКЛМНОПЯРСТУЖВЬІЗШЄЩЧЇюабцдефгхийклмнопярстужвьізшєщч■";
const GREEK = "ΐΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡʹΣΤΥΦΧΨΩΪΫάέήίΰαβγδεζηθικλμνξοπρςστυφχψωϊϋόύώ■";

/** Latin G2 set, codes 0x20 to 0x7F; a space where nothing is defined, and for diacritical marks (§15.6.3). */
const LATIN_G2 =
  " ¡¢£$¥#§¤‘“«←↑→↓°±²³×µ¶·÷’”»¼½¾¿                —¹®©™♪₠‰∝   ⅛⅜⅝⅞ΩÆĐªĦ ĲĿŁØŒºÞŦŊŉĸæđðħıĳŀłøœßþŧŋ■";
/** Combining marks, in the order of modes 0x11 to 0x1F of packet X/26 (§12.3.2). */
const MARKS = "\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u0323\u030a\u0327\u0332\u030b\u0328\u030c";

/** The characters of codes 0x20 to 0x7F. */
export interface TeletextCharacters {
  readonly basic: readonly string[];
  /** What packet X/26 puts marks on: Latin without national options. */
  readonly unmarked: readonly string[];
  /** Greek has another G2 set, which is not covered. */
  readonly supplement: readonly string[];
}

const LATIN = latin(NO_OPTIONS);
const G2 = [...LATIN_G2];

/** National options by region, in the order of C12, C13, C14 (§15.2 table 32). */
const WEST = [ENGLISH, GERMAN, SWEDISH, ITALIAN, FRENCH, SPANISH, CZECH];
const LATIN_REGIONS: ReadonlyMap<number, readonly (string | undefined)[]> = new Map([
  [0, WEST],
  [1, [POLISH, GERMAN, SWEDISH, ITALIAN, FRENCH, undefined, CZECH]],
  [2, [ENGLISH, GERMAN, SWEDISH, ITALIAN, FRENCH, SPANISH, TURKISH]],
  [3, [undefined, undefined, undefined, undefined, undefined, SERBIAN_LATIN, undefined, RUMANIAN]],
  [4, [undefined, GERMAN, ESTONIAN, LETTISH, undefined, undefined, CZECH]],
  [6, [undefined, undefined, undefined, TURKISH]],
  [8, [ENGLISH, undefined, undefined, undefined, FRENCH]],
]);
/** Sets of other scripts by region and option: their codes below 0x40 that differ from Latin, and those above. */
const OTHERS: ReadonlyMap<number, readonly [Readonly<Record<number, string>>, string]> = new Map([
  [4 * 8 + 0, [{}, SERBIAN_CYRILLIC]],
  [4 * 8 + 4, [{ 38: "ы" }, RUSSIAN]],
  [4 * 8 + 5, [{ 38: "ї" }, UKRAINIAN]],
  [6 * 8 + 7, [{ 60: "«", 62: "»" }, GREEK]],
]);
/** Arabic and Hebrew: they are stored as they are seen, from left to right. */
const NOT_COVERED: ReadonlySet<number> = new Set([8 * 8 + 7, 10 * 8 + 5, 10 * 8 + 7]);
/** Languages that the region for Western Europe does not serve. */
const REGIONS: Readonly<Record<string, number>> = {
  pol: 1,
  tur: 2,
  hrv: 3,
  scr: 3,
  slv: 3,
  ron: 3,
  rum: 3,
  rus: 4,
  bul: 4,
  ukr: 4,
  srp: 4,
  scc: 4,
  mkd: 4,
  mac: 4,
  est: 4,
  lav: 4,
  lit: 4,
  ell: 6,
  gre: 6,
  ara: 8,
  heb: 10,
};

const made = new Map<number, TeletextCharacters>();

/** The region that pages in this language (ISO 639-2) are of where they do not tell. */
export function regionOf(language: string | undefined): number {
  return REGIONS[language?.toLowerCase() ?? ""] ?? 0;
}

/**
 * The characters of a page: region from packets X/28 or M/29, `option` from C12 (highest bit) to C14 of its header.
 * Undefined for Arabic and Hebrew.
 */
export function charactersOf(region: number, option: number): TeletextCharacters | undefined {
  const key = region * 8 + option;
  if (NOT_COVERED.has(key)) return undefined;
  let known = made.get(key);
  if (known === undefined) made.set(key, (known = make(region, option)));
  return known;
}

/** A character with a mark: `mode` 0x10 for none, to 0x1F, as packet X/26 has it. Undefined where there is no character. */
export function marked(characters: TeletextCharacters, mode: number, code: number): string | undefined {
  if (code < 0x20) return undefined;
  // §12.3.2 table 29: the sign that all national options have replaced
  if (mode === 0x10 && code === 0x2a) return "@";
  const mark = MARKS[mode - 0x11] ?? "";
  return ((characters.unmarked[code - 0x20] as string) + mark).normalize("NFC");
}

function make(region: number, option: number): TeletextCharacters {
  const other = OTHERS.get(region * 8 + option);
  if (other === undefined) {
    const options = LATIN_REGIONS.get(region)?.[option] ?? WEST[option] ?? ENGLISH;
    return { basic: latin(options), unmarked: LATIN, supplement: G2 };
  }
  const [changes, letters] = other;
  const basic = LATIN.slice(0, 0x20).concat([...letters]);
  basic[4] = "$";
  for (const [code, character] of Object.entries(changes)) basic[Number(code) - 0x20] = character;
  return { basic, unmarked: basic, supplement: letters === GREEK ? [] : G2 };
}

function latin(options: string): string[] {
  const characters = Array.from({ length: 0x60 }, (_, i) => String.fromCharCode(i + 0x20));
  characters[0x5f] = "■";
  [...options].forEach((character, i) => {
    characters[(OPTION_CODES[i] as number) - 0x20] = character;
  });
  return characters;
}

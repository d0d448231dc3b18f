import {
  ISO_6937_DIACRITICS,
  iso6937Character,
  iso8859,
  selectTable,
  type TextTable,
} from "./text-tables.ts";

/** The one control code that leaves a trace (EN 300 468 table A.1): emphasis (0x86, 0x87) and the reserved ones vanish. */
const LINE_BREAK = 0x8a;

export interface TextOptions {
  /**
   * The ISO/IEC 8859 part meant by text without a selection byte, for networks that do not follow the standard, which
   * says ISO/IEC 6937.
   */
  readonly defaultPart?: number;
}

/**
 * Decodes a DVB text field (EN 300 468 Annex A). Line breaks become `\n`, emphasis marks and other control codes vanish,
 * bytes that are no character of the table become U+FFFD or vanish. Text in compressed or reserved encodings reads as "".
 */
export function decodeText(bytes: Uint8Array, options: TextOptions = {}): string {
  const fallback = options.defaultPart === undefined ? undefined : iso8859(options.defaultPart);
  const { table, skip } = selectTable(bytes, fallback);
  if (bytes.length <= skip) return "";
  return decodeWith(table, bytes.subarray(skip));
}

function decodeWith(table: TextTable, bytes: Uint8Array): string {
  switch (table.form) {
    case "iso6937":
      return decodeIso6937(bytes);
    case "single":
      return decodeRuns(bytes, decoder(table.label), false);
    case "double":
      return table.label === "big5" ? decodeBig5(bytes) : decodeRuns(bytes, decoder(table.label), true);
    case "ucs2":
      return decodeUcs2(bytes);
    case "utf8":
      return dropControls(decoder("utf-8").decode(bytes.slice()));
    case "unknown":
      return "";
  }
}

const decoders = new Map<string, TextDecoder>();

function decoder(label: string): TextDecoder {
  let found = decoders.get(label);
  if (!found) {
    found = new TextDecoder(label, { ignoreBOM: true });
    decoders.set(label, found);
  }
  return found;
}

function controlText(code: number): string {
  return code === LINE_BREAK ? "\n" : "";
}

/** Single- and double-byte tables alike: control codes are cut out, what lies between goes to the decoder. */
function decodeRuns(bytes: Uint8Array, charset: TextDecoder, pairs: boolean): string {
  let text = "";
  let runStart = 0;
  let at = 0;
  while (at < bytes.length) {
    const byte = bytes[at] as number;
    if (byte < 0x20 || (byte >= 0x7f && byte < 0xa0)) {
      // A slice, because TextDecoder refuses views over shared memory.
      text += charset.decode(bytes.slice(runStart, at)) + controlText(byte);
      runStart = ++at;
    } else {
      at += pairs && byte >= 0xa0 ? 2 : 1;
    }
  }
  return dropControls(text + charset.decode(bytes.slice(runStart)));
}

/** 0x14 is Big5 in the field; the standard's later wording (a subset of ISO/IEC 10646) is tried when that fails. */
function decodeBig5(bytes: Uint8Array): string {
  const text = decodeRuns(bytes, decoder("big5"), true);
  const wide = bytes.length % 2 === 0 && (text.includes("\ufffd") || bytes.includes(0));
  return wide ? decodeUcs2(bytes) : text;
}

function decodeUcs2(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at + 1 < bytes.length; at += 2) {
    text += String.fromCharCode(((bytes[at] as number) << 8) | (bytes[at + 1] as number));
  }
  return dropControls(text.toWellFormed());
}

/** In the ISO/IEC 10646 forms the control codes stand at U+E080–U+E09F, and in practice at U+0080–U+009F too. */
function dropControls(text: string): string {
  return text.replace(/\p{Cc}|[\ue080-\ue09f]/gu, (c) => {
    const code = c.charCodeAt(0);
    return code === 0x0a ? "\n" : controlText(code & 0xff);
  });
}

function decodeIso6937(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (byte >= 0x20 && byte < 0x7f) text += String.fromCharCode(byte);
    else if (byte < 0xa0) text += controlText(byte);
    else if (byte < 0xc0 || byte >= 0xd0) text += iso6937Character(byte);
    else {
      // A diacritic comes before its letter; Unicode has it after.
      const mark = ISO_6937_DIACRITICS[byte - 0xc0] as number;
      const letter = bytes[at + 1];
      if (mark === 0 || letter === undefined || letter < 0x20 || letter >= 0x7f) continue;
      text += String.fromCharCode(letter, mark);
      at++;
    }
  }
  return text.normalize("NFC");
}

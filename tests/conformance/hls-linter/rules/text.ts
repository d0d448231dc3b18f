import type { Rule } from "../model.ts";

const CLAUSE = "RFC 8216 §4.1";

/** How the text is spelled. */
export const textRules: readonly Rule[] = [
  {
    id: "text.utf8",
    clause: CLAUSE,
    level: "must",
    doc: "Playlists are UTF-8.",
    on: "text",
    check({ fetch }, report) {
      try {
        new TextDecoder("utf-8", { fatal: true }).decode(fetch.bytes);
      } catch {
        report(fetch.url, "the bytes are no UTF-8");
      }
    },
  },
  {
    id: "text.bom",
    clause: CLAUSE,
    level: "must",
    doc: "No byte order mark.",
    on: "text",
    check({ fetch }, report) {
      const [a, b, c] = fetch.bytes;
      if (a === 0xef && b === 0xbb && c === 0xbf) report(fetch.url, "begins with a byte order mark");
    },
  },
  {
    id: "text.control",
    clause: CLAUSE,
    level: "must",
    doc: "No control characters but CR and LF.",
    on: "text",
    check({ fetch, text }, report) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      const found = /[\u0000-\u0009\u000b\u000c\u000e-\u001f\u007f-\u009f]/.exec(text);
      if (found !== null)
        report(fetch.url, `U+${found[0].charCodeAt(0).toString(16).padStart(4, "0")} in the text`);
    },
  },
  {
    id: "text.nfc",
    clause: CLAUSE,
    level: "must",
    doc: "Text is normalized to NFC.",
    on: "text",
    check({ fetch, text }, report) {
      if (text.normalize("NFC") !== text) report(fetch.url, "not in normalization form NFC");
    },
  },
  {
    id: "text.line-end",
    clause: CLAUSE,
    level: "must",
    doc: "Every line ends with LF or CR LF, the last one too.",
    on: "text",
    check({ fetch, text }, report) {
      if (/\r(?!\n)/.test(text)) report(fetch.url, "a CR without LF");
      if (!text.endsWith("\n")) report(fetch.url, "the last line has no end");
    },
  },
  {
    id: "text.white-space",
    clause: CLAUSE,
    level: "must",
    doc: "No white space around lines, or around the parts of a tag.",
    on: "text",
    check({ lines }, report) {
      for (const { text, kind, value } of lines) {
        const spaced = kind === "blank" ? text !== "" : text !== text.trim() || (value ?? "").startsWith(" ");
        if (spaced) report(`"${text}"`, "white space that the standard does not allow");
      }
    },
  },
];

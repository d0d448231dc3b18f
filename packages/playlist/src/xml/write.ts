import { PlaylistError } from "../errors.ts";
import { isXmlText } from "./characters.ts";

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\t": "&#9;",
  "\n": "&#10;",
  "\r": "&#13;",
};

/** Text for between tags. Throws `playlist.bad-value` for characters that XML cannot hold. */
export function escapeText(text: string): string {
  checkCharacters(text);
  return text.replace(/[&<>\r]/g, (one) => ESCAPES[one] as string);
}

/** Text for between double quotes. Throws `playlist.bad-value` for characters that XML cannot hold. */
export function escapeAttribute(text: string): string {
  checkCharacters(text);
  return text.replace(/[&<>"\t\n\r]/g, (one) => ESCAPES[one] as string);
}

function checkCharacters(text: string): void {
  if (!isXmlText(text)) throw new PlaylistError("playlist.bad-value", "a character that XML cannot hold");
}

/** Name and value; those without a value are left out. */
export type XmlAttribute = readonly [name: string, value: string | undefined];

/** Writes a document, indented, one element a line. Names are taken as they are. */
export class XmlWriter {
  readonly #lines: string[] = ['<?xml version="1.0" encoding="UTF-8"?>'];
  readonly #open: string[] = [];

  #tag(name: string, attributes: readonly XmlAttribute[]): string {
    let tag = `${"  ".repeat(this.#open.length)}<${name}`;
    for (const [attribute, value] of attributes)
      if (value !== undefined) tag += ` ${attribute}="${escapeAttribute(value)}"`;
    return tag;
  }

  /** An element with others within it, up to `close`. */
  open(name: string, attributes: readonly XmlAttribute[] = []): this {
    this.#lines.push(`${this.#tag(name, attributes)}>`);
    this.#open.push(name);
    return this;
  }

  close(): this {
    const name = this.#open.pop();
    this.#lines.push(`${"  ".repeat(this.#open.length)}</${name}>`);
    return this;
  }

  /** An element with text or nothing. */
  leaf(name: string, attributes: readonly XmlAttribute[], text?: string): this {
    const tag = this.#tag(name, attributes);
    this.#lines.push(text === undefined || text === "" ? `${tag}/>` : `${tag}>${escapeText(text)}</${name}>`);
    return this;
  }

  toString(): string {
    return `${this.#lines.join("\n")}\n`;
  }
}

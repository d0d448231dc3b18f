import { PlaylistError } from "../errors.ts";
import { isXmlText } from "./characters.ts";
import type { XmlElement, XmlNode } from "./element.ts";

/** What a foreign document may ask for. */
export interface XmlLimits {
  /** Characters. */
  readonly maxLength?: number;
  readonly maxDepth?: number;
  readonly maxElements?: number;
  /** Of one element. */
  readonly maxAttributes?: number;
}

type Scope = ReadonlyMap<string, string>;

/** Every declaration copies those around it. */
const MAX_NAMESPACES = 64;

/** An element whose end has not come yet. */
interface Open {
  readonly written: string;
  readonly scope: Scope;
  readonly children: XmlNode[];
  /** Text gathered since the last element. */
  text: string[];
}

const NAME = /[A-Za-z_:\u0080-\uFFFF][\w:.\-\u0080-\uFFFF]*/y;
const SPACE = /[\t\n\r ]*/y;
const EMPTY_SCOPE: Scope = new Map([["xml", "http://www.w3.org/XML/1998/namespace"]]);

/**
 * Reads an XML document: elements, attributes, text, character references, CDATA. A DTD is refused, so there are no
 * entities but the five of XML 1.0 §4.6 and nothing can expand. Throws `playlist.not-xml`, and `playlist.too-large` beyond
 * the limits.
 */
export function parseXml(text: string, limits: XmlLimits = {}): XmlElement {
  return new XmlReader(text, limits).document();
}

class XmlReader {
  readonly #text: string;
  readonly #limits: Required<XmlLimits>;
  readonly #open: Open[] = [];
  #at = 0;
  #elements = 0;
  #line = 1;
  #lineAt = 0;

  constructor(text: string, limits: XmlLimits) {
    this.#text = text;
    this.#limits = {
      maxLength: limits.maxLength ?? 16_000_000,
      maxDepth: limits.maxDepth ?? 32,
      maxElements: limits.maxElements ?? 200_000,
      maxAttributes: limits.maxAttributes ?? 64,
    };
  }

  document(): XmlElement {
    const { maxLength } = this.#limits;
    if (this.#text.length > maxLength)
      throw new PlaylistError("playlist.too-large", `XML of more than ${maxLength} characters`);
    if (!isXmlText(this.#text)) this.#fail("a character that XML cannot hold");
    if (this.#text.startsWith("\uFEFF")) this.#at = 1;
    let root: XmlElement | undefined;
    while (this.#at < this.#text.length) {
      const mark = this.#text.indexOf("<", this.#at);
      this.#characters(this.#text.slice(this.#at, mark < 0 ? undefined : mark));
      if (mark < 0) break;
      this.#at = mark;
      const done = this.#markup();
      if (done === undefined) continue;
      const parent = this.#open.at(-1);
      if (parent !== undefined) {
        flush(parent);
        parent.children.push(done);
      } else if (root === undefined) root = done;
      else this.#fail("a second root element");
    }
    if (this.#open.length > 0) this.#fail(`<${this.#open.at(-1)?.written}> is not closed`);
    return root ?? this.#fail("there is no element");
  }

  #fail(message: string): never {
    this.#countLines(this.#at);
    throw new PlaylistError("playlist.not-xml", `line ${this.#line}: ${message}`);
  }

  #countLines(at: number): void {
    for (let next = this.#text.indexOf("\n", this.#lineAt); next >= 0 && next < at; ) {
      this.#line += 1;
      this.#lineAt = next + 1;
      next = this.#text.indexOf("\n", this.#lineAt);
    }
  }

  /** Whatever begins with `<`; returns an element that it completes. */
  #markup(): XmlElement | undefined {
    const text = this.#text;
    if (text.startsWith("<!--", this.#at)) this.#skipPast("-->", 4);
    else if (text.startsWith("<![CDATA[", this.#at)) this.#cdata();
    else if (text.startsWith("<?", this.#at)) this.#skipPast("?>", 2);
    else if (text.startsWith("<!", this.#at)) this.#fail("a DTD is not read");
    else if (text.startsWith("</", this.#at)) return this.#endTag();
    else return this.#startTag();
    return undefined;
  }

  #skipPast(end: string, length: number): number {
    const at = this.#text.indexOf(end, this.#at + length);
    if (at < 0) this.#fail(`"${end}" is missing`);
    this.#at = at + end.length;
    return at;
  }

  #cdata(): void {
    const from = this.#at + 9;
    const end = this.#skipPast("]]>", 9);
    const open = this.#open.at(-1) ?? this.#fail("text outside the root element");
    open.text.push(withLineFeeds(this.#text.slice(from, end)));
  }

  #characters(raw: string): void {
    const open = this.#open.at(-1);
    if (open !== undefined) {
      // Line ends are made one before references are resolved, which may mean a carriage return (XML 1.0 §2.11).
      if (raw !== "") open.text.push(this.#resolved(withLineFeeds(raw)));
    } else if (/[^\t\n\r ]/.test(raw)) this.#fail("text outside the root element");
  }

  #resolved(raw: string): string {
    if (!raw.includes("&")) return raw;
    return raw.replace(/&([^;&]{0,12})(;?)/g, (all, name: string, end: string) => {
      const value = end === "" ? undefined : characterOf(name);
      return value ?? this.#fail(`"${all}" is no reference`);
    });
  }

  #name(): string {
    NAME.lastIndex = this.#at;
    const name = NAME.exec(this.#text)?.[0];
    if (name === undefined) this.#fail("a name is expected");
    this.#at += name.length;
    return name;
  }

  #space(): boolean {
    SPACE.lastIndex = this.#at;
    const length = SPACE.exec(this.#text)?.[0].length ?? 0;
    this.#at += length;
    return length > 0;
  }

  #startTag(): XmlElement | undefined {
    this.#countLines(this.#at);
    const { maxDepth, maxElements } = this.#limits;
    if (this.#open.length >= maxDepth)
      throw new PlaylistError("playlist.too-large", `XML elements more than ${maxDepth} deep`);
    this.#elements += 1;
    if (this.#elements > maxElements)
      throw new PlaylistError("playlist.too-large", `more than ${maxElements} XML elements`);
    this.#at += 1;
    const written = this.#name();
    const attributes = this.#attributes();
    const scope = scopeWith(this.#open.at(-1)?.scope ?? EMPTY_SCOPE, attributes);
    const children: XmlNode[] = [];
    const element = this.#element(written, { scope, attributes, children });
    if (this.#text.startsWith("/>", this.#at)) {
      this.#at += 2;
      return element;
    }
    if (this.#text[this.#at] !== ">") this.#fail(`">" is expected`);
    this.#at += 1;
    this.#open.push({ written, scope, children, text: [] });
    this.#pending.push(element);
    return undefined;
  }

  /** The elements of `#open`, whose children are still being gathered. */
  readonly #pending: XmlElement[] = [];

  #element(
    written: string,
    parts: { scope: Scope; attributes: ReadonlyMap<string, string>; children: XmlNode[] },
  ): XmlElement {
    const colon = written.indexOf(":");
    const prefix = colon < 0 ? "" : written.slice(0, colon);
    const namespace = parts.scope.get(prefix);
    if (namespace === undefined && prefix !== "") this.#fail(`the prefix "${prefix}" is not declared`);
    const { attributes, children } = parts;
    return {
      name: written.slice(colon + 1),
      namespace: namespace ?? "",
      attributes,
      children,
      line: this.#line,
    };
  }

  #attributes(): Map<string, string> {
    const found = new Map<string, string>();
    while (this.#space()) {
      const next = this.#text[this.#at];
      if (next === ">" || next === "/" || next === undefined) break;
      const name = this.#name();
      this.#space();
      if (this.#text[this.#at] !== "=") this.#fail(`the attribute ${name} has no value`);
      this.#at += 1;
      this.#space();
      const quote = this.#text[this.#at];
      if (quote !== '"' && quote !== "'") this.#fail(`the value of ${name} has no quotes`);
      const end = this.#text.indexOf(quote, this.#at + 1);
      if (end < 0) this.#fail(`the value of ${name} does not end`);
      const raw = this.#text.slice(this.#at + 1, end);
      if (raw.includes("<")) this.#fail(`"<" within the value of ${name}`);
      if (found.has(name)) this.#fail(`the attribute ${name} is given twice`);
      if (found.size >= this.#limits.maxAttributes)
        throw new PlaylistError("playlist.too-large", `more than ${found.size} attributes of one element`);
      // White space is normalized before references are resolved (XML 1.0 §3.3.3).
      found.set(name, this.#resolved(raw.replace(/\r\n|[\t\n\r]/g, " ")));
      this.#at = end + 1;
    }
    return found;
  }

  #endTag(): XmlElement {
    this.#at += 2;
    const written = this.#name();
    this.#space();
    if (this.#text[this.#at] !== ">") this.#fail(`</${written} is not closed`);
    const open = this.#open.pop();
    const element = this.#pending.pop();
    if (open === undefined || element === undefined || open.written !== written)
      this.#fail(`</${written}> ends what is not open`);
    this.#at += 1;
    flush(open);
    return element;
  }
}

function withLineFeeds(text: string): string {
  return text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text;
}

/** Makes the gathered pieces of text one child. */
function flush(open: Open): void {
  if (open.text.length === 0) return;
  const text = open.text.join("");
  if (text !== "") open.children.push(text);
  open.text = [];
}

function scopeWith(outer: Scope, attributes: ReadonlyMap<string, string>): Scope {
  let scope: Map<string, string> | undefined;
  for (const [name, value] of attributes) {
    if (name !== "xmlns" && !name.startsWith("xmlns:")) continue;
    scope ??= new Map(outer);
    scope.set(name === "xmlns" ? "" : name.slice(6), value);
    if (scope.size > MAX_NAMESPACES)
      throw new PlaylistError("playlist.too-large", `more than ${MAX_NAMESPACES} namespaces at once`);
  }
  return scope ?? outer;
}

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

function characterOf(name: string): string | undefined {
  const numeric = /^#(?:x([0-9A-Fa-f]{1,6})|(\d{1,7}))$/.exec(name);
  if (numeric === null) return Object.hasOwn(ENTITIES, name) ? ENTITIES[name] : undefined;
  const code =
    numeric[1] === undefined ? Number.parseInt(numeric[2] as string, 10) : Number.parseInt(numeric[1], 16);
  // The characters that XML allows (XML 1.0 §2.2).
  const allowed =
    code === 9 || code === 10 || code === 13 || (code >= 0x20 && code <= 0xd7ff) || code >= 0xe000;
  return allowed && code <= 0x10ffff && code !== 0xfffe && code !== 0xffff
    ? String.fromCodePoint(code)
    : undefined;
}

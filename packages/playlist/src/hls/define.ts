import { PlaylistError } from "../errors.ts";
import { AttributeReader, AttributeWriter, parseAttributes } from "./attributes.ts";
import type { Complain, PlaylistLine } from "./lines.ts";

/** EXT-X-DEFINE (rfc8216bis §4.4.2.3): a variable, given here, by the Multivariant Playlist, or by the URI's query. */
export type Define =
  | { readonly name: string; readonly value: string }
  | { readonly import: string }
  | { readonly queryParam: string };

const NAME = /^[A-Za-z0-9_-]+$/;

/** The variable's name, whichever of the three ways defines it. */
export function definedName(define: Define): string {
  if ("name" in define) return define.name;
  return "import" in define ? define.import : define.queryParam;
}

/** The tag as a line. */
export function defineLine(define: Define): string {
  if (!NAME.test(definedName(define)))
    throw new PlaylistError("playlist.bad-value", `"${definedName(define)}" is no variable name`);
  const list = new AttributeWriter();
  if ("name" in define) list.quoted("NAME", define.name).quoted("VALUE", define.value);
  else if ("import" in define) list.quoted("IMPORT", define.import);
  else list.quoted("QUERYPARAM", define.queryParam);
  return `#EXT-X-DEFINE:${list}`;
}

/** Reads the tag; undefined, and a problem, where it breaks the standard. */
export function readDefine(line: PlaylistLine, complain: Complain): Define | undefined {
  const from = new AttributeReader(parseAttributes(line.value, (message) => complain(line.line, message)));
  const name = from.text("NAME");
  const value = from.text("VALUE");
  const imported = from.text("IMPORT");
  const queryParam = from.text("QUERYPARAM");
  const given = [name, imported, queryParam].filter((one) => one !== undefined);
  if (given.length !== 1 || !NAME.test(given[0] as string))
    complain(line.line, "EXT-X-DEFINE needs one of NAME, IMPORT and QUERYPARAM, and it must be a name");
  else if (imported !== undefined) return { import: imported };
  else if (queryParam !== undefined) return { queryParam };
  else if (value === undefined) complain(line.line, "EXT-X-DEFINE with NAME but without VALUE");
  else return { name: name as string, value };
  return undefined;
}

/** Where the values of variables come from that the playlist does not give itself. */
export interface VariableSources {
  /** The URI that the playlist was got from (of the last redirect), for QUERYPARAM. */
  readonly uri?: string;
  /** Variables of the Multivariant Playlist, for IMPORT. */
  readonly imported?: ReadonlyMap<string, string>;
}

/** Where references are looked for: URI lines, quoted strings and hexadecimal sequences (rfc8216bis §4.3). */
const REPLACEABLE = /"[^"]*"|=0[xX][^,"]*/g;
const REFERENCE = /\{\$([A-Za-z0-9_-]+)\}/g;

/**
 * The text with its variable references replaced (rfc8216bis §6.3.1), and the variables for the playlists it names. To be
 * called before a foreign playlist is parsed; the EXT-X-DEFINE lines are taken out, so that values that look like
 * references stay what they are. Throws `playlist.bad-variable` for a reference to what is not defined before it, a
 * definition without a value and a second definition.
 */
export function expandVariables(
  text: string,
  sources: VariableSources = {},
): { readonly text: string; readonly variables: ReadonlyMap<string, string> } {
  const variables = new Map<string, string>();
  if (!text.includes("#EXT-X-DEFINE:") && !text.includes("{$")) return { text, variables };
  const expand = (part: string): string =>
    part.replace(REFERENCE, (_, name: string) => {
      const value = variables.get(name);
      if (value === undefined)
        throw new PlaylistError("playlist.bad-variable", `{$${name}} is not defined before it is used`);
      return value;
    });
  const lines: string[] = [];
  for (const line of text.split(/\r\n|\n|\r/)) {
    const trimmed = line.trim();
    if (trimmed.startsWith("#EXT-X-DEFINE:")) define(trimmed, variables, sources);
    else if (!trimmed.startsWith("#")) lines.push(expand(line));
    else lines.push(trimmed.startsWith("#EXT") ? line.replace(REPLACEABLE, expand) : line);
  }
  return { text: lines.join("\n"), variables };
}

function define(line: string, variables: Map<string, string>, sources: VariableSources): void {
  const read = readDefine(
    { line: 0, tag: "EXT-X-DEFINE", value: line.slice(line.indexOf(":") + 1), text: line },
    (_, message) => {
      throw new PlaylistError("playlist.bad-variable", message);
    },
  );
  if (read === undefined) return;
  const name = definedName(read);
  if (variables.has(name)) throw new PlaylistError("playlist.bad-variable", `${name} is defined twice`);
  const value = valueGiven(read, sources);
  if (value === undefined || /["\r\n]/.test(value))
    throw new PlaylistError("playlist.bad-variable", `${name} has no value that can be used`);
  variables.set(name, value);
}

function valueGiven(define: Define, { uri, imported }: VariableSources): string | undefined {
  if ("name" in define) return define.value;
  if ("import" in define) return imported?.get(define.import);
  const query = /\?([^#]*)/.exec(uri ?? "")?.[1] ?? "";
  for (const pair of query.split("&")) {
    const at = pair.indexOf("=");
    if (at > 0 && percentDecoded(pair.slice(0, at)) === define.queryParam)
      return percentDecoded(pair.slice(at + 1));
  }
  return undefined;
}

function percentDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

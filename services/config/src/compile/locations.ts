import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { didYouMean } from "../hint.ts";
import { KNOWN_STORES, UNSUPPORTED_FILES } from "../unsupported/words.ts";
import { schemeOf } from "../values/url.ts";
import type { Compilation } from "./compilation.ts";
import { directivesIn } from "./directive.ts";
import { checkName, readName } from "./names.ts";
import type { Argument, Directive } from "./terms.ts";

/** `file vod { path /storage; }`: files under a name. */
export interface FileLocation {
  readonly name: string;
  readonly paths: readonly string[];
}

const PATH_WORDS = ["path", "paths"];

/** Reads one `file` block. */
export function compileLocation(
  compilation: Compilation,
  directive: Directive,
): { location: FileLocation; name: Argument } | undefined {
  const name = readName(compilation, directive);
  if (name === undefined || !checkName(compilation, "file location", name)) return undefined;
  const known = new Set([...PATH_WORDS, ...compilation.index.wordsOf("file")]);
  const where = { tree: directive.tree, items: directive.block?.items ?? [] };
  const paths: string[] = [];
  for (const inner of directivesIn(compilation, where, known)) {
    if (PATH_WORDS.includes(inner.keyword)) readPaths(compilation, inner, paths);
    else if (compilation.index.find({ scope: "file", name: inner.keyword }).kind === "unsupported") {
      compilation.unsupported(inner.tree, inner.head, { name: inner.keyword, length: inner.keyword.length });
    } else {
      compilation.atKeyword(inner, {
        code: "unknown-option",
        message: `unknown option "${inner.keyword}" in file "${name.text}"${didYouMean(inner.keyword, known)}`,
      });
    }
  }
  return { location: { name: name.text, paths }, name };
}

function readPaths(compilation: Compilation, directive: Directive, paths: string[]): void {
  if (directive.args.length === 0) {
    const message = `expected a directory after "${directive.keyword}"`;
    compilation.atKeyword(directive, { code: "bad-value", message });
  }
  for (const argument of directive.args) {
    const scheme = schemeOf(argument.text);
    if (scheme === undefined) paths.push(resolve(dirname(argument.tree.file), argument.text));
    else if (KNOWN_STORES.includes(scheme)) {
      const name = `${scheme}:// as a path`;
      compilation.unsupported(argument.tree, argument.word, { name, length: scheme.length });
    } else {
      const message = `"${argument.text}" is not a directory`;
      compilation.atArgument(argument, { code: "bad-value", message });
    }
  }
}

/**
 * The `file://` URL of `LOCATION/PATH`, of an absolute path, or of `file://LOCATION/PATH`. Undefined, with one
 * warning, when the location is not in the file or the container is not read yet.
 */
export function resolveFile(
  compilation: Compilation,
  locations: readonly FileLocation[],
  argument: Argument,
): string | undefined {
  const bare = argument.text.replace(/^file:\/\//i, "");
  const mark = bare.indexOf("?");
  const path = mark === -1 ? bare : bare.slice(0, mark);
  const query = mark === -1 ? "" : bare.slice(mark);
  const container = UNSUPPORTED_FILES.find((end) => path.toLowerCase().endsWith(end));
  if (container !== undefined) {
    const at = argument.word.text.indexOf(path);
    const range = at === -1 ? {} : { shift: at, length: path.length };
    compilation.unsupported(argument.tree, argument.word, { name: `${container} files`, ...range });
    return undefined;
  }
  if (path.startsWith("/")) return argument.text.startsWith("/") ? fileUrl(path, query) : argument.text;
  const slash = path.indexOf("/");
  const location = locations
    .filter(({ name }) => path.startsWith(`${name}/`))
    .toSorted((a, b) => b.name.length - a.name.length)[0];
  const rest = location === undefined ? "" : path.slice(location.name.length + 1);
  const choices = location?.paths.map((directory) => join(directory, rest)) ?? [];
  const outside = rest.split("/").includes("..");
  if (location === undefined || choices[0] === undefined || outside) {
    const name = slash === -1 ? path : path.slice(0, slash);
    const message = outside
      ? `"${argument.text}" leaves its file location: it is ignored`
      : `there is no "file ${name} { path …; }" with a directory: "${argument.text}" is ignored`;
    compilation.atArgument(argument, { severity: "warning", code: "ignored", message });
    return undefined;
  }
  const exists = compilation.environment.exists ?? (() => true);
  return fileUrl(choices.find(exists) ?? choices[0], query);
}

function fileUrl(path: string, query: string): string {
  return pathToFileURL(path).href + query;
}

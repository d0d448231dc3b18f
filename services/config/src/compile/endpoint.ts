import type { Options } from "@millrace/model";
import { didYouMean } from "../hint.ts";
import { KNOWN_SCHEMES } from "../unsupported/words.ts";
import { queryOptions, schemeOf } from "../values/url.ts";
import type { Compilation } from "./compilation.ts";
import { OptionRecord } from "./option-record.ts";
import type { Argument } from "./terms.ts";

/** The far end of an input or a push: a URL with its options. */
export interface Endpoint {
  readonly url: string;
  readonly scheme: string;
  readonly record: OptionRecord;
}

export interface EndpointText {
  readonly scope: "input" | "push";
  /** Where the URL stands. */
  readonly url: Argument;
  /** `key=value` and bare words behind it. */
  readonly rest: readonly Argument[];
}

/** Reads a URL and its options. Undefined, with one problem, when nothing can be done with it. */
export function readEndpoint(compilation: Compilation, text: EndpointText): Endpoint | undefined {
  const { url } = text;
  const scheme = readScheme(compilation, text);
  if (scheme === undefined) return undefined;
  const record = new OptionRecord();
  const exact = standsAsWritten(url);
  for (const option of queryOptions(url.text, scheme)) {
    const { name } = option;
    const at = url.shift + option.shift;
    const range = exact ? { shift: at, length: option.length } : {};
    const valueAt = exact ? at + option.length - (option.value ?? "").length : Math.max(0, url.shift);
    const value = { ...url, text: option.value ?? "", shift: valueAt };
    readOption(compilation, record, {
      ...text,
      scheme,
      name,
      bare: option.value === undefined,
      value,
      range,
    });
  }
  for (const argument of text.rest) {
    const pair = /^([A-Za-z_][\w.-]*)=(.*)$/s.exec(argument.text);
    const name = pair?.[1] ?? argument.text;
    const shift = pair === null ? 0 : name.length + 1;
    const value = { ...argument, text: pair?.[2] ?? "", shift };
    readOption(compilation, record, {
      ...text,
      scheme,
      name,
      bare: pair === null,
      value,
      range: { length: name.length },
    });
  }
  return { url: url.text, scheme, record };
}

/** Whether places in the URL are places in the file: not so behind quotes, or when the URL was made up. */
function standsAsWritten(url: Argument): boolean {
  const { text } = url.word;
  if (url.word.value !== text) return false;
  return url.shift >= 0 ? text.slice(url.shift) === url.text : url.text.slice(-url.shift) === text;
}

interface OptionText {
  readonly scope: "input" | "push";
  readonly scheme: string;
  readonly name: string;
  /** No `=`: a flag. */
  readonly bare: boolean;
  readonly value: Argument;
  /** Where the option's name stands in its word. */
  readonly range: { readonly shift?: number; readonly length?: number };
}

function readOption(compilation: Compilation, record: OptionRecord, option: OptionText): void {
  const { name, scope, scheme, value, range } = option;
  const found = compilation.index.find({ scope, name, scheme });
  if (found.kind === "known") {
    if (!option.bare || found.spec.type === "flag") {
      const argument = option.bare ? { ...value, text: "on" } : value;
      record.read(compilation, found.spec, { name, argument });
      return;
    }
    const message = `"${name}" needs a value: write ${name}=…`;
    compilation.atArgument({ ...value, shift: 0 }, { code: "bad-value", message, ...range });
    return;
  }
  if (found.kind === "unsupported") {
    compilation.unsupported(value.tree, value.word, { name, ...range });
    return;
  }
  const what = scope === "input" ? `${scheme}:// input` : `push to ${scheme}://`;
  const hint = didYouMean(name, compilation.index.wordsOf(scope));
  const message =
    found.kind === "unknown" || !found.spec.scope.includes(scope)
      ? `unknown option "${name}" of the ${what}${hint}`
      : `"${name}" does not apply to ${scheme}://: it is an option of ${(found.spec.schemes ?? []).map((s) => `${s}://`).join(", ")}`;
  compilation.atArgument({ ...value, shift: 0 }, { code: "unknown-option", message, ...range });
}

function readScheme(compilation: Compilation, text: EndpointText): string | undefined {
  const { url, scope } = text;
  const scheme = schemeOf(url.text);
  if (scheme === undefined) {
    const message =
      url.text === "..."
        ? '"..." stands for a URL: the line is ignored'
        : `"${url.text}" is not a URL such as udp://239.0.0.1:1234: it is ignored`;
    compilation.atArgument(url, { severity: "warning", code: "ignored", message });
    return undefined;
  }
  const { index } = compilation;
  const known = scope === "input" ? index.inputSchemes : index.pushSchemes;
  if (known.has(scheme)) return scheme;
  if (KNOWN_SCHEMES[scope].includes(scheme)) {
    const name = `${scheme}:// ${scope === "input" ? "as an input" : "as a push"}`;
    compilation.unsupported(url.tree, url.word, {
      name,
      length: scheme.length,
      shift: Math.max(0, url.shift),
    });
    return undefined;
  }
  compilation.atArgument(
    { ...url, shift: Math.max(0, url.shift) },
    {
      code: "bad-value",
      message: unknownScheme({ scheme, scope, known: [...known, ...KNOWN_SCHEMES[scope]] }),
      length: scheme.length,
    },
  );
  return undefined;
}

function unknownScheme(what: { scheme: string; scope: "input" | "push"; known: readonly string[] }): string {
  const { scheme, scope } = what;
  if (scope === "input" && (scheme === "http" || scheme === "https")) {
    const secure = scheme === "https" ? "s" : "";
    return `"${scheme}://" does not say what comes: write ts${scheme}:// for MPEG-TS or hls${secure}:// for HLS`;
  }
  const role = scope === "input" ? "an input" : "a push";
  return `unknown scheme "${scheme}://" of ${role}${didYouMean(scheme, what.known)}`;
}

/** The options of an endpoint, once the fields of their own are taken out. */
export function optionsOf(endpoint: Endpoint): Options {
  return endpoint.record.values;
}

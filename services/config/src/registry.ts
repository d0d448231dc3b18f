import type { OptionScope, OptionSpec } from "@millrace/model";
import { CORE_OPTIONS } from "./options/core.ts";
import { KNOWN_SCHEMES, UNSUPPORTED_WORDS, type UnsupportedWords } from "./unsupported/words.ts";

/** Everything that the running program understands; the core options are always part of it. */
export interface Registry {
  readonly options: readonly OptionSpec[];
  /** Schemes with a protocol to pull from. All schemes of the manuals when absent. */
  readonly inputSchemes?: readonly string[];
  /** Schemes with a protocol to push to. */
  readonly pushSchemes?: readonly string[];
}

/** What a protocol says of itself, as far as the configuration is concerned. */
export interface Declaration {
  readonly schemes?: readonly string[];
  readonly pushSchemes?: readonly string[];
  readonly options: readonly OptionSpec[];
}

/** Puts the declarations of all protocols and services together; their own schemes stand in where none are given. */
export function registryOf(declarations: readonly Declaration[]): Registry {
  const options: OptionSpec[] = [];
  const inputSchemes = new Set<string>();
  const pushSchemes = new Set<string>();
  for (const declared of declarations) {
    for (const scheme of declared.schemes ?? []) inputSchemes.add(scheme);
    for (const scheme of declared.pushSchemes ?? []) pushSchemes.add(scheme);
    for (const option of declared.options) options.push(withPlaces(option, declared));
  }
  return { options, inputSchemes: [...inputSchemes], pushSchemes: [...pushSchemes] };
}

/** Fills in what an option applies to where it does not say: everything that is declared with it. */
function withPlaces(option: OptionSpec, declared: Declaration): OptionSpec {
  const placed = withSchemes(option, declared);
  if (option.under !== undefined || !option.scope.includes("endpoint")) return placed;
  const lines = declared.options.filter((each) => each.type === "endpoint").map((each) => each.name);
  return { ...placed, under: lines };
}

function withSchemes(option: OptionSpec, declared: Declaration): OptionSpec {
  if (option.schemes !== undefined) return option;
  const schemes = new Set<string>();
  if (option.scope.includes("input")) for (const scheme of declared.schemes ?? []) schemes.add(scheme);
  if (option.scope.includes("push")) for (const scheme of declared.pushSchemes ?? []) schemes.add(scheme);
  return schemes.size === 0 ? option : { ...option, schemes: [...schemes] };
}

export type FoundOption =
  | { readonly kind: "known"; readonly spec: OptionSpec }
  | { readonly kind: "unsupported" }
  /** It is an option of other schemes, or stands in other places. */
  | { readonly kind: "elsewhere"; readonly spec: OptionSpec }
  | { readonly kind: "unknown" };

export interface OptionQuery {
  readonly scope: UnsupportedWords["scope"];
  readonly name: string;
  /** For inputs and pushes. */
  readonly scheme?: string;
  /** For options of a port: the name of its line. */
  readonly under?: string;
}

/** The registry made ready for looking words up. */
export class OptionIndex {
  readonly inputSchemes: ReadonlySet<string>;
  readonly pushSchemes: ReadonlySet<string>;
  private readonly byName = new Map<string, OptionSpec[]>();
  private readonly byPrefix: OptionSpec[] = [];
  private readonly words = new Map<UnsupportedWords["scope"], Set<string>>();

  constructor(registry: Registry) {
    this.inputSchemes = new Set(registry.inputSchemes ?? KNOWN_SCHEMES.input);
    this.pushSchemes = new Set(registry.pushSchemes ?? KNOWN_SCHEMES.push);
    for (const spec of [...CORE_OPTIONS, ...registry.options]) {
      if (spec.name.endsWith("*")) this.byPrefix.push(spec);
      for (const name of [spec.name, ...(spec.aliases ?? [])]) {
        const list = this.byName.get(name);
        if (list === undefined) this.byName.set(name, [spec]);
        else list.push(spec);
      }
    }
    for (const { scope, words } of UNSUPPORTED_WORDS) {
      const set = this.words.get(scope) ?? new Set<string>();
      for (const word of words) set.add(word);
      this.words.set(scope, set);
    }
  }

  find(query: OptionQuery): FoundOption {
    const named =
      this.byName.get(query.name) ?? this.byPrefix.filter((spec) => matchesPrefix(spec, query.name));
    const here = named.filter((spec) => spec.scope.includes(query.scope as OptionScope));
    const spec = here.find((candidate) => appliesTo(candidate, query));
    if (spec !== undefined) return { kind: "known", spec };
    if (this.isUnsupported(query.scope, query.name)) return { kind: "unsupported" };
    const other = here[0] ?? named[0];
    return other === undefined ? { kind: "unknown" } : { kind: "elsewhere", spec: other };
  }

  /** Every word that may stand in a place, for hints; `under` is the line that a port's options belong to. */
  wordsOf(scope: UnsupportedWords["scope"], under?: string): ReadonlySet<string> {
    const words = new Set<string>(this.words.get(scope));
    if (scope !== "input" && scope !== "push") words.add("include");
    for (const [name, specs] of this.byName) {
      const here = specs.some(
        (spec) =>
          spec.scope.includes(scope as OptionScope) &&
          (under === undefined || spec.under === undefined || spec.under.includes(under)),
      );
      if (here) words.add(name);
    }
    return words;
  }

  private isUnsupported(scope: UnsupportedWords["scope"], name: string): boolean {
    const words = this.words.get(scope);
    if (words === undefined) return false;
    if (words.has(name)) return true;
    const dot = name.indexOf(".");
    return dot !== -1 && words.has(`${name.slice(0, dot)}.*`);
  }
}

function matchesPrefix(spec: OptionSpec, name: string): boolean {
  const prefix = spec.name.slice(0, -1);
  return name.startsWith(prefix) && name.length > prefix.length;
}

function appliesTo(spec: OptionSpec, query: OptionQuery): boolean {
  if (query.scope === "endpoint") return spec.under?.includes(query.under ?? "") ?? true;
  return spec.schemes === undefined || query.scheme === undefined || spec.schemes.includes(query.scheme);
}

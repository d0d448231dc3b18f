import type { ListenConfig, ServerConfig, StreamConfig, StreamKind } from "@millrace/model";
import { didYouMean } from "../hint.ts";
import { type Problem, sortProblems } from "../problem.ts";
import { OptionIndex, type Registry } from "../registry.ts";
import { type ConfigSource, statementsIn } from "../source.ts";
import { parseAddress } from "../values/address.ts";
import { Compilation, type Environment, TakenNames } from "./compilation.ts";
import { directiveOf, directivesIn } from "./directive.ts";
import { compileLocation, type FileLocation } from "./locations.ts";
import { checkName, readName } from "./names.ts";
import { OptionRecord } from "./option-record.ts";
import { readOptionLine } from "./port-line.ts";
import { compileStream, TOP_BLOCKS } from "./stream.ts";
import type { Directive } from "./terms.ts";

export interface Compiled {
  /** With errors among the problems it holds what could be understood, and must not be put in force. */
  readonly config: ServerConfig;
  /** Syntax errors of the source included, in the order of the file. */
  readonly problems: readonly Problem[];
}

/** Turns the syntax tree of a configuration into its model. Never throws on what the file says. */
export function compile(source: ConfigSource, registry: Registry, environment: Environment): Compiled {
  const compilation = new Compilation(source, new OptionIndex(registry), environment);
  const known = new Set([...BLOCK_WORDS, ...compilation.index.wordsOf("server")]);
  const where = { tree: source.main, items: source.main.items };
  const directives: Directive[] = [];
  for (const directive of directivesIn(compilation, where, known)) {
    for (const each of withNested(source, directive)) directives.push(each);
  }
  const locations = compileLocations(compilation, directives);
  const groups = compileStreams(compilation, directives, locations);
  const record = new OptionRecord();
  for (const directive of directives) {
    if (!BLOCK_WORDS.has(directive.keyword)) readServerOption(compilation, directive, { record, known });
  }
  const http = readListeners(record.take<readonly string[]>("http") ?? []);
  const workers = record.take<number>("workers") ?? environment.cpus;
  const config = {
    http,
    workers,
    ...groups,
    fileLocations: locations,
    options: record.values,
    ...record.ports,
  };
  return { config, problems: sortProblems(compilation.problems) };
}

const BLOCK_WORDS: ReadonlySet<string> = new Set([...TOP_BLOCKS, "include"]);

/** A block, and behind it the blocks that a missing `}` has put inside it. */
function* withNested(source: ConfigSource, directive: Directive): Generator<Directive> {
  yield directive;
  if (directive.block === undefined || !TOP_BLOCKS.has(directive.keyword)) return;
  for (const { tree, statement } of statementsIn(source, directive.tree, directive.block.items)) {
    const inner = directiveOf(tree, statement);
    if (inner.block !== undefined && TOP_BLOCKS.has(inner.keyword)) yield* withNested(source, inner);
  }
}

function readListeners(addresses: readonly string[]): readonly ListenConfig[] {
  const seen = new Set(addresses);
  return [...seen].map(parseAddress).filter((address) => address !== undefined);
}

function compileLocations(compilation: Compilation, directives: readonly Directive[]): FileLocation[] {
  const taken = new TakenNames();
  const locations: FileLocation[] = [];
  for (const directive of directives) {
    if (directive.keyword !== "file") continue;
    const found = compileLocation(compilation, directive);
    if (found === undefined || !taken.take(compilation, found.location.name, found.name)) continue;
    locations.push(found.location);
  }
  return locations;
}

interface StreamGroups {
  readonly streams: readonly StreamConfig[];
  readonly livePrefixes: readonly StreamConfig[];
  readonly rewrites: readonly StreamConfig[];
}

function compileStreams(
  compilation: Compilation,
  directives: readonly Directive[],
  locations: readonly FileLocation[],
): StreamGroups {
  const streams = { list: [] as StreamConfig[], taken: new TakenNames() };
  const lives = { list: [] as StreamConfig[], taken: new TakenNames() };
  const rewrites = { list: [] as StreamConfig[], taken: new TakenNames() };
  const groups = { stream: streams, ondemand: streams, live: lives, rewrite: rewrites };
  for (const directive of directives) {
    const { keyword } = directive;
    if (keyword !== "stream" && keyword !== "ondemand" && keyword !== "live" && keyword !== "rewrite")
      continue;
    const name = readStreamName(compilation, directive);
    if (name === undefined) continue;
    const kind: StreamKind = keyword === "stream" ? "static" : "ondemand";
    const live = keyword === "live";
    const stream = compileStream(compilation, { name: name.text, kind, live, directive, locations });
    const group = groups[keyword];
    if (group.taken.take(compilation, name.text, name)) group.list.push(stream);
  }
  return { streams: streams.list, livePrefixes: lives.list, rewrites: rewrites.list };
}

/** Prefixes (`live chats`, `rewrite nsk/*`) lose their `*`; `nsk/*` stays `nsk/`. */
function readStreamName(compilation: Compilation, directive: Directive) {
  const name = readName(compilation, directive);
  if (name === undefined) return undefined;
  const { keyword } = directive;
  const what = keyword === "live" ? "publish prefix" : keyword === "rewrite" ? "pattern" : "stream";
  if (keyword !== "rewrite") return checkName(compilation, what, name) ? name : undefined;
  const prefix = name.text.endsWith("*") ? name.text.slice(0, -1) : undefined;
  if (prefix === "") return { ...name, text: "" };
  if (prefix === undefined || prefix.includes("*")) {
    const message = `bad pattern "${name.text}" of a rewrite: expected one "*", at the end, as in nsk/*`;
    compilation.atArgument(name, { code: "bad-name", message });
    return undefined;
  }
  const bare = { ...name, text: prefix.replace(/\/$/, "") };
  return checkName(compilation, what, bare) ? { ...name, text: prefix } : undefined;
}

function readServerOption(
  compilation: Compilation,
  directive: Directive,
  into: { record: OptionRecord; known: ReadonlySet<string> },
): void {
  const { keyword } = directive;
  const found = compilation.index.find({ scope: "server", name: keyword });
  if (found.kind === "known") {
    readOptionLine(compilation, into.record, { spec: found.spec, directive });
    return;
  }
  if (found.kind === "unsupported") {
    compilation.unsupported(directive.tree, directive.head, { name: keyword, length: keyword.length });
    return;
  }
  if (found.kind === "elsewhere" && found.spec.scope.includes("stream")) {
    const message = `"${keyword}" belongs in a block such as stream NAME { … }, not at the top of the file`;
    compilation.atKeyword(directive, { code: "misplaced-option", message });
    return;
  }
  if (found.kind === "elsewhere" && found.spec.scope.includes("endpoint")) {
    const message = `"${keyword}" belongs behind a port: write ${found.spec.under?.[0] ?? "PROTOCOL"} PORT ${keyword}=…`;
    compilation.atKeyword(directive, { code: "misplaced-option", message });
    return;
  }
  const kind = directive.block === undefined ? "option" : "block";
  const message = `unknown ${kind} "${keyword}"${didYouMean(keyword, into.known)}`;
  compilation.atKeyword(directive, { code: "unknown-option", message });
}

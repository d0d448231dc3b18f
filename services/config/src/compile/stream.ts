import type { InputConfig, PushConfig, StreamConfig, StreamKind } from "@millrace/model";
import { didYouMean } from "../hint.ts";
import { headOf } from "../syntax/parse.ts";
import { schemeOf } from "../values/url.ts";
import type { Compilation } from "./compilation.ts";
import { directivesIn } from "./directive.ts";
import { type Endpoint, optionsOf, readEndpoint } from "./endpoint.ts";
import { type FileLocation, resolveFile } from "./locations.ts";
import { OptionRecord } from "./option-record.ts";
import { readOptionLine } from "./port-line.ts";
import type { Argument, Directive } from "./terms.ts";

const DEFAULT_TIMEOUT_MS = 60_000;
const DEFAULT_RETRIES = 10;

export interface StreamText {
  readonly name: string;
  readonly kind: StreamKind;
  /** A `live` block: made for publishers. */
  readonly live: boolean;
  readonly directive: Directive;
  readonly locations: readonly FileLocation[];
}

interface StreamParts {
  readonly inputs: Endpoint[];
  readonly pushes: PushConfig[];
  backup: Endpoint | undefined;
  readonly record: OptionRecord;
  /** One complaint about a block inside the block is enough. */
  nested: boolean;
}

/** Reads the block of a stream, or of a pattern of streams. */
export function compileStream(compilation: Compilation, text: StreamText): StreamConfig {
  const parts: StreamParts = {
    inputs: [],
    pushes: [],
    backup: undefined,
    record: new OptionRecord(),
    nested: false,
  };
  const known = compilation.index.wordsOf("stream");
  const where = { tree: text.directive.tree, items: text.directive.block?.items ?? [] };
  for (const directive of directivesIn(compilation, where, known)) {
    readLine(compilation, { ...text, directive, owner: text.directive }, parts);
  }
  return finish(text, parts);
}

type StreamLine = StreamText & { readonly owner: Directive };

function readLine(compilation: Compilation, line: StreamLine, parts: StreamParts): void {
  const { directive } = line;
  switch (directive.keyword) {
    case "url":
    case "input":
      readInput(
        compilation,
        line,
        { urls: directive.args.slice(0, 1), rest: directive.args.slice(1) },
        parts,
      );
      break;
    case "urls":
      readInput(compilation, line, splitUrls(directive.args), parts);
      break;
    case "push":
      readPush(compilation, directive, parts);
      break;
    case "udp":
      readUdp(compilation, directive, parts);
      break;
    case "backup":
      readBackup(compilation, line, parts);
      break;
    default:
      readStreamOption(compilation, line, parts);
  }
}

/** `urls a b priority=1`: words with `=` but no scheme are options of all. */
function splitUrls(args: readonly Argument[]): { urls: readonly Argument[]; rest: readonly Argument[] } {
  const isOption = (argument: Argument) =>
    schemeOf(argument.text) === undefined && /^[a-z_][\w.-]*=/i.test(argument.text);
  return { urls: args.filter((argument) => !isOption(argument)), rest: args.filter(isOption) };
}

function readInput(
  compilation: Compilation,
  line: StreamLine,
  text: { urls: readonly Argument[]; rest: readonly Argument[] },
  parts: StreamParts,
): void {
  if (lacksUrl(compilation, line.directive, text.urls)) return;
  for (const url of text.urls) {
    const endpoint = readEndpoint(compilation, { scope: "input", url, rest: text.rest });
    if (endpoint === undefined) continue;
    const resolved =
      endpoint.scheme === "file" ? resolveFile(compilation, line.locations, url) : endpoint.url;
    if (resolved !== undefined) parts.inputs.push({ ...endpoint, url: resolved });
  }
}

function readPush(compilation: Compilation, directive: Directive, parts: StreamParts): void {
  const [url, ...rest] = directive.args;
  if (lacksUrl(compilation, directive, directive.args) || url === undefined) return;
  const endpoint = readEndpoint(compilation, { scope: "push", url, rest });
  if (endpoint !== undefined) parts.pushes.push(pushOf(endpoint));
}

/** `udp 239.0.0.1:5001?ttl=8 multicast_loop;` */
function readUdp(compilation: Compilation, directive: Directive, parts: StreamParts): void {
  const [address, ...rest] = directive.args;
  if (lacksUrl(compilation, directive, directive.args) || address === undefined) return;
  const url = schemeOf(address.text) === undefined ? `udp://${address.text}` : address.text;
  const shift = address.shift - (url.length - address.text.length);
  const endpoint = readEndpoint(compilation, { scope: "push", url: { ...address, text: url, shift }, rest });
  if (endpoint !== undefined) parts.pushes.push(pushOf(endpoint));
}

function lacksUrl(compilation: Compilation, directive: Directive, args: readonly Argument[]): boolean {
  const { keyword } = directive;
  if (directive.block !== undefined) {
    compilation.atKeyword(directive, { code: "syntax", message: `"${keyword}" takes no "{…}" block` });
    return true;
  }
  if (args.length > 0) return false;
  const what = keyword === "udp" ? "ADDRESS:PORT" : keyword === "backup" ? "a file" : "a URL";
  compilation.atKeyword(directive, { code: "bad-value", message: `expected ${what} after "${keyword}"` });
  return true;
}

function readBackup(compilation: Compilation, line: StreamLine, parts: StreamParts): void {
  const { directive } = line;
  const [file, ...rest] = directive.args;
  if (lacksUrl(compilation, directive, directive.args) || file === undefined) return;
  const scheme = schemeOf(file.text);
  const fileLike = scheme === undefined || scheme === "file";
  const url = fileLike ? resolveFile(compilation, line.locations, file) : file.text;
  if (url === undefined) return;
  const endpoint = readEndpoint(compilation, { scope: "input", url: { ...file, text: url }, rest });
  if (endpoint === undefined) return;
  if (parts.backup === undefined) parts.backup = endpoint;
  else compilation.atKeyword(directive, { code: "duplicate", message: '"backup" is given twice' });
}

function readStreamOption(compilation: Compilation, line: StreamLine, parts: StreamParts): void {
  const { directive, owner } = line;
  const { keyword } = directive;
  if (TOP_BLOCKS.has(keyword)) {
    complainOfNested(compilation, line, parts);
    return;
  }
  const found = compilation.index.find({ scope: "stream", name: keyword });
  if (found.kind === "known") {
    readOptionLine(compilation, parts.record, { spec: found.spec, directive });
    return;
  }
  if (found.kind === "unsupported") {
    compilation.unsupported(directive.tree, directive.head, { name: keyword, length: keyword.length });
    return;
  }
  const title = headOf(owner.statement);
  compilation.atKeyword(directive, {
    code: found.kind === "elsewhere" ? "misplaced-option" : "unknown-option",
    message: misplaced({ keyword, title, found }) ?? unknownOption(compilation, keyword, title),
  });
}

function unknownOption(compilation: Compilation, keyword: string, title: string): string {
  return `unknown option "${keyword}" in ${title}${didYouMean(keyword, compilation.index.wordsOf("stream"))}`;
}

/** Blocks of the top level. One inside a stream means that the stream's `}` is missing: it is read as if it were not. */
export const TOP_BLOCKS: ReadonlySet<string> = new Set(["stream", "ondemand", "live", "rewrite", "file"]);

function complainOfNested(compilation: Compilation, line: StreamLine, parts: StreamParts): void {
  const unclosed = line.owner.block?.close === undefined;
  if (!parts.nested && !unclosed) {
    const { keyword } = line.directive;
    const message = `"${keyword}" cannot stand in ${headOf(line.owner.statement)}: is a "}" missing before it?`;
    compilation.atKeyword(line.directive, { code: "misplaced-option", message });
  }
  parts.nested = true;
}

function misplaced(what: {
  keyword: string;
  title: string;
  found: ReturnType<Compilation["index"]["find"]>;
}): string | undefined {
  const { keyword, title, found } = what;
  if (found.kind !== "elsewhere") return undefined;
  if (found.spec.scope.includes("input")) {
    return `"${keyword}" belongs behind a URL: write url URL ${keyword}=…, not in ${title} itself`;
  }
  if (found.spec.scope.includes("push")) {
    return `"${keyword}" belongs behind the URL of a push, not in ${title} itself`;
  }
  if (found.spec.scope.includes("endpoint")) {
    const line = found.spec.under?.[0] ?? "PROTOCOL";
    return `"${keyword}" belongs behind a port: write ${line} PORT ${keyword}=…, not in ${title} itself`;
  }
  return `"${keyword}" belongs at the top of the file, not in ${title}`;
}

function pushOf(endpoint: Endpoint): PushConfig {
  return { url: endpoint.url, scheme: endpoint.scheme, options: optionsOf(endpoint) };
}

function inputOf(endpoint: Endpoint, defaults: { priority: number; timeoutMs: number }): InputConfig {
  const priority = endpoint.record.take<number>("priority") ?? defaults.priority;
  const sourceTimeoutMs = endpoint.record.take<number>("source_timeout") ?? defaults.timeoutMs;
  return {
    url: endpoint.url,
    scheme: endpoint.scheme,
    priority,
    sourceTimeoutMs,
    options: optionsOf(endpoint),
  };
}

function finish(text: StreamText, parts: StreamParts): StreamConfig {
  const { record } = parts;
  const timeoutMs = record.take<number>("source_timeout") ?? DEFAULT_TIMEOUT_MS;
  const password = record.take<string>("password");
  const { backup } = parts;
  return {
    name: text.name,
    kind: text.kind,
    inputs: parts.inputs.map((input, place) => inputOf(input, { priority: place + 1, timeoutMs })),
    pushes: parts.pushes,
    ...(backup && { backup: inputOf(backup, { priority: parts.inputs.length + 1, timeoutMs }) }),
    publishEnabled: (record.take<boolean>("publish_enabled") ?? false) || text.live,
    ...(password !== undefined && { password }),
    disabled: record.take<boolean>("disabled") ?? false,
    retryLimit: record.take<number>("retry_limit") ?? DEFAULT_RETRIES,
    clientsTimeoutMs: record.take<number>("clients_timeout") ?? DEFAULT_TIMEOUT_MS,
    sourceTimeoutMs: timeoutMs,
    options: record.values,
    ...record.ports,
  };
}

import type { ListenConfig, OptionSpec } from "@millrace/model";
import { didYouMean } from "../hint.ts";
import { parseAddress } from "../values/address.ts";
import type { Compilation } from "./compilation.ts";
import { directivesIn } from "./directive.ts";
import { OptionRecord } from "./option-record.ts";
import type { Argument, Directive } from "./terms.ts";

/** An option as it stands in the file, and what it is. */
export interface OptionLine {
  readonly spec: OptionSpec;
  readonly directive: Directive;
}

/** Reads an option line of any type. */
export function readOptionLine(compilation: Compilation, record: OptionRecord, line: OptionLine): void {
  if (line.spec.type === "endpoint") readPort(compilation, record, line);
  else record.readDirective(compilation, line.spec, line.directive);
}

/** What has been read of one line. */
interface PortParts {
  readonly line: OptionLine;
  readonly record: OptionRecord;
  address: ListenConfig | undefined;
  /** Where the address stands, also one that cannot be read. */
  place: Argument | undefined;
}

/** The port, where it is not the first word but in the block. */
const PORT = "port";

/**
 * `srt 9000;`, `srt 0.0.0.0:9000 latency=200;`, `srt 9000 { latency 200; }`, `srt { port 9000; latency 200; }`: a port
 * with options behind it, in a block, or both.
 */
function readPort(compilation: Compilation, record: OptionRecord, line: OptionLine): void {
  const { directive } = line;
  const parts: PortParts = { line, record: new OptionRecord(), address: undefined, place: undefined };
  for (const argument of directive.args) readWord(compilation, parts, argument);
  readBlock(compilation, parts);
  const { address, place } = parts;
  if (place === undefined) {
    const { keyword } = directive;
    const message = `"${keyword}" needs a port: write ${keyword} PORT; or ${keyword} { ${PORT} PORT; … }`;
    compilation.atKeyword(directive, { code: "bad-value", message });
    return;
  }
  if (address === undefined) return;
  const value = { ...address, options: parts.record.values };
  record.putPort(compilation, line.spec, { name: directive.keyword, argument: place, value });
}

/** `9000`, `latency=200`, or a flag. */
function readWord(compilation: Compilation, parts: PortParts, argument: Argument): void {
  const pair = /^([A-Za-z_][\w.-]*)=(.*)$/s.exec(argument.text);
  if (pair?.[1] !== undefined) {
    const value = { ...argument, text: pair[2] ?? "", shift: argument.shift + pair[1].length + 1 };
    readOption(compilation, parts, { name: pair[1], value, at: argument });
  } else if (argument === parts.line.directive.args[0] || parseAddress(argument.text) !== undefined) {
    readAddress(compilation, parts, argument);
  } else {
    readOption(compilation, parts, { name: argument.text, value: undefined, at: argument });
  }
}

function readAddress(compilation: Compilation, parts: PortParts, argument: Argument): void {
  const { keyword } = parts.line.directive;
  if (parts.place !== undefined) {
    const message = `"${keyword}" has a port already: write another line for a second one`;
    compilation.atArgument(argument, { code: "duplicate", message });
    return;
  }
  parts.place = argument;
  parts.address = parseAddress(argument.text);
  if (parts.address !== undefined) return;
  const message = `bad value "${argument.text}" of "${keyword}": expected a port, or HOST:PORT`;
  compilation.atArgument(argument, { code: "bad-value", message });
}

interface WordOption {
  readonly name: string;
  /** Undefined for a bare word, which is a flag. */
  readonly value: Argument | undefined;
  readonly at: Argument;
}

function readOption(compilation: Compilation, parts: PortParts, option: WordOption): void {
  const { name, value, at } = option;
  if (name === PORT && value !== undefined) {
    readAddress(compilation, parts, value);
    return;
  }
  const found = find(compilation, parts.line, name);
  if (found.kind !== "known") {
    compilation.atArgument(at, { ...unknown(compilation, parts.line, name), length: name.length });
  } else if (value === undefined && found.spec.type !== "flag") {
    const message = `"${name}" needs a value: write ${name}=…`;
    compilation.atArgument(at, { code: "bad-value", message });
  } else {
    parts.record.read(compilation, found.spec, { name, argument: value ?? { ...at, text: "on" } });
  }
}

function readBlock(compilation: Compilation, parts: PortParts): void {
  const { block, tree } = parts.line.directive;
  if (block === undefined) return;
  const { name } = parts.line.spec;
  const known = new Set([PORT, ...compilation.index.wordsOf("endpoint", name)]);
  for (const directive of directivesIn(compilation, { tree, items: block.items }, known)) {
    const { keyword, args } = directive;
    const found = find(compilation, parts.line, keyword);
    if (keyword === PORT && args[0] !== undefined && args.length === 1 && directive.block === undefined) {
      readAddress(compilation, parts, args[0]);
    } else if (keyword === PORT) {
      parts.place ??= { text: keyword, tree: directive.tree, word: directive.head, shift: 0 };
      compilation.atKeyword(directive, {
        code: "bad-value",
        message: `"${PORT}" needs one value: a port, or HOST:PORT`,
      });
    } else if (found.kind === "known") {
      parts.record.readDirective(compilation, found.spec, directive);
    } else {
      compilation.atKeyword(directive, unknown(compilation, parts.line, keyword));
    }
  }
}

function find(
  compilation: Compilation,
  line: OptionLine,
  name: string,
): ReturnType<Compilation["index"]["find"]> {
  return compilation.index.find({ scope: "endpoint", name, under: line.spec.name });
}

function unknown(
  compilation: Compilation,
  line: OptionLine,
  name: string,
): { code: "unknown-option"; message: string } {
  const words = [PORT, ...compilation.index.wordsOf("endpoint", line.spec.name)].filter(
    (word) => word !== "include",
  );
  const message = `unknown option "${name}" of "${line.directive.keyword}"${didYouMean(name, words)}`;
  return { code: "unknown-option", message };
}

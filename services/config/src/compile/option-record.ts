import { dirname, resolve } from "node:path";
import type { EndpointConfig, OptionSpec, OptionValue, Ports } from "@millrace/model";
import { placeOf } from "../problem.ts";
import { formatAddress } from "../values/address.ts";
import { readValue, TYPE_LOOKS } from "../values/read-value.ts";
import type { Compilation } from "./compilation.ts";
import type { Argument, Directive } from "./terms.ts";

/** Options read so far in one block or on one line, under their own names (not their aliases). */
export class OptionRecord {
  readonly values: Record<string, OptionValue> = {};
  private readonly portLists: Record<string, EndpointConfig[]> = {};
  private readonly places = new Map<string, Argument>();
  /** Ports by transport and address, and the lines that open them. */
  private readonly openPorts = new Map<string, { readonly name: string; readonly argument: Argument }>();

  /** Reads one value. `name` is what was written; it becomes the key when the option is a wildcard. */
  read(compilation: Compilation, spec: OptionSpec, given: { name: string; argument: Argument }): void {
    const result = readValue(spec, given.argument.text);
    if (result.ok) {
      const value = spec.type === "path" ? findFile(compilation, given) : result.value;
      this.put(compilation, spec, { ...given, value });
      return;
    }
    compilation.atArgument(given.argument, {
      code: "bad-value",
      message: `bad value "${given.argument.text}" of "${given.name}": expected ${result.expected}`,
    });
  }

  /** Stores a value, once, or as one of a list. */
  put(
    compilation: Compilation,
    spec: OptionSpec,
    given: { name: string; argument: Argument; value: OptionValue },
  ): void {
    const key = spec.name.endsWith("*") ? given.name : spec.name;
    if (spec.type === "address" && spec.scope.includes("server"))
      this.takePort(compilation, spec, { ...given, address: String(given.value) });
    const earlier = this.places.get(key);
    if (earlier === undefined) this.places.set(key, given.argument);
    if (spec.repeat || spec.type === "words" || spec.type === "integers") {
      const before = this.values[key];
      const list = Array.isArray(before) ? (before as readonly string[]) : [];
      this.values[key] = list.concat(Array.isArray(given.value) ? given.value : String(given.value));
      return;
    }
    if (earlier === undefined) this.values[key] = given.value;
    else complainOfSecond(compilation, earlier, given);
  }

  /** Stores a port: one, or with `repeat` several of different addresses. */
  putPort(
    compilation: Compilation,
    spec: OptionSpec,
    given: { name: string; argument: Argument; value: EndpointConfig },
  ): void {
    const address = formatAddress(given.value);
    const key = spec.repeat === true ? `${spec.name} ${address}` : spec.name;
    const earlier = this.places.get(key);
    if (earlier !== undefined) {
      const name = spec.repeat === true ? `${given.name} ${address}` : given.name;
      complainOfSecond(compilation, earlier, { name, argument: given.argument });
      return;
    }
    this.places.set(key, given.argument);
    this.takePort(compilation, spec, { ...given, address });
    (this.portLists[spec.name] ??= []).push(given.value);
  }

  /** Two kinds of lines with one port would get each other's connections, as ports are shared. */
  private takePort(
    compilation: Compilation,
    spec: OptionSpec,
    given: { name: string; argument: Argument; address: string },
  ): void {
    const key = `${spec.transport ?? "tcp"} ${given.address}`;
    const earlier = this.openPorts.get(key);
    if (earlier === undefined) {
      this.openPorts.set(key, given);
      return;
    }
    if (earlier.name === given.name) return;
    const first = placeOf(earlier.argument.tree, earlier.argument.word);
    compilation.atArgument(given.argument, {
      code: "duplicate",
      message: `port ${given.address} is opened by "${earlier.name}" already`,
      related: { ...first, message: "first given here" },
    });
  }

  /** The ports, to be spread into a model that goes without when there are none. */
  get ports(): { readonly ports?: Ports } {
    return Object.keys(this.portLists).length === 0 ? {} : { ports: this.portLists };
  }

  /** Reads a whole directive (`segments 5;`) as an option. */
  readDirective(compilation: Compilation, spec: OptionSpec, directive: Directive): void {
    const { keyword: name, args, block } = directive;
    if (block !== undefined) {
      compilation.atKeyword(directive, { code: "syntax", message: `"${name}" takes no "{…}" block` });
      return;
    }
    const [first] = args;
    if (first === undefined) {
      this.readBare(compilation, spec, directive);
      return;
    }
    if (spec.type === "words" || spec.type === "integers") {
      for (const argument of args) this.read(compilation, spec, { name, argument });
      return;
    }
    const joined = spec.type === "text" ? args.map((argument) => argument.text).join(" ") : first.text;
    this.read(compilation, spec, { name, argument: { ...first, text: joined } });
    const extra = spec.type === "text" ? undefined : args[1];
    if (extra === undefined) return;
    compilation.atArgument(extra, {
      code: "syntax",
      message: `unexpected "${extra.text}": "${name}" takes one value`,
    });
  }

  private readBare(compilation: Compilation, spec: OptionSpec, directive: Directive): void {
    const { keyword: name, head: word, tree } = directive;
    if (spec.type === "flag") {
      const argument = { text: "on", tree, word, shift: 0 };
      this.put(compilation, spec, { name, argument, value: true });
    } else {
      compilation.atKeyword(directive, {
        code: "bad-value",
        message: `"${name}" needs a value: expected ${TYPE_LOOKS[spec.type]}`,
      });
    }
  }

  /** Takes an option out, for those that have a field of their own. */
  take<T extends OptionValue>(name: string): T | undefined {
    const value = this.values[name];
    delete this.values[name];
    return value as T | undefined;
  }
}

/** The file's absolute name; one that is not there may come yet. */
function findFile(compilation: Compilation, given: { name: string; argument: Argument }): string {
  const { text, tree } = given.argument;
  const file = resolve(dirname(tree.file), text);
  if (compilation.environment.exists?.(file) === false) {
    const message = `the file of "${given.name}" is not there: ${file}`;
    compilation.atArgument(given.argument, { severity: "warning", code: "missing-file", message });
  }
  return file;
}

function complainOfSecond(
  compilation: Compilation,
  earlier: Argument,
  given: { name: string; argument: Argument },
): void {
  const first = placeOf(earlier.tree, earlier.word);
  compilation.atArgument(given.argument, {
    code: "duplicate",
    message: `"${given.name}" is given twice`,
    related: { ...first, message: "first given here" },
  });
}

import { headOf } from "../syntax/parse.ts";
import type { Compilation } from "./compilation.ts";
import type { Argument, Directive } from "./terms.ts";

const NAME = /^[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/;

/** The name behind `stream`, `live`, `file`…, or a problem. */
export function readName(compilation: Compilation, directive: Directive): Argument | undefined {
  const [name, extra] = directive.args;
  if (name === undefined) {
    const message = `expected a name after "${directive.keyword}"`;
    compilation.atKeyword(directive, { code: "bad-name", message });
    return undefined;
  }
  if (extra !== undefined) {
    const message = `expected "{" after ${headOf(directive.statement)}, found "${extra.text}"`;
    compilation.atArgument(extra, { code: "syntax", message });
    return undefined;
  }
  if (directive.block === undefined) {
    const message = `expected "{" after ${headOf(directive.statement)}`;
    compilation.atArgument(name, { code: "syntax", message });
    return undefined;
  }
  return name;
}

/** Names are part of URLs and of paths on disk. */
export function checkName(compilation: Compilation, what: string, argument: Argument): boolean {
  const name = argument.text;
  const dots = name.split("/").some((part) => part === "." || part === "..");
  if (NAME.test(name) && !dots && name.length <= 200) return true;
  const why = dots
    ? '"." and ".." cannot be parts of it'
    : "expected letters, digits, and . - _ with single slashes between";
  compilation.atArgument(argument, { code: "bad-name", message: `bad name "${name}" of a ${what}: ${why}` });
  return false;
}

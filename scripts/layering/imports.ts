import { type Token, tokenize } from "./tokens.ts";

/** One module name that a source file loads. */
export interface Import {
  readonly specifier: string;
  /** First line is 1. */
  readonly line: number;
  /** True for `import type` and `export type`: gone at run time. */
  readonly typeOnly: boolean;
}

interface Found {
  readonly specifier: Token;
  readonly typeOnly: boolean;
}

/**
 * Every module a source loads by a literal name: `import … from`, `import "…"`, `export … from`, `import("…")`,
 * `require("…")`, `require.resolve("…")`, `import.meta.resolve("…")`, `import x = require("…")` and JSDoc-free type
 * queries `import("…").Type`. Names that are computed at run time cannot be known and are left out.
 */
export function scanImports(source: string): Import[] {
  const tokens = tokenize(source);
  const found: Import[] = [];
  let line = 1;
  let counted = 0;
  for (let index = 0; index < tokens.length; index += 1) {
    const hit = importAt(tokens, index);
    if (hit === undefined) continue;
    for (; counted < hit.specifier.at; counted += 1) if (source[counted] === "\n") line += 1;
    found.push({ specifier: hit.specifier.text, line, typeOnly: hit.typeOnly });
  }
  return found;
}

function importAt(tokens: readonly Token[], index: number): Found | undefined {
  const token = tokens[index]!;
  if (token.type !== "word" || isText(tokens[index - 1], ".")) return undefined;
  switch (token.text) {
    case "import":
      return calledAt(tokens, index) ?? (isMeta(tokens, index) ? undefined : clauseAt(tokens, index));
    case "export":
      return clauseAt(tokens, index);
    case "require":
      return calledAt(tokens, index);
    default:
      return undefined;
  }
}

/** `import("x")`, `require("x")`, `require.resolve("x")`, `import.meta.resolve("x")`. */
function calledAt(tokens: readonly Token[], index: number): Found | undefined {
  let next = index + 1;
  while (isText(tokens[next], ".")) next += 2;
  if (next > index + 1 && tokens[next - 1]?.text !== "resolve") return undefined;
  const specifier = tokens[next + 1];
  if (!isText(tokens[next], "(") || !isLiteral(specifier)) return undefined;
  return { specifier, typeOnly: false };
}

const isMeta = (tokens: readonly Token[], index: number): boolean => isText(tokens[index + 1], ".");

/** A declaration: everything up to its module name is words, commas, braces and stars. */
function clauseAt(tokens: readonly Token[], index: number): Found | undefined {
  const first = tokens[index + 1];
  if (tokens[index]!.text === "import" && first?.type === "string")
    return { specifier: first, typeOnly: false };
  // `import type from "x"` imports a value named "type"; `import type X from` and `import type { … }` do not.
  const second = tokens[index + 2];
  const typeOnly = isText(first, "type") && !(isText(second, "from") && tokens[index + 3]?.type === "string");
  let depth = 0;
  for (let at = index + 1; at < tokens.length; at += 1) {
    const token = tokens[at]!;
    if (isText(token, "{")) depth += 1;
    else if (isText(token, "}")) depth -= 1;
    else if (depth === 0 && isText(token, "from") && tokens[at + 1]?.type === "string") {
      return { specifier: tokens[at + 1]!, typeOnly };
    } else if (token.type === "template" || (token.type === "punctuation" && !isText(token, ",", "*")))
      return undefined;
    if (depth === 0 && token.type === "word" && DECLARATIONS.has(token.text)) return undefined;
  }
  return undefined;
}

/** `export const …` and its like have no module name; stop before an unrelated `from` is found. */
const DECLARATIONS = new Set(
  "const let var function class interface enum namespace async abstract declare default".split(" "),
);

function isText(token: Token | undefined, ...texts: string[]): boolean {
  return (
    token !== undefined && token.type !== "string" && token.type !== "template" && texts.includes(token.text)
  );
}

function isLiteral(token: Token | undefined): token is Token {
  return token?.type === "string" || (token?.type === "template" && token.text !== "");
}

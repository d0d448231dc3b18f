/** One piece of TypeScript or JavaScript source. Comments, white space and numbers are dropped. */
export interface Token {
  readonly type: "word" | "string" | "template" | "punctuation";
  /** A string's content without quotes (escapes untouched); a template's is empty unless it has no `${}`. */
  readonly text: string;
  /** Offset in the source. */
  readonly at: number;
}

const SPACE = /\s+/y;
const WORD = /[\p{ID_Start}$_#][\p{ID_Continue}$\u200c\u200d]*/uy;
const NUMBER = /\.?\d[\w.]*/y;
const STRING = /"(?:[^"\\\n]|\\[\s\S])*"?|'(?:[^'\\\n]|\\[\s\S])*'?/y;
const LINE_COMMENT = /\/\/[^\n]*|#![^\n]*/y;
const BLOCK_COMMENT = /\/\*[\s\S]*?(?:\*\/|$)/y;
const REGULAR_EXPRESSION = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/\w*/y;

/** After these words a `/` begins a regular expression, after any other word it divides. */
const BEFORE_EXPRESSION = new Set(
  "return typeof instanceof in of new delete void throw case do else yield await extends".split(" "),
);

/**
 * Splits source text into tokens. It knows just enough of the grammar (strings, templates, comments, regular
 * expressions) that no text inside them is mistaken for code.
 */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  /** For every `${` that is open: how many braces are open inside it. */
  const substitutions: number[] = [];
  let at = 0;

  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(source)?.[0];
  };
  const push = (type: Token["type"], text: string, length: number): void => {
    tokens.push({ type, text, at });
    at += length;
  };
  /** Reads template text from `at`, which stands on the back-tick or on the brace that ends a substitution. */
  const template = (): void => {
    const from = at;
    at += 1;
    for (; at < source.length; at += 1) {
      if (source[at] === "\\") at += 1;
      else if (source[at] === "`") {
        const whole = source[from] === "`";
        tokens.push({ type: "template", text: whole ? source.slice(from + 1, at) : "", at: from });
        at += 1;
        return;
      } else if (source.startsWith("${", at)) {
        substitutions.push(0);
        at += 2;
        return;
      }
    }
  };

  while (at < source.length) {
    const skipped = match(SPACE) ?? match(LINE_COMMENT) ?? match(BLOCK_COMMENT) ?? match(NUMBER);
    if (skipped !== undefined) {
      // A number is kept as punctuation: it matters only for what a following slash means.
      if (/[.\d]/.test(skipped[0]!)) tokens.push({ type: "punctuation", text: "0", at });
      at += skipped.length;
      continue;
    }
    const string = match(STRING);
    if (string !== undefined) {
      push(
        "string",
        string.slice(1, string.length > 1 && string.at(-1) === string[0] ? -1 : undefined),
        string.length,
      );
      continue;
    }
    const word = match(WORD);
    if (word !== undefined) {
      push("word", word, word.length);
      continue;
    }
    const symbol = source[at]!;
    if (symbol === "`") {
      template();
      continue;
    }
    if (symbol === "}" && substitutions.at(-1) === 0) {
      substitutions.pop();
      template();
      continue;
    }
    if (substitutions.length > 0 && (symbol === "{" || symbol === "}")) {
      substitutions[substitutions.length - 1]! += symbol === "{" ? 1 : -1;
    }
    const expression =
      symbol === "/" && expressionMayBegin(tokens.at(-1)) ? match(REGULAR_EXPRESSION) : undefined;
    if (expression === undefined) push("punctuation", symbol, 1);
    else push("template", "", expression.length);
  }
  return tokens;
}

function expressionMayBegin(previous: Token | undefined): boolean {
  if (previous === undefined) return true;
  if (previous.type === "word") return BEFORE_EXPRESSION.has(previous.text);
  return previous.type === "punctuation" && !")]}0".includes(previous.text);
}

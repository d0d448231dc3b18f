import type { IRecognitionException, IToken } from "chevrotain";
import { type Problem, placeOf, problemAt } from "../problem.ts";
import { blockLanguage, type RawBlock, type RawItem, type RawStatement } from "./grammar.ts";
import { BrokenString, lexer } from "./lexer.ts";
import { hasControl, unquote } from "./quote.ts";
import type { Block, Item, Statement, SyntaxTree, Token, Word } from "./tree.ts";

/** What a person can use; a file of braces must not cost a message each. */
const MAX_PROBLEMS = 500;

/** Deeper than any real file; keeps hostile text from exhausting the stack. */
const MAX_DEPTH = 32;

export interface Parsed {
  readonly tree: SyntaxTree;
  readonly problems: readonly Problem[];
}

/** Reads the block language. Never throws: every mistake is a problem, and the tree holds all that could be read. */
export function parse(text: string, file: string): Parsed {
  const tokens = lexer.tokenize(text).tokens;
  const tooDeep = tokenBelow(tokens, MAX_DEPTH);
  if (tooDeep !== undefined) return refuse({ text, file, token: tooDeep });
  const grammar = blockLanguage();
  grammar.input = tokens;
  const raw = grammar.file();
  const builder = new TreeBuilder(text, tokens);
  const items = builder.items(raw);
  const tree: SyntaxTree = { file, text, items, trailing: text.slice(builder.position) };
  const problems: Problem[] = [];
  for (const error of grammar.errors) problems.push(grammarProblem(tree, error));
  complain(tree, tree.items, { problems, owner: undefined });
  complainOfWords(tree, tokens, problems);
  return { tree, problems };
}

/** Turns the grammar's tokens into the tree's, in the order of the text, giving each the trivia before it. */
class TreeBuilder {
  position = 0;
  private readonly text: string;
  private readonly known: ReadonlySet<IToken>;

  constructor(text: string, tokens: readonly IToken[]) {
    this.text = text;
    this.known = new Set(tokens);
  }

  items(raw: readonly RawItem[]): readonly Item[] {
    const items: Item[] = [];
    for (const item of raw) {
      if ("statement" in item) {
        const statement = this.statement(item.statement);
        if (statement !== undefined) items.push(statement);
        continue;
      }
      const token = this.token(item.stray);
      if (token === undefined) continue;
      const block = item.block === undefined ? undefined : this.block(item.block, token);
      items.push(block === undefined ? { kind: "stray", token } : { kind: "stray", token, block });
    }
    return items;
  }

  private statement(raw: RawStatement): Statement | undefined {
    const words: Word[] = [];
    for (const image of raw.words) {
      const token = this.token(image);
      if (token !== undefined) words.push({ ...token, value: unquote(token.text) });
    }
    const [first, ...rest] = words;
    if (first === undefined) return undefined;
    const open = raw.block === undefined ? undefined : this.token(raw.block.open);
    const block = raw.block === undefined || open === undefined ? undefined : this.block(raw.block, open);
    const semicolon = raw.semicolon === undefined ? undefined : this.token(raw.semicolon);
    return {
      kind: "statement",
      words: [first, ...rest],
      ...(block === undefined ? {} : { block }),
      ...(semicolon === undefined ? {} : { semicolon }),
    };
  }

  private block(raw: RawBlock, open: Token): Block {
    const items = this.items(raw.items);
    const close = raw.close === undefined ? undefined : this.token(raw.close);
    return close === undefined ? { open, items } : { open, items, close };
  }

  private token(image: IToken): Token | undefined {
    if (!this.known.has(image)) return undefined;
    const leading = this.text.slice(this.position, image.startOffset);
    this.position = image.startOffset + image.image.length;
    return {
      leading,
      text: image.image,
      line: image.startLine ?? 1,
      column: image.startColumn ?? 1,
      offset: image.startOffset,
    };
  }
}

interface Complaints {
  readonly problems: Problem[];
  /** The statement whose block the items are in. */
  readonly owner: Statement | undefined;
}

/** The mistakes that the grammar has productions for. */
function complain(tree: SyntaxTree, items: readonly Item[], into: Complaints): void {
  const { problems } = into;
  for (const item of items) {
    if (problems.length >= MAX_PROBLEMS) return;
    if (item.kind === "stray") {
      complainOfStray(tree, item, problems);
    } else if (item.block === undefined && item.semicolon === undefined && into.owner === undefined) {
      const last = item.words.at(-1) ?? item.words[0];
      problems.push(syntaxProblem(tree, last, `expected ";" or "{" after "${last.text}"`));
    }
    if (item.block === undefined) continue;
    if (item.block.close === undefined) problems.push(unclosed(tree, item));
    complain(tree, item.block.items, { problems, owner: item.kind === "statement" ? item : into.owner });
  }
}

function complainOfStray(tree: SyntaxTree, item: Item & { kind: "stray" }, problems: Problem[]): void {
  if (item.token.text === "}") {
    problems.push(syntaxProblem(tree, item.token, 'unexpected "}": no block is open here'));
  } else if (item.token.text === "{") {
    problems.push(syntaxProblem(tree, item.token, 'expected a name before "{"'));
  }
}

/** A block that the end of the file cuts off: most often its `}` is missing before the next `stream`. */
function unclosed(tree: SyntaxTree, item: Item): Problem {
  const block = item.block as Block;
  const title = item.kind === "statement" ? headOf(item) : "block";
  const suspect = block.items.find((inner) => inner.kind === "statement" && inner.block !== undefined);
  const word = suspect?.kind === "statement" ? suspect.words[0] : undefined;
  const related =
    word === undefined
      ? undefined
      : { ...placeOf(tree, word), message: `is "}" missing before "${word.text}"?` };
  return problemAt(tree, block.open, {
    code: "syntax",
    message: `"{" of ${title} is never closed: expected "}" before the end of the file`,
    ...(related === undefined ? {} : { related }),
  });
}

/** `stream "ort"`: how messages call a block. */
export function headOf(statement: Statement): string {
  const [keyword, name] = statement.words;
  return name === undefined ? keyword.value : `${keyword.value} "${name.value}"`;
}

function syntaxProblem(tree: SyntaxTree, token: Token, message: string): Problem {
  return problemAt(tree, token, { code: "syntax", message });
}

function complainOfWords(tree: SyntaxTree, tokens: readonly IToken[], problems: Problem[]): void {
  for (const token of tokens) {
    if (problems.length >= MAX_PROBLEMS) return;
    const broken = token.tokenType === BrokenString;
    if (!broken && !hasControl(token.image)) continue;
    const message = broken
      ? `the text that starts with ${token.image[0]} has no closing ${token.image[0]} on its line`
      : `unexpected control character in "${printable(token.image)}"`;
    problems.push(syntaxProblem(tree, tokenOf(token), message));
  }
}

function printable(text: string): string {
  return JSON.stringify(text).slice(1, -1).replaceAll("\u007f", "\\u007f");
}

/** The grammar accepts every text; should it ever not, its own words are better than none. */
function grammarProblem(tree: SyntaxTree, error: IRecognitionException): Problem {
  return syntaxProblem(tree, tokenOf(error.token), `unexpected "${error.token.image}"`);
}

function tokenOf(image: IToken): Token {
  return {
    leading: "",
    text: image.image,
    line: image.startLine || 1,
    column: image.startColumn || 1,
    offset: image.startOffset || 0,
  };
}

function tokenBelow(tokens: readonly IToken[], depth: number): IToken | undefined {
  let level = 0;
  for (const token of tokens) {
    if (token.image === "{") level++;
    else if (token.image === "}" && level > 0) level--;
    if (level > depth) return token;
  }
  return undefined;
}

function refuse(what: { text: string; file: string; token: IToken }): Parsed {
  const tree: SyntaxTree = { file: what.file, text: what.text, items: [], trailing: what.text };
  const message = `blocks are nested more than ${MAX_DEPTH} deep`;
  return { tree, problems: [syntaxProblem(tree, tokenOf(what.token), message)] };
}

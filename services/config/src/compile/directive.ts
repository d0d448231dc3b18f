import { nearest } from "../hint.ts";
import { problemAt } from "../problem.ts";
import { type Located, statementsIn } from "../source.ts";
import type { Block, Statement, SyntaxTree, Word } from "../syntax/tree.ts";
import type { Compilation } from "./compilation.ts";
import type { Argument, Directive } from "./terms.ts";

/** The directives in a block (or at the top), with forgotten semicolons reported and mended. */
export function* directivesIn(
  compilation: Compilation,
  where: { tree: SyntaxTree; items: Block["items"] },
  known: ReadonlySet<string>,
): Generator<Directive> {
  for (const located of statementsIn(compilation.source, where.tree, where.items)) {
    for (const statement of splitRunOn(compilation, located, known)) {
      yield directiveOf(located.tree, statement);
    }
  }
}

/** The directive of a statement, as it stands. */
export function directiveOf(tree: SyntaxTree, statement: Statement): Directive {
  const [head, ...rest] = statement.words;
  const args: Argument[] = rest.map((word) => ({ text: word.value, tree, word, shift: 0 }));
  const assigned = /^([A-Za-z_][\w.-]*)=/.exec(head.value);
  let keyword = head.value;
  if (assigned?.[1] !== undefined) {
    keyword = assigned[1];
    const shift = keyword.length + 1;
    args.unshift({ text: head.value.slice(shift), tree, word: head, shift });
  }
  return { tree, statement, keyword, head, args, block: statement.block };
}

const URL_LINES: ReadonlySet<string> = new Set(["url", "input", "push", "udp"]);

/** A keyword; behind a URL, where only a few options may follow, a keyword with a slip of the pen will do. */
function startsLine(head: Word, word: Word, known: ReadonlySet<string>): boolean {
  if (known.has(word.value)) return true;
  return URL_LINES.has(head.value) && /^\w+$/.test(word.value) && nearest(word.value, known) !== undefined;
}

/**
 * A line without its `;` runs into the next one. Where a word that starts a line is a keyword of this place, the
 * semicolon is taken as forgotten.
 */
function splitRunOn(
  compilation: Compilation,
  located: Located,
  known: ReadonlySet<string>,
): readonly Statement[] {
  const { words } = located.statement;
  const cuts: number[] = [];
  for (let i = 1; i < words.length; i++) {
    const word = words[i]!;
    const before = words[i - 1]!;
    if (word.line === before.line || !startsLine(words[0], word, known)) continue;
    cuts.push(i);
    compilation.problems.push(
      problemAt(located.tree, before, {
        code: "syntax",
        message: `expected ";" after "${before.text}", before "${word.text}" on line ${word.line}`,
        shift: before.text.length,
        length: 1,
      }),
    );
  }
  if (cuts.length === 0) return [located.statement];
  return [0, ...cuts].map((from, part) => {
    const last = part === cuts.length;
    const [first, ...rest] = words.slice(from, cuts[part]);
    const piece: Statement = { kind: "statement", words: [first!, ...rest] };
    const { block, semicolon } = located.statement;
    if (!last) return piece;
    return { ...piece, ...(block && { block }), ...(semicolon && { semicolon }) };
  });
}

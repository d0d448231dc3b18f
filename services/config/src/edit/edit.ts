import { configError } from "../errors.ts";
import { parse } from "../syntax/parse.ts";
import { hasControl, quote } from "../syntax/quote.ts";
import { endOf, type Statement, type SyntaxTree, statementsOf } from "../syntax/tree.ts";
import type { BlockRef, Change, Line } from "./change.ts";
import {
  applySplices,
  behindComment,
  indentAt,
  lineEndOf,
  removal,
  renderLine,
  rewriting,
  type Splice,
  startsItsLine,
  terminated,
} from "./splice.ts";

/**
 * Changes a file's tree; comments, order and spelling of all that is not changed stay byte for byte. Throws
 * `config-edit` when the change names something that is not there or would break the file.
 */
export function edit(tree: SyntaxTree, change: Change): SyntaxTree {
  checkChange(change);
  const text = applySplices(tree.text, splicesOf(tree, change));
  const { tree: changed, problems } = parse(text, tree.file);
  const [problem] = problems;
  if (problem !== undefined)
    throw configError("config-edit", `the change does not parse: ${problem.message}`);
  return changed;
}

function splicesOf(tree: SyntaxTree, change: Change): readonly Splice[] {
  switch (change.op) {
    case "set-block": {
      const found = findBlock(tree, change.block);
      return found === undefined ? [newBlock(tree, change)] : setLines(tree, found, change.lines);
    }
    case "remove-block":
      return [removal(tree, needBlock(tree, change.block))];
    case "set-option": {
      const owner = change.block === undefined ? undefined : needBlock(tree, change.block);
      return setOption(tree, owner, change);
    }
    case "remove-option": {
      const owner = change.block === undefined ? undefined : needBlock(tree, change.block);
      const found = linesOf(tree, owner, change.option).filter((line) => matches(line, change.match));
      if (found.length > 0) return found.map((line) => removal(tree, line));
      throw configError("config-edit", `there is no "${change.option}" to remove`);
    }
  }
}

/** The block of a stream (or of another keyword); undefined when the file has none of that name. */
export function findBlock(tree: SyntaxTree, block: BlockRef): Statement | undefined {
  const keywords = block.keyword === undefined ? ["stream", "ondemand"] : alike(block.keyword);
  return statementsOf(tree.items).find(
    ({ words, block: body }) =>
      body !== undefined && keywords.includes(words[0].value) && words[1]?.value === block.name,
  );
}

function needBlock(tree: SyntaxTree, block: BlockRef): Statement {
  const found = findBlock(tree, block);
  if (found !== undefined) return found;
  throw configError(
    "config-edit",
    `there is no ${block.keyword ?? "stream"} "${block.name}" in ${tree.file}`,
  );
}

/** Keywords that mean the same. */
function alike(keyword: string): readonly string[] {
  const groups = [
    ["stream", "ondemand"],
    ["url", "input"],
    ["clients_timeout", "client_timeout"],
  ];
  return groups.find((group) => group.includes(keyword)) ?? [keyword];
}

function linesOf(tree: SyntaxTree, owner: Statement | undefined, option: string): readonly Statement[] {
  const items = owner === undefined ? tree.items : (owner.block?.items ?? []);
  const keywords = alike(option);
  return statementsOf(items).filter((line) => keywords.includes(line.words[0].value));
}

function matches(line: Statement, match: string | undefined): boolean {
  return match === undefined || line.words[1]?.value === match || portInBlock(line) === match;
}

/** `srt { port 9000; }` is found by its port, like `srt 9000;`. */
function portInBlock(line: Statement): string | undefined {
  if (line.words.length > 1) return undefined;
  const inner = statementsOf(line.block?.items ?? []);
  return inner.find(({ words }) => words[0].value === "port")?.words[1]?.value;
}

/** Keywords whose block bears a name: their lines are changed one by one, the head alone. */
const NAMED_BLOCKS: ReadonlySet<string> = new Set(["stream", "ondemand", "live", "rewrite", "file"]);

/** A line that is set replaces one with a block (`srt 9000 { … }`) as a whole: its values say everything. */
function replacing(found: Statement, line: Line): readonly Splice[] {
  const [head] = found.words;
  if (found.block === undefined || NAMED_BLOCKS.has(head.value)) return rewriting(found, line);
  const start = head.offset + head.text.length;
  const values = line.slice(1).map((value) => ` ${quote(value)}`);
  return [{ start, end: endOf(found), text: `${values.join("")};` }];
}

function setOption(
  tree: SyntaxTree,
  owner: Statement | undefined,
  change: Change & { op: "set-option" },
): readonly Splice[] {
  const lines = linesOf(tree, owner, change.line[0]);
  const found = change.append === true ? undefined : lines.find((line) => matches(line, change.match));
  if (found !== undefined) return replacing(found, change.line);
  if (change.match !== undefined && change.append !== true) {
    throw configError("config-edit", `there is no ${change.line[0]} "${change.match}" to change`);
  }
  return insertion(tree, { owner, after: lines.at(-1), lines: [change.line] });
}

/** Pairs the wanted lines of each keyword with those there are, in order; the rest is added or removed. */
function setLines(tree: SyntaxTree, owner: Statement, wanted: readonly Line[]): readonly Splice[] {
  const splices: Splice[] = [];
  const left = new Set<Statement>(statementsOf(owner.block?.items ?? []));
  const added: Line[] = [];
  const exact = new Map<Line, Statement>();
  for (const line of wanted) {
    const same = [...left].find((statement) => says(statement, line));
    if (same === undefined) continue;
    exact.set(line, same);
    left.delete(same);
  }
  for (const line of wanted) {
    if (exact.has(line)) continue;
    const keywords = alike(line[0]);
    const found = [...left].find(
      ({ words, block }) => block === undefined && keywords.includes(words[0].value),
    );
    if (found === undefined) added.push(line);
    else {
      left.delete(found);
      splices.push(...rewriting(found, line));
    }
  }
  for (const statement of left) splices.push(removal(tree, statement));
  const kept = statementsOf(owner.block?.items ?? []).filter((statement) => !left.has(statement));
  if (added.length > 0) splices.push(...insertion(tree, { owner, after: kept.at(-1), lines: added }));
  return splices;
}

function says(statement: Statement, line: Line): boolean {
  const { words, block } = statement;
  if (block !== undefined || words.length !== line.length) return false;
  return (
    alike(line[0]).includes(words[0].value) && words.every((word, i) => i === 0 || word.value === line[i])
  );
}

interface Insertion {
  readonly owner: Statement | undefined;
  /** The line to stand behind; the end of the block when absent. */
  readonly after: Statement | undefined;
  readonly lines: readonly Line[];
}

function insertion(tree: SyntaxTree, what: Insertion): readonly Splice[] {
  const { text } = tree;
  const items = what.owner === undefined ? tree.items : (what.owner.block?.items ?? []);
  const after = what.after ?? (what.owner === undefined ? lastOption(tree) : statementsOf(items).at(-1));
  if (after === undefined) return [intoEmpty(tree, what)];
  const start = endOf(after);
  const end = lineEndOf(text, start);
  const ownLine = startsItsLine(text, after.words[0].offset);
  const place = behindComment(text, start);
  const oneLine = !ownLine && what.owner !== undefined;
  const lead = oneLine ? " " : end + indentAt(text, after.words[0].offset);
  const added = what.lines.map((line) => lead + renderLine(line)).join("");
  return [
    ...terminated(after),
    { start: oneLine ? start : place, end: oneLine ? start : place, text: added },
  ];
}

/** New top-level options go behind the last option that there is, not behind the streams. */
function lastOption(tree: SyntaxTree): Statement | undefined {
  return statementsOf(tree.items).findLast((statement) => statement.block === undefined);
}

function intoEmpty(tree: SyntaxTree, what: Insertion): Splice {
  const { text } = tree;
  const block = what.owner?.block;
  const end = lineEndOf(text, block?.open.offset ?? 0);
  if (block === undefined) {
    return { start: 0, end: 0, text: what.lines.map((line) => renderLine(line) + end).join("") };
  }
  const base = indentAt(text, what.owner?.words[0].offset ?? 0);
  const added = what.lines.map((line) => `${end}${base}  ${renderLine(line)}`).join("");
  const place = block.open.offset + 1;
  const rest = text.slice(place, block.close?.offset ?? place);
  return { start: place, end: place, text: rest.includes("\n") ? added : `${added}${end}${base}` };
}

function newBlock(tree: SyntaxTree, change: Change & { op: "set-block" }): Splice {
  const { text } = tree;
  const end = lineEndOf(text, text.length);
  const head = `${change.block.keyword ?? "stream"} ${change.block.name}`;
  const body = change.lines.map((line) => `  ${renderLine(line)}${end}`).join("");
  const gap = text === "" ? "" : text.endsWith("\n") ? end : end + end;
  return { start: text.length, end: text.length, text: `${gap}${head} {${end}${body}}${end}` };
}

function checkChange(change: Change): void {
  const lines = change.op === "set-block" ? change.lines : change.op === "set-option" ? [change.line] : [];
  for (const [keyword, ...values] of lines) {
    const bad =
      !/^[A-Za-z_][\w.-]*$/.test(keyword) ||
      values.some((value) => hasControl(value.replace(/[\n\r\t]/g, "")));
    if (bad) throw configError("config-edit", `"${keyword}" cannot be written to a configuration file`);
  }
  const name = change.op === "remove-option" ? undefined : change.block?.name;
  if (name !== undefined && !/^[A-Za-z0-9._/*-]+$/.test(name)) {
    throw configError("config-edit", `"${name}" is not a name`);
  }
}

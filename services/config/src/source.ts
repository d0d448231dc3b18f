import { globSync, readFileSync, realpathSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { configError } from "./errors.ts";
import { type Problem, problemAt } from "./problem.ts";
import { type Parsed, parse } from "./syntax/parse.ts";
import type { Item, Statement, SyntaxTree } from "./syntax/tree.ts";

/** A file with all that it includes. */
export interface ConfigSource {
  readonly main: SyntaxTree;
  /** Every file once, the main one first. */
  readonly trees: readonly SyntaxTree[];
  /** What each `include` line stands for, in order. */
  readonly includes: ReadonlyMap<Statement, readonly SyntaxTree[]>;
  /** Syntax errors, and includes that cannot be followed. */
  readonly problems: readonly Problem[];
}

/** A statement and the file it stands in. */
export interface Located {
  readonly tree: SyntaxTree;
  readonly statement: Statement;
}

/** How files are reached; the disk by default. */
export interface FileAccess {
  /** Throws when there is no such file. */
  read(path: string): string;
  /** Absolute paths that match, sorted. */
  glob(pattern: string): readonly string[];
  /** One name for one file, however it is reached. Throws when there is no such file. */
  identify(path: string): string;
}

const DISK: FileAccess = {
  read: (path) => readFileSync(path, "utf8"),
  glob: (pattern) => globSync(pattern).toSorted(),
  identify: (path) => realpathSync(path),
};

/** Reads a file and its includes. Throws `config-unreadable` when the file itself cannot be read. */
export function loadSource(file: string, access: FileAccess = DISK): ConfigSource {
  let text: string;
  try {
    text = access.read(file);
  } catch (cause) {
    throw configError("config-unreadable", `cannot read ${file}: ${reasonOf(cause)}`, cause);
  }
  return collect(parse(text, file), access);
}

/** A source out of a text alone; includes are taken relative to `file`'s directory. */
export function sourceOf(text: string, file = "millrace.conf", access: FileAccess = DISK): ConfigSource {
  return collect(parse(text, file), access);
}

/** The statements of some items, with those of included files in the place of each `include`. */
export function* statementsIn(
  source: ConfigSource,
  tree: SyntaxTree,
  items: readonly Item[],
): Generator<Located> {
  for (const item of items) {
    if (item.kind !== "statement") continue;
    const included = source.includes.get(item);
    if (included === undefined) yield { tree, statement: item };
    else for (const inner of included) yield* statementsIn(source, inner, inner.items);
  }
}

interface Collection {
  readonly access: FileAccess;
  readonly trees: Map<string, SyntaxTree>;
  readonly includes: Map<Statement, readonly SyntaxTree[]>;
  readonly problems: Problem[];
}

function collect(parsed: Parsed, access: FileAccess): ConfigSource {
  const into: Collection = {
    access,
    trees: new Map([[identify(access, parsed.tree.file), parsed.tree]]),
    includes: new Map(),
    problems: [...parsed.problems],
  };
  follow(into, parsed.tree, parsed.tree.items);
  return {
    main: parsed.tree,
    trees: [...into.trees.values()],
    includes: into.includes,
    problems: into.problems,
  };
}

function follow(into: Collection, tree: SyntaxTree, items: readonly Item[]): void {
  for (const item of items) {
    if (item.kind === "statement" && item.words[0].value === "include" && item.block === undefined) {
      into.includes.set(item, include(into, tree, item));
    } else if (item.block !== undefined) {
      follow(into, tree, item.block.items);
    }
  }
}

function include(into: Collection, tree: SyntaxTree, statement: Statement): readonly SyntaxTree[] {
  const trees: SyntaxTree[] = [];
  const [keyword, ...patterns] = statement.words;
  if (patterns.length === 0) {
    into.problems.push(
      problemAt(tree, keyword, { code: "include", message: 'expected a file name after "include"' }),
    );
  }
  for (const word of patterns) {
    const pattern = isAbsolute(word.value) ? word.value : join(dirname(tree.file), word.value);
    const wild = /[*?[{]/.test(pattern);
    for (const path of wild ? into.access.glob(pattern) : [pattern]) {
      const found = open(into, { tree, statement, word: patterns.indexOf(word) + 1, path });
      if (found !== undefined) trees.push(found);
    }
  }
  return trees;
}

function open(
  into: Collection,
  at: { tree: SyntaxTree; statement: Statement; word: number; path: string },
): SyntaxTree | undefined {
  const word = at.statement.words[at.word] ?? at.statement.words[0];
  const refuse = (message: string, related?: Problem["related"]) => {
    const details = { code: "include" as const, message, ...(related === undefined ? {} : { related }) };
    into.problems.push(problemAt(at.tree, word, details));
    return undefined;
  };
  let text: string;
  let identity: string;
  try {
    identity = into.access.identify(at.path);
    text = into.access.read(at.path);
  } catch (cause) {
    return refuse(`cannot read ${at.path}: ${reasonOf(cause)}`);
  }
  const earlier = into.trees.get(identity);
  if (earlier !== undefined) {
    const first = { file: earlier.file, line: 1, column: 1, message: "it is this file" };
    return refuse(`${at.path} is already part of this configuration: a file can be included once`, first);
  }
  const parsed = parse(text, at.path);
  into.trees.set(identity, parsed.tree);
  for (const problem of parsed.problems) into.problems.push(problem);
  follow(into, parsed.tree, parsed.tree.items);
  return parsed.tree;
}

function identify(access: FileAccess, file: string): string {
  try {
    return access.identify(file);
  } catch {
    return file;
  }
}

function reasonOf(cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  if (code === "ENOENT") return "there is no such file";
  if (code === "EACCES") return "permission denied";
  if (code === "EISDIR") return "it is a directory";
  return cause instanceof Error ? cause.message : String(cause);
}

import type { Problem, ProblemDetails } from "../problem.ts";
import { placeOf, problemAt } from "../problem.ts";
import type { OptionIndex } from "../registry.ts";
import type { ConfigSource } from "../source.ts";
import type { SyntaxTree, Token } from "../syntax/tree.ts";
import type { Argument, Directive } from "./terms.ts";

/** What the compiler must be told of the machine. */
export interface Environment {
  /** Media workers when the file does not say: the number of cores. */
  readonly cpus: number;
  /** Whether a file is there; used to choose among paths, and to warn of those that are not. All are when absent. */
  readonly exists?: (path: string) => boolean;
}

/** One run of the compiler: its inputs, and the problems found so far. */
export class Compilation {
  readonly source: ConfigSource;
  readonly index: OptionIndex;
  readonly environment: Environment;
  readonly problems: Problem[];

  constructor(source: ConfigSource, index: OptionIndex, environment: Environment) {
    this.source = source;
    this.index = index;
    this.environment = environment;
    this.problems = [...source.problems];
  }

  /** A problem at a directive's keyword. */
  atKeyword(directive: Directive, details: ProblemDetails): void {
    this.problems.push(
      problemAt(directive.tree, directive.head, { length: directive.keyword.length, ...details }),
    );
  }

  /** A problem at a value. */
  atArgument(argument: Argument, details: ProblemDetails): void {
    this.problems.push(problemAt(argument.tree, argument.word, { shift: argument.shift, ...details }));
  }

  /** The warning for a word of the manuals that does nothing yet. */
  unsupported(tree: SyntaxTree, token: Token, what: { name: string; shift?: number; length?: number }): void {
    const { name, ...range } = what;
    this.problems.push(
      problemAt(tree, token, {
        severity: "warning",
        code: "unsupported",
        message: `not supported yet: ${name}`,
        ...range,
      }),
    );
  }
}

/** Names already taken, with the place that took them. */
export class TakenNames {
  private readonly places = new Map<string, { tree: SyntaxTree; token: Token }>();

  /** Takes a name, or says (both places) that it was taken. */
  take(compilation: Compilation, name: string, argument: Argument): boolean {
    const earlier = this.places.get(name);
    if (earlier === undefined) {
      this.places.set(name, { tree: argument.tree, token: argument.word });
      return true;
    }
    const first = placeOf(earlier.tree, earlier.token);
    compilation.atArgument(argument, {
      code: "duplicate",
      message: `"${name}" is already defined at ${first.file}:${first.line}:${first.column}`,
      related: { ...first, message: "first defined here" },
    });
    return false;
  }
}

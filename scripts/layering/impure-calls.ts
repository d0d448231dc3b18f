import { type Token, tokenize } from "./tokens.ts";

/** A use of the clock, of chance or of the environment. */
export interface ImpureCall {
  readonly text: string;
  readonly line: number;
}

/** Sequences of tokens, one space between two. Globals that are impure as a whole are Biome's business. */
const IMPURE = [
  "Date . now",
  "new Date ( )",
  "Math . random",
  "crypto . getRandomValues",
  "crypto . randomUUID",
  "performance . now",
  "process . env",
].map((text) => text.split(" "));

/** Finds what a pure file may not do although it imports nothing for it. */
export function scanImpureCalls(source: string): ImpureCall[] {
  const tokens = tokenize(source);
  const found: ImpureCall[] = [];
  for (let index = 0; index < tokens.length; index += 1) {
    const words = IMPURE.find((candidate) =>
      candidate.every((word, offset) => is(tokens[index + offset], word)),
    );
    // `clock.performance.now` is somebody's field, not the global.
    if (words === undefined || is(tokens[index - 1], ".")) continue;
    found.push({ text: words.join("").replace("new", "new "), line: lineOf(source, tokens[index]!.at) });
  }
  return found;
}

function is(token: Token | undefined, text: string): boolean {
  return (
    token !== undefined && token.text === text && (token.type === "word" || token.type === "punctuation")
  );
}

function lineOf(source: string, at: number): number {
  return source.slice(0, at).split("\n").length;
}

import { createToken, Lexer } from "chevrotain";

const QUOTED = String.raw`"(?:\\.|[^"\\\r\n])*"|'(?:\\.|[^'\\\r\n])*'`;
/** Text between square brackets may hold spaces: placeholders such as `[HOST NAME]`; IPv6 addresses need none. */
const BRACKETED = String.raw`\[[^\[\]\r\n;{}"']*\]`;

export const Blank = createToken({ name: "Blank", pattern: /\s+/, line_breaks: true, group: Lexer.SKIPPED });
export const Comment = createToken({ name: "Comment", pattern: /#[^\r\n]*/, group: Lexer.SKIPPED });
/**
 * Quotes count at the start of a word and behind its `=`; anywhere else they are letters like others. `#` opens a
 * comment only where a word could start, so URLs keep theirs.
 */
export const WordToken = createToken({
  name: "Word",
  pattern: new RegExp(
    String.raw`(?:${QUOTED}|=(?:${QUOTED})|${BRACKETED}|[^\s;{}#"'])(?:=(?:${QUOTED})|${BRACKETED}|[^\s;{}])*`,
  ),
  line_breaks: false,
});
export const BrokenString = createToken({
  name: "BrokenString",
  pattern: /["'][^\r\n]*/,
  line_breaks: false,
  categories: WordToken,
});
export const Open = createToken({ name: "Open", pattern: "{" });
export const Close = createToken({ name: "Close", pattern: "}" });
export const Semicolon = createToken({ name: "Semicolon", pattern: ";" });

/** In order of trial: a broken string is what the word's own pattern could not take. */
export const TOKENS = [Blank, Comment, WordToken, BrokenString, Open, Close, Semicolon];

/** Every character belongs to some token: the lexer has no errors of its own. */
export const lexer = new Lexer(TOKENS, { positionTracking: "full" });

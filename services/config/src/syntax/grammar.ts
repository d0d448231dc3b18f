import { EmbeddedActionsParser, EOF, type IToken } from "chevrotain";
import { Close, Open, Semicolon, TOKENS, WordToken } from "./lexer.ts";

/** What the grammar yields: token images only; the tree is built from it with the trivia. */
export interface RawStatement {
  readonly words: IToken[];
  block: RawBlock | undefined;
  semicolon: IToken | undefined;
}

export interface RawBlock {
  readonly open: IToken;
  readonly items: RawItem[];
  close: IToken | undefined;
}

export type RawItem =
  | { readonly statement: RawStatement }
  | { readonly stray: IToken; readonly block: RawBlock | undefined };

/**
 *     file      = { statement | ";" }
 *     statement = WORD { WORD } ( ";" | block )
 *     block     = "{" { statement | ";" } "}"
 *
 * Misplaced braces and missing ends are productions of their own, so that one mistake gives one message and the rest
 * of the file is still read.
 */
class BlockLanguage extends EmbeddedActionsParser {
  private readonly block = this.RULE("block", (): RawBlock => {
    const open = this.CONSUME(Open);
    const block: RawBlock = { open, items: this.SUBRULE(this.items, { ARGS: [true] }), close: undefined };
    this.OPTION(() => {
      block.close = this.CONSUME(Close);
    });
    return block;
  });

  private readonly statement = this.RULE("statement", (): RawStatement => {
    const statement: RawStatement = { words: [], block: undefined, semicolon: undefined };
    this.AT_LEAST_ONE(() => {
      statement.words.push(this.CONSUME(WordToken));
    });
    this.OR([
      {
        ALT: () => {
          statement.semicolon = this.CONSUME(Semicolon);
        },
      },
      {
        ALT: () => {
          statement.block = this.SUBRULE(this.block);
        },
      },
      { ALT: () => undefined },
    ]);
    return statement;
  });

  private readonly items: (inBlock: boolean) => RawItem[] = this.RULE("items", (inBlock: boolean) => {
    const items: RawItem[] = [];
    this.MANY({
      GATE: () => !inBlock || this.LA(1).tokenType !== Close,
      DEF: () => {
        this.OR([
          { ALT: () => items.push({ statement: this.SUBRULE(this.statement) }) },
          { ALT: () => items.push({ stray: this.CONSUME(Semicolon), block: undefined }) },
          {
            ALT: () => {
              const block = this.SUBRULE(this.block);
              items.push({ stray: block.open, block });
            },
          },
          { ALT: () => items.push({ stray: this.CONSUME(Close), block: undefined }) },
        ]);
      },
    });
    return items;
  });

  readonly file = this.RULE("file", (): RawItem[] => {
    const items = this.SUBRULE(this.items, { ARGS: [false] });
    this.CONSUME(EOF);
    return items;
  });

  constructor() {
    super(TOKENS, { recoveryEnabled: true, maxLookahead: 1 });
    this.performSelfAnalysis();
  }
}

let grammar: BlockLanguage | undefined;

/** The grammar, analysed on first use. One at a time: it holds the state of a parse. */
export function blockLanguage(): BlockLanguage {
  grammar ??= new BlockLanguage();
  return grammar;
}

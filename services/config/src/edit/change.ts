/** Which block is meant; `stream` and `ondemand` share their names, so either finds the other. */
export interface BlockRef {
  /** `stream` when absent. */
  readonly keyword?: string;
  readonly name: string;
}

/** A line as values, keyword first; the writer adds quotes where they are needed. */
export type Line = readonly [keyword: string, ...values: string[]];

/** One change of a file. Whatever it does not speak of keeps its bytes. */
export type Change =
  /** Makes the block hold exactly these lines; lines that stay keep their place and comments. Adds it when absent. */
  | { readonly op: "set-block"; readonly block: BlockRef; readonly lines: readonly Line[] }
  | { readonly op: "remove-block"; readonly block: BlockRef }
  /**
   * Sets the values of an option, in a block or (without one) at the top; a block of the line's own goes. `match` picks
   * among several lines of one keyword by their first value (the URL, the port); `append` adds one more line instead.
   */
  | {
      readonly op: "set-option";
      readonly block?: BlockRef;
      readonly line: Line;
      readonly match?: string;
      readonly append?: boolean;
    }
  | {
      readonly op: "remove-option";
      readonly block?: BlockRef;
      readonly option: string;
      readonly match?: string;
    };

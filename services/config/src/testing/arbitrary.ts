import fc from "fast-check";

/** Texts that the grammar accepts, with every kind of word, comment and spacing; for property tests. */
const letters = fc.string({ unit: fc.constantFrom(..."abcz0189._-/:?&%@"), minLength: 1, maxLength: 8 });
const inner = fc.string({ unit: fc.constantFrom(..."ab ;{}#='.\\n"), maxLength: 6 });
const quoted = inner.map((text) => `"${text.replace(/[\\"]/g, "\\$&")}"`);
const word = fc.oneof(
  letters,
  quoted,
  fc.tuple(letters, quoted).map(([key, value]) => `${key}=${value}`),
  letters.map((text) => `${text}[A B]`),
  letters.map((text) => `${text}#${text}`),
);

const blank = fc.constantFrom(" ", "  ", "\n", "\r\n  ", "\t", " # a {;} \"comment'\n", "\n# one\n\n# two\n");
const maybeBlank = fc.oneof(fc.constant(""), blank);

const words = fc
  .tuple(letters, fc.array(fc.tuple(blank, word), { maxLength: 3 }))
  .map(([first, rest]) => first + rest.flat().join(""));

const item: fc.Memo<string> = fc.memo((depth) =>
  fc.oneof(
    fc.tuple(maybeBlank, words, maybeBlank).map(([a, text, b]) => `${a}${text}${b};`),
    maybeBlank.map((space) => `${space};`),
    ...(depth > 1 ? [block(depth - 1)] : []),
  ),
);

const block: fc.Memo<string> = fc.memo((depth) =>
  fc
    .tuple(maybeBlank, words, maybeBlank, fc.array(item(depth), { maxLength: 4 }), maybeBlank, fc.boolean())
    .map(([a, head, b, items, c, open]) => {
      const last = open ? " last words" : "";
      return `${a}${head}${b}{${items.join("")}${last}${c}}`;
    }),
);

export const arbitraryFile: fc.Arbitrary<string> = fc
  .tuple(fc.array(fc.oneof(item(3), block(3)), { maxLength: 6 }), maybeBlank)
  .map(([items, end]) => items.join("") + end);

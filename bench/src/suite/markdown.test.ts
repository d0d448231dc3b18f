import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatTable } from "../table.ts";
import { markdownOf, markdownTable } from "./markdown.ts";

test("a table for the terminal becomes one of Markdown, and text stays text", () => {
  const heads = ["server", "readers", "× C loop"];
  const rows = [
    ["millrace", "50", "1.20 (1.10…1.30)"],
    ["c loop", "200", "-"],
  ];
  const text = `${formatTable(heads, rows)}\nload: 26 % of a core`;
  assert.equal(markdownOf(text), `${markdownTable(heads, rows)}\n\nload: 26 % of a core`);
  assert.equal(markdownTable(["a", "b"], [["x|y", "1"]]), "| a | b |\n|---|---:|\n| x\\|y | 1 |");
  assert.equal(markdownOf("no table\nat all"), "no table\nat all");
});

test("whatever stands in the cells, the same table comes out", () => {
  const cell = fc.stringMatching(/^[a-z0-9.…×]{1,6}( [a-z0-9]{1,4})?$/);
  const table = fc
    .integer({ min: 1, max: 5 })
    .chain((columns) =>
      fc.array(fc.array(cell, { minLength: columns, maxLength: columns }), { minLength: 2, maxLength: 6 }),
    );
  fc.assert(
    fc.property(table, ([heads = [], ...rows]) => {
      assert.equal(markdownOf(formatTable(heads, rows)), markdownTable(heads, rows));
    }),
  );
});

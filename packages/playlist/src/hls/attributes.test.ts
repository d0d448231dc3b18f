import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Attribute, AttributeWriter, formatScaled, parseAttributes, parseScaled } from "./attributes.ts";

const READ: readonly { text: string; names: string[]; values: string[]; problems: number }[] = [
  { text: 'METHOD=AES-128,URI="a,b=c"', names: ["METHOD", "URI"], values: ["AES-128", "a,b=c"], problems: 0 },
  { text: 'A="x" , B=2', names: ["A", "B"], values: ["x", "2"], problems: 0 },
  { text: "A=1,A=2", names: ["A"], values: ["1"], problems: 1 },
  { text: "=1,B=2", names: ["B"], values: ["2"], problems: 1 },
  { text: "A,B=2", names: ["B"], values: ["2"], problems: 1 },
  { text: 'A="open', names: ["A"], values: ["open"], problems: 1 },
  { text: 'A="x"y,B=2', names: ["A", "B"], values: ["x", "2"], problems: 1 },
  { text: "", names: [], values: [], problems: 0 },
  { text: 'A=,B=x"y",C=2', names: ["C"], values: ["2"], problems: 2 },
];

test("attribute lists are split at commas outside quotes, and what is broken costs only itself", () => {
  for (const { text, names, values, problems } of READ) {
    const found: string[] = [];
    const list = parseAttributes(text, (message) => found.push(message));
    assert.deepEqual(
      list.map((one) => one.name),
      names,
      text,
    );
    assert.deepEqual(
      list.map((one) => one.value),
      values,
      text,
    );
    assert.equal(found.length, problems, text);
  }
});

const name = fc.stringMatching(/^[A-Z][A-Z0-9-]{0,12}$/);
const quotedValue = fc.string({ unit: "grapheme" }).filter((text) => !/["\r\n]/.test(text));
const bareValue = fc.stringMatching(/^[A-Za-z0-9.@x_-]{1,12}$/);
const attribute: fc.Arbitrary<Attribute> = fc.oneof(
  fc.record({ name, value: quotedValue, quoted: fc.constant(true) }, { noNullPrototype: true }),
  fc.record({ name, value: bareValue, quoted: fc.constant(false) }, { noNullPrototype: true }),
);

test("a list that has been written reads as the same", () => {
  fc.assert(
    fc.property(fc.uniqueArray(attribute, { selector: (one) => one.name, maxLength: 12 }), (list) => {
      const text = new AttributeWriter().all(list).toString();
      assert.deepEqual(
        parseAttributes(text, (message) => assert.fail(message)),
        list,
      );
    }),
  );
});

test("decimals keep their exact integer of units", () => {
  assert.equal(formatScaled(4_000_080, 1e6, 3), "4.00008");
  assert.equal(formatScaled(4_000_000, 1e6, 3), "4.000");
  assert.equal(formatScaled(-12_500_000, 1e6), "-12.5");
  assert.equal(formatScaled(0, 1e6), "0");
  assert.equal(parseScaled("9.009", 1e6), 9_009_000);
  assert.equal(parseScaled(".5", 1e6), 500_000);
  assert.equal(parseScaled("-0", 1e6), 0);
  for (const text of ["", ".", "1e3", "0x10", "NaN", "1.2.3", "9".repeat(15)])
    assert.equal(parseScaled(text, 1e6), undefined, text);
  fc.assert(
    fc.property(fc.integer({ min: -1e14, max: 1e14 }), (us) => {
      assert.equal(parseScaled(formatScaled(us, 1e6, 3), 1e6), us);
    }),
  );
});

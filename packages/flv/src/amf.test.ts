import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  AmfDate,
  AmfTyped,
  type AmfValue,
  AmfXml,
  amfObject,
  ecmaArray,
  isAmfObject,
  MAX_AMF_DEPTH,
} from "./amf-value.ts";
import { Amf0Reader, parseAmf0, serializeAmf0 } from "./amf0.ts";
import { Amf3Reader, parseAmf3, serializeAmf3 } from "./amf3.ts";
import { AmfProblem, type AmfProblemCode } from "./errors.ts";
import { bytesOf, hex } from "./media.test-support.ts";

function problem(code: AmfProblemCode) {
  return (error: unknown) => {
    assert.ok(error instanceof AmfProblem);
    assert.deepEqual([error.code, error.kind], [code, "violation"]);
    return true;
  };
}

/** Both ways: hexadecimal, value. */
const AMF0: readonly (readonly [string, string, AmfValue])[] = [
  ["number", "00 3ff0000000000000", 1],
  ["negative zero", "00 8000000000000000", -0],
  ["true", "01 01", true],
  ["string", "02 0003 6162c3", "ab\ufffd"],
  ["empty string", "02 0000", ""],
  ["a byte order mark is text", "02 0003 efbbbf", "\ufeff"],
  ["null", "05", null],
  ["undefined", "06", undefined],
  ["object", "03 0001 61 05 0001 62 0100 000009", amfObject({ a: null, b: false })],
  ["empty name in an object", "03 0000 05 000009", amfObject({ "": null })],
  ["__proto__ is a name like others", "03 0009 5f5f70726f746f5f5f 0101 000009", proto(true)],
  ["strict array", "0a 00000002 05 0a 00000000", [null, []]],
  ["date", "0b 4271f71fb0450000 0000", new AmfDate(1_234_567_890_000)],
  ["XML", "0f 00000004 3c612f3e", new AmfXml("<a/>")],
  ["typed object", "10 0002 4142 0001 78 05 000009", new AmfTyped("AB", amfObject({ x: null }))],
];

function proto(value: boolean) {
  return Object.defineProperty(amfObject(), "__proto__", { value, enumerable: true });
}

for (const [name, bytes, value] of AMF0) {
  test(`AMF0: ${name}`, () => {
    assert.deepEqual(parseAmf0(bytesOf(bytes)).values, [value]);
    if (!bytes.endsWith("c3")) assert.equal(hex(serializeAmf0([value])), bytes.replaceAll(" ", ""));
  });
}

/** What is read but never written so. */
const AMF0_READ: readonly (readonly [string, string, AmfValue])[] = [
  ["boolean other than 1", "01 07", true],
  ["long string", "0c 00000002 6162", "ab"],
  ["unsupported", "0d", undefined],
  ["ECMA array with a count of 0", "08 00000000 0001 61 05 000009", amfObject({ a: null })],
  ["ECMA array with a count far too high", "08 ffffffff 0001 61 05 000009", amfObject({ a: null })],
  ["ECMA array whose end is left away", "08 00000001 0001 61 05", amfObject({ a: null })],
  ["switch to AMF3", "11 0a 0b 01 03 61 04 05 01", amfObject({ a: 5 })],
  ["reference", "0a 00000002 03 000009 07 0001", [amfObject(), amfObject()]],
];

for (const [name, bytes, value] of AMF0_READ) {
  test(`AMF0 reads: ${name}`, () => assert.deepEqual(parseAmf0(bytesOf(bytes)).values, [value]));
}

test("AMF0: references count through the message, AMF3 in it has its own", () => {
  const bytes = bytesOf("03 0001 61 05 000009  11 09 01 01  07 0000");
  const { values } = parseAmf0(bytes);
  assert.equal(values[2], values[0]);
});

test("AMF0: one value at a time, from an offset", () => {
  const bytes = bytesOf("ff 02 0001 78 00 4000000000000000 05");
  const reader = new Amf0Reader(bytes, 1);
  assert.deepEqual([reader.read(), reader.at, reader.done], ["x", 5, false]);
  assert.deepEqual([reader.read(), reader.read(), reader.done], [2, null, true]);
  assert.throws(() => reader.read(), problem("flv.amf-truncated"));
});

test("AMF0 writes ECMA arrays and long strings", () => {
  assert.equal(hex(serializeAmf0([ecmaArray({ a: 1 })])), "08000000010001610" + "03ff0000000000000000009");
  const long = "x".repeat(70_000);
  const bytes = serializeAmf0([long]);
  assert.equal(hex(bytes.subarray(0, 5)), "0c00011170");
  assert.deepEqual(parseAmf0(bytes).values, [long]);
});

const AMF3: readonly (readonly [string, string, AmfValue])[] = [
  ["undefined", "00", undefined],
  ["null", "01", null],
  ["false, true", "09 05 01 02 03", [false, true]],
  ["0", "04 00", 0],
  ["one byte", "04 7f", 127],
  ["two bytes", "04 81 00", 128],
  ["three bytes", "04 ff ff 7f", 0x1fffff],
  ["four bytes", "04 80 c0 80 00", 0x200000],
  ["greatest integer", "04 bf ff ff ff", 0x0fffffff],
  ["-1", "04 ff ff ff ff", -1],
  ["least integer", "04 c0 80 80 00", -0x10000000],
  ["beyond integers", "05 41b0000000000000", 0x10000000],
  ["string", "06 05 6162", "ab"],
  ["repeated strings", "09 05 01 06 05 6162 06 00", ["ab", "ab"]],
  ["date", "08 01 4271f71fb0450000", new AmfDate(1_234_567_890_000)],
  ["XML", "0b 09 3c612f3e", new AmfXml("<a/>")],
  ["bytes", "0c 07 010203", Uint8Array.of(1, 2, 3)],
  ["object", "0a 0b 01 03 61 04 01 01", amfObject({ a: 1 })],
  ["typed object", "0a 0b 03 41 03 61 04 01 01", new AmfTyped("A", amfObject({ a: 1 }))],
];

for (const [name, bytes, value] of AMF3) {
  test(`AMF3: ${name}`, () => {
    assert.deepEqual(parseAmf3(bytesOf(bytes)).values, [value]);
    assert.equal(hex(serializeAmf3([value])), bytes.replaceAll(" ", ""));
  });
}

const AMF3_READ: readonly (readonly [string, string, AmfValue])[] = [
  ["XML document", "07 09 3c612f3e", new AmfXml("<a/>")],
  ["associative array", "09 03 03 61 01 01 03", amfObject({ a: null, 0: true })],
  ["sealed fields", "0a 23 03 41 03 61 03 62 04 01 04 02", new AmfTyped("A", amfObject({ a: 1, b: 2 }))],
  [
    "traits by reference",
    "09 05 01 0a 13 01 03 61 01 0a 01 03",
    [amfObject({ a: null }), amfObject({ a: true })],
  ],
  ["object by reference", "09 05 01 0a 0b 01 01 0a 02", [amfObject(), amfObject()]],
  ["associative array by reference", "09 05 01 09 01 03 61 01 01 09 02", twice(amfObject({ a: null }))],
  ["vector of int", "0d 05 00 ffffffff 00000002", [-1, 2]],
  ["vector of uint", "0e 03 00 ffffffff", [0xffffffff]],
  ["vector of double", "0f 03 01 3ff0000000000000", [1]],
  ["vector of objects", "10 03 00 01 0a 0b 01 01", [amfObject()]],
  ["dictionary", "11 03 00 06 03 61 04 01", amfObject({ a: 1 })],
];

function twice(value: AmfValue): AmfValue[] {
  return [value, value];
}

for (const [name, bytes, value] of AMF3_READ) {
  test(`AMF3 reads: ${name}`, () => assert.deepEqual(parseAmf3(bytesOf(bytes)).values, [value]));
}

const BAD0: readonly (readonly [string, string, AmfProblemCode])[] = [
  ["cut number", "00 3ff0", "flv.amf-truncated"],
  ["cut string", "02 0005 61", "flv.amf-truncated"],
  ["long string of 4 GB", "0c ffffffff 61", "flv.amf-truncated"],
  ["array of 4 G values", "0a ffffffff 05", "flv.amf-truncated"],
  ["object without end", "03 0001 61 05", "flv.amf-truncated"],
  ["movie clip", "04", "flv.amf-marker"],
  ["end without object", "09", "flv.amf-marker"],
  ["reference to nothing", "07 0000", "flv.amf-reference"],
  ["object that contains itself", "03 0001 61 07 0000 000009", "flv.amf-reference"],
];
for (const [name, bytes, code] of BAD0) {
  test(`AMF0 refuses: ${name}`, () => assert.throws(() => parseAmf0(bytesOf(bytes)), problem(code)));
}

const BAD3: readonly (readonly [string, string, AmfProblemCode])[] = [
  ["cut integer", "04 ff ff", "flv.amf-truncated"],
  ["string of 256 MB", "06 ff ff ff ff 61", "flv.amf-truncated"],
  ["bytes of 256 MB", "0c bf ff ff ff 61", "flv.amf-size"],
  ["string reference to nothing", "06 00", "flv.amf-reference"],
  ["object reference to nothing", "0a 00", "flv.amf-reference"],
  ["traits reference to nothing", "0a 01", "flv.amf-reference"],
  ["externalizable", "0a 07 03 41", "flv.amf-externalizable"],
  ["traits with 30 M names", "0a bf ff ff fb 01", "flv.amf-truncated"],
  ["vector of 256 M", "0d bf ff ff ff 00", "flv.amf-truncated"],
  ["array that contains itself", "09 03 01 09 00", "flv.amf-reference"],
  ["dictionary keyed by an object", "11 03 00 0a 0b 01 01 01", "flv.amf-value"],
  ["unknown marker", "12", "flv.amf-marker"],
];
for (const [name, bytes, code] of BAD3) {
  test(`AMF3 refuses: ${name}`, () => assert.throws(() => parseAmf3(bytesOf(bytes)), problem(code)));
}

test("nesting: 64 levels are read, 65 and 10,000 refused; so with the writers", () => {
  const nested0 = (levels: number) => bytesOf(`${"0a00000001".repeat(levels)}05`);
  const nested3 = (levels: number) => bytesOf(`${"090301".repeat(levels)}01`);
  for (const [parse, make] of [
    [parseAmf0, nested0],
    [parseAmf3, nested3],
  ] as const) {
    parse(make(MAX_AMF_DEPTH));
    for (const levels of [MAX_AMF_DEPTH + 1, 10_000]) {
      assert.throws(() => parse(make(levels)), problem("flv.amf-depth"));
    }
  }
  let value: AmfValue = null;
  for (let i = 0; i < MAX_AMF_DEPTH; i++) value = [value];
  const serializers = [serializeAmf0, serializeAmf3];
  for (const serialize of serializers) serialize([value]);
  for (const serialize of serializers) assert.throws(() => serialize([[value]]), problem("flv.amf-depth"));
});

test("nesting by references and by a switch to AMF3 counts, too", () => {
  // Twice 40 levels: by a reference to the first 40 at the bottom of the second.
  const forty = "0a00000001".repeat(40);
  assert.throws(() => parseAmf0(bytesOf(`${forty}05 ${forty} 070000`)), problem("flv.amf-depth"));
  assert.throws(() => parseAmf0(bytesOf(`${forty}11${"090301".repeat(40)}01`)), problem("flv.amf-depth"));
});

test("references are charged with what they stand for", () => {
  // Each array holds the one before ten times: 10^12 values in 500 bytes.
  let bytes = "0a 00000001 05";
  for (let i = 0; i < 12; i++) bytes += `0a 0000000a ${`07 ${i.toString(16).padStart(4, "0")}`.repeat(10)}`;
  assert.throws(() => parseAmf0(bytesOf(bytes)), problem("flv.amf-size"));
  // A string of 64 KB, again and again.
  const text = `06 87ff01 ${"61".repeat(0x1ff80 >> 1)}`;
  assert.throws(() => parseAmf3(bytesOf(text + "0600".repeat(1000))), problem("flv.amf-size"));
});

test("values are bounded in number", () => {
  assert.throws(() => parseAmf0(new Uint8Array(200_000).fill(5)), problem("flv.amf-size"));
  assert.throws(() => parseAmf3(new Uint8Array(200_000).fill(1)), problem("flv.amf-size"));
});

test("the writer's memory grows", () => {
  for (let size = 240; size < 260; size++) {
    const values = ["x".repeat(size), true, 1, null, true];
    assert.deepEqual(parseAmf0(serializeAmf0(values)).values, values);
    assert.deepEqual(parseAmf3(serializeAmf3(values)).values, values);
  }
});

test("what cannot be written is refused", () => {
  assert.throws(() => serializeAmf0([Uint8Array.of(1)]), problem("flv.amf-value"));
  assert.throws(() => serializeAmf0([{ ["x".repeat(70_000)]: 1 }]), problem("flv.amf-value"));
  assert.throws(() => serializeAmf3([{ "": 1 }]), problem("flv.amf-value"));
});

test("what is an object", () => {
  assert.ok(isAmfObject(amfObject()) && isAmfObject({}));
  const others: AmfValue[] = [null, 1, [], new AmfDate(0), new AmfXml(""), Uint8Array.of(), ecmaArray({})];
  for (const value of others) assert.ok(!isAmfObject(value));
});

const { value: anyValue } = fc.letrec<{ value: AmfValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom<AmfValue>(null, undefined, true, false),
    fc.double(),
    fc.integer(),
    fc.string({ unit: "grapheme" }),
    fc.double().map((ms) => new AmfDate(ms)),
    fc.string().map((text) => new AmfXml(text)),
    fc.array(tie("value"), { maxLength: 5 }),
    fc.dictionary(fc.string({ minLength: 1 }), tie("value"), { maxKeys: 5 }).map(amfObject),
    fc
      .tuple(
        fc.string({ minLength: 1 }),
        fc.dictionary(fc.string({ minLength: 1 }), tie("value"), { maxKeys: 3 }),
      )
      .map(([name, fields]) => new AmfTyped(name, amfObject(fields))),
  ),
}));

test("any values come back as they were written", () => {
  fc.assert(
    fc.property(fc.array(anyValue, { maxLength: 4 }), (values) => {
      assert.deepEqual(parseAmf0(serializeAmf0(values)).values, values);
      const bytes = serializeAmf3(values);
      assert.deepEqual(parseAmf3(bytes).values, values);
      const reader = new Amf3Reader(bytes);
      for (const value of values) assert.deepEqual(reader.read(), value);
      assert.ok(reader.done);
    }),
    { numRuns: 200 },
  );
});

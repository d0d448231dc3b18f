/** Random values of a shape: whatever its tables can write. */
import fc from "fast-check";
import type { Shape } from "../xml/shape.ts";
import {
  base64Form,
  booleanForm,
  byteSpanForm,
  commaListForm,
  dateForm,
  durationForm,
  hexForm,
  integerForm,
  secondsForm,
  signedForm,
  textForm,
  thousandthsForm,
  type ValueForm,
  wordListForm,
} from "../xml/values.ts";
import { escapeText } from "../xml/write.ts";

/** Whether XML can hold it. */
export function isWritable(one: string): boolean {
  try {
    return escapeText(one) !== undefined;
  } catch {
    return false;
  }
}

const integer = fc.oneof(fc.nat(100_000), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }));
/** Every character that XML can hold, no space around it: text is trimmed where it stands between tags. */
const text = fc
  .string({ unit: "grapheme", maxLength: 10 })
  .map((one) => one.trim() || "x")
  .filter(isWritable);
const word = fc.stringMatching(/^[A-Za-z0-9.:-]{1,8}$/);
const words = fc.array(word, { maxLength: 3 });
const bytes = fc.uint8Array({ minLength: 1, maxLength: 9 });
const duration = fc.oneof(
  fc.nat(10_000_000),
  fc.nat(4_000_000_000).map((ms) => ms * 1000),
);

const BY_FORM = new Map<unknown, fc.Arbitrary<unknown>>([
  [textForm, text],
  [integerForm, integer],
  [signedForm, fc.integer()],
  [booleanForm, fc.boolean()],
  [dateForm, fc.integer({ min: 0, max: 4e12 })],
  [durationForm, duration],
  [secondsForm, fc.oneof(fc.integer({ min: -1e9, max: 1e12 }), fc.constant(Number.POSITIVE_INFINITY))],
  [thousandthsForm, fc.integer({ min: -1e6, max: 1e6 })],
  [commaListForm, words],
  [wordListForm, words],
  [
    byteSpanForm,
    fc.oneof(
      fc.record({ first: fc.nat() }, { noNullPrototype: true }),
      fc.record({ first: fc.nat(), last: fc.nat() }, { noNullPrototype: true }),
    ),
  ],
  [base64Form, bytes],
  [hexForm, bytes],
]);

const WORDS = ["static", "dynamic", "base64", "encoder", "captured", "progressive", "video", "audio", "text"];

function valuesOf(form: ValueForm<unknown>): fc.Arbitrary<unknown> {
  const known = BY_FORM.get(form);
  if (known !== undefined) return known;
  const readable = WORDS.filter((one) => form.read(one) !== undefined);
  return readable.length > 0 ? fc.constantFrom(...readable.map((one) => form.read(one))) : fc.boolean();
}

interface Loose {
  attributes?: readonly (readonly [string, string, ValueForm<unknown>])[];
  children?: readonly { key: string; many?: boolean; shape?: Loose; form?: ValueForm<unknown> }[];
  text?: { key: string; form: ValueForm<unknown> };
  required?: readonly string[];
  initial?: Readonly<Record<string, unknown>>;
}

/** Values with what is required always there, the rest sometimes. */
export function arbitraryOf<T>(shape: Shape<T>): fc.Arbitrary<T> {
  return loose(shape as unknown as Loose, 0) as fc.Arbitrary<T>;
}

function loose(shape: Loose, depth: number): fc.Arbitrary<unknown> {
  const model: Record<string, fc.Arbitrary<unknown>> = {};
  for (const [, key, form] of shape.attributes ?? []) model[key] = valuesOf(form);
  for (const child of shape.children ?? []) {
    const one = child.shape === undefined ? valuesOf(child.form!) : loose(child.shape, depth + 1);
    model[child.key] = child.many === true ? fc.array(one, { minLength: 1, maxLength: 2 }) : one;
  }
  // Text beside elements is not written.
  const { text: own } = shape;
  if (own !== undefined && shape.children === undefined) model[own.key] = valuesOf(own.form);
  const always = new Set([...(shape.required ?? []), ...Object.keys(shape.initial ?? {})]);
  const optional = Object.keys(model).filter((key) => !always.has(key));
  // A few of the many at a time, so that documents stay small.
  return fc
    .subarray(optional, { maxLength: Math.min(optional.length, depth === 0 ? 12 : 6) })
    .chain((chosen) => {
      const picked = Object.entries(model).filter(([key]) => always.has(key) || chosen.includes(key));
      return fc.record(Object.fromEntries(picked), { noNullPrototype: true });
    });
}

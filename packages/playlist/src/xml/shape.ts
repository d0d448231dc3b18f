import { elementsOf, textOf, type XmlElement } from "./element.ts";
import type { ValueForm } from "./values.ts";
import type { XmlAttribute, XmlWriter } from "./write.ts";

type ItemOf<V> = V extends readonly (infer Item)[] ? Item : V;

/** An attribute: its name, the property it becomes, how it is written. */
export type AttributeShape<T> = {
  [K in keyof T]-?: readonly [name: string, key: K, form: ValueForm<Exclude<T[K], undefined>>];
}[keyof T];

/** A kind of child elements: one at most, or a list of any length. */
export type ChildShape<T> = {
  [K in keyof T]-?: {
    /** As it is written, with a prefix where it has one; it is read by what stands behind that. */
    readonly element: string;
    readonly key: K;
    readonly many?: boolean;
    /** Declared as the default on the element. */
    readonly namespace?: string;
  } & (
    | { readonly shape: Shape<ItemOf<Exclude<T[K], undefined>>> }
    // An element with nothing but text.
    | { readonly form: ValueForm<ItemOf<Exclude<T[K], undefined>>> }
  );
}[keyof T];

/**
 * What an element looks like: one table for reading and writing, so that the two agree. The order of the children is that
 * of the schema.
 */
export interface Shape<T> {
  readonly attributes?: readonly AttributeShape<T>[];
  readonly children?: readonly ChildShape<T>[];
  /** The element's own text. */
  readonly text?: {
    [K in keyof T]-?: { readonly key: K; readonly form: ValueForm<Exclude<T[K], undefined>> };
  }[keyof T];
  /** Attributes that say what the children show; they are written and never read. */
  readonly counts?: readonly (readonly [name: string, count: (value: T) => number])[];
  /** Without these it is passed over, unless `otherwise` has a value for what is missing. */
  readonly required?: readonly (keyof T)[];
  readonly otherwise?: Partial<T>;
  /** What is there even where nothing was read: empty lists. */
  readonly initial?: Partial<T>;
  /** Written as it stands, where the property is there: declarations of namespaces. */
  readonly constants?: readonly (readonly [name: string, value: string, forKey?: keyof T])[];
}

/** Told what cannot be read, with its line. */
export type ShapeProblem = (line: number, message: string) => void;

/** The views that reading and writing take of a shape: which property has which type no longer matters there. */
interface LooseShape {
  readonly attributes?: readonly (readonly [string, string, ValueForm<unknown>])[];
  readonly children?: readonly LooseChild[];
  readonly text?: { readonly key: string; readonly form: ValueForm<unknown> };
  readonly counts?: readonly (readonly [string, (value: unknown) => number])[];
  readonly required?: readonly string[];
  readonly otherwise?: Readonly<Record<string, unknown>>;
  readonly initial?: Readonly<Record<string, unknown>>;
  readonly constants?: readonly (readonly [string, string, string?])[];
}
interface LooseChild {
  readonly element: string;
  readonly key: string;
  readonly many?: boolean;
  readonly namespace?: string;
  readonly shape?: LooseShape;
  readonly form?: ValueForm<unknown>;
}

/** Reads an element; what cannot be read is passed over and told. Undefined where something required is missing. */
export function readShape<T>(element: XmlElement, shape: Shape<T>, problem: ShapeProblem): T | undefined {
  return read(element, shape as unknown as LooseShape, problem) as T | undefined;
}

function read(element: XmlElement, shape: LooseShape, problem: ShapeProblem): unknown {
  const value: Record<string, unknown> = {};
  for (const [name, key, form] of shape.attributes ?? []) {
    const text = attributeOf(element, name);
    if (text === undefined) continue;
    const one = form.read(text);
    if (one === undefined) problem(element.line, `${element.name}@${name} "${text}" cannot be read`);
    else value[key] = one;
  }
  // Beside elements there is no text that means something.
  if (shape.text !== undefined && elementsOf(element).length === 0) {
    const one = form(shape.text, element, problem);
    if (one !== undefined && textOf(element) !== "") value[shape.text.key] = one;
  }
  if (shape.children !== undefined) readChildren(element, { value, shapes: shape.children, problem });
  for (const [key, initial] of Object.entries(shape.initial ?? {})) value[key] ??= initial;
  for (const key of shape.required ?? []) {
    if (value[key] !== undefined) continue;
    const otherwise = shape.otherwise?.[key];
    problem(element.line, `${element.name} has no ${key} that can be read`);
    if (otherwise === undefined) return undefined;
    value[key] = otherwise;
  }
  return value;
}

function form(
  { form: text }: { readonly form: ValueForm<unknown> },
  element: XmlElement,
  problem: ShapeProblem,
): unknown {
  const one = text.read(textOf(element));
  if (one === undefined) problem(element.line, `the text of ${element.name} cannot be read`);
  return one;
}

function readChildren(
  element: XmlElement,
  into: {
    readonly value: Record<string, unknown>;
    readonly shapes: readonly LooseChild[];
    readonly problem: ShapeProblem;
  },
): void {
  const { value, shapes, problem } = into;
  const byName = new Map(shapes.map((one) => [localName(one.element), one]));
  for (const child of elementsOf(element)) {
    const kind = byName.get(child.name);
    if (kind === undefined) continue;
    const one =
      kind.shape === undefined
        ? form(kind as { form: ValueForm<unknown> }, child, problem)
        : read(child, kind.shape, problem);
    if (one === undefined) continue;
    const before = value[kind.key];
    if (kind.many !== true) {
      if (before === undefined) value[kind.key] = one;
      else problem(child.line, `${child.name} is given twice`);
    } else if (Array.isArray(before)) before.push(one);
    else value[kind.key] = [one];
  }
}

function attributeOf(element: XmlElement, name: string): string | undefined {
  const text = element.attributes.get(name);
  if (text !== undefined || !name.includes(":")) return text;
  // Another prefix may stand for the same namespace.
  const end = `:${localName(name)}`;
  for (const [written, value] of element.attributes) if (written.endsWith(end)) return value;
  return undefined;
}

function localName(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}

/** Writes an element. Throws `playlist.bad-value` for what cannot be written. */
export function writeShape<T>(
  writer: XmlWriter,
  element: { readonly name: string; readonly shape: Shape<T>; readonly namespace?: string },
  value: T,
): void {
  write(writer, element as unknown as Parameters<typeof write>[1], value as Record<string, unknown>);
}

function write(
  writer: XmlWriter,
  element: { readonly name: string; readonly shape: LooseShape; readonly namespace?: string | undefined },
  value: Readonly<Record<string, unknown>>,
): void {
  const { name, shape, namespace } = element;
  const attributes: XmlAttribute[] = namespace === undefined ? [] : [["xmlns", namespace]];
  for (const [constant, text, forKey] of shape.constants ?? [])
    if (forKey === undefined || value[forKey] !== undefined) attributes.push([constant, text]);
  for (const [attribute, key, codec] of shape.attributes ?? [])
    if (value[key] !== undefined) attributes.push([attribute, codec.write(value[key])]);
  for (const [attribute, count] of shape.counts ?? []) attributes.push([attribute, String(count(value))]);
  const children = (shape.children ?? []).filter((child) => !isEmpty(value[child.key]));
  if (children.length === 0) {
    const text = shape.text === undefined ? undefined : value[shape.text.key];
    writer.leaf(name, attributes, text === undefined ? undefined : shape.text?.form.write(text));
    return;
  }
  writer.open(name, attributes);
  for (const child of children) {
    const items = child.many === true ? (value[child.key] as readonly unknown[]) : [value[child.key]];
    for (const item of items) writeChild(writer, child, item);
  }
  writer.close();
}

function isEmpty(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.length === 0);
}

function writeChild(writer: XmlWriter, child: LooseChild, item: unknown): void {
  const { element: name, namespace } = child;
  if (child.shape !== undefined)
    write(writer, { name, shape: child.shape, namespace }, item as Record<string, unknown>);
  else writer.leaf(name, namespace === undefined ? [] : [["xmlns", namespace]], child.form?.write(item));
}

/** An element of XML 1.0 with Namespaces. Comments and processing instructions are not kept. */
export interface XmlElement {
  /** Without its prefix. */
  readonly name: string;
  /** Empty where it has none. */
  readonly namespace: string;
  /** By the name as written, prefix included; declarations of namespaces are among them. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlNode[];
  /** From 1. */
  readonly line: number;
}

/** A child: an element, or text with its entities resolved. */
export type XmlNode = XmlElement | string;

/** The element children, in order. */
export function elementsOf(element: XmlElement): XmlElement[] {
  return element.children.filter((child): child is XmlElement => typeof child !== "string");
}

/** The text directly within it, without the white space around. */
export function textOf(element: XmlElement): string {
  return element.children
    .filter((child) => typeof child === "string")
    .join("")
    .trim();
}

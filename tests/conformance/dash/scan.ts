import { createRequire } from "node:module";
import type { Fetch } from "../hls-linter/model.ts";
import type { Element, MpdView, RepresentationView, TemplateView, TimelineSegment } from "./model.ts";

/** The part of the DOM that is used. mpd-parser carries no types. */
interface DomElement {
  readonly nodeType: number;
  readonly tagName: string;
  readonly localName: string | null;
  readonly nodeValue: string | null;
  readonly attributes: ArrayLike<{ readonly name: string; readonly value: string }>;
  readonly childNodes: ArrayLike<DomElement>;
}
const { stringToMpdXml } = createRequire(import.meta.url)("mpd-parser") as {
  stringToMpdXml: (text: string) => DomElement;
};

const ELEMENT = 1;
const TEXT = 3;
const CDATA = 4;

/** Takes an MPD apart; undefined where it is none. `@millrace/playlist` has no part in it. */
export function scanMpd(fetch: Fetch): MpdView | undefined {
  const text = new TextDecoder().decode(fetch.bytes);
  let dom: DomElement;
  try {
    dom = stringToMpdXml(text);
  } catch {
    return undefined;
  }
  const root = elementOf(dom);
  const periods = childrenOf(root, "Period");
  return {
    fetch,
    text,
    root,
    isDynamic: root.attributes.get("type") === "dynamic",
    periods,
    representations: periods.flatMap((period) =>
      childrenOf(period, "AdaptationSet").flatMap((set) =>
        childrenOf(set, "Representation").map((element) => viewOf(period, set, element)),
      ),
    ),
  };
}

function elementOf(dom: DomElement): Element {
  const nodes = Array.from(dom.childNodes);
  return {
    name: dom.localName ?? dom.tagName,
    attributes: new Map(Array.from(dom.attributes).map((one) => [one.name, one.value])),
    children: nodes.filter((one) => one.nodeType === ELEMENT).map(elementOf),
    text: nodes
      .filter((one) => one.nodeType === TEXT || one.nodeType === CDATA)
      .map((one) => one.nodeValue ?? "")
      .join("")
      .trim(),
  };
}

export function childrenOf(element: Element | undefined, name: string): Element[] {
  return element?.children.filter((child) => child.name === name) ?? [];
}

/** Every element within, itself first. */
export function* within(element: Element): Generator<Element> {
  yield element;
  for (const child of element.children) yield* within(child);
}

function viewOf(period: Element, set: Element, element: Element): RepresentationView {
  const attribute = (name: string) => element.attributes.get(name) ?? set.attributes.get(name) ?? "";
  const kind = set.attributes.get("contentType") ?? /^[a-z]+/.exec(attribute("mimeType"))?.[0] ?? "unknown";
  return {
    period,
    set,
    element,
    where: `Representation "${element.attributes.get("id") ?? ""}"`,
    kind,
    template: templateOf([period, set, element]),
  };
}

/** An attribute of the representation, or of its set. */
export function commonAttribute({ element, set }: RepresentationView, name: string): string | undefined {
  return element.attributes.get(name) ?? set.attributes.get(name);
}

function templateOf(levels: readonly Element[]): TemplateView | undefined {
  const templates = levels.flatMap((level) => childrenOf(level, "SegmentTemplate"));
  if (templates.length === 0) return undefined;
  const attributes = new Map(templates.flatMap((one) => [...one.attributes]));
  const timeline = templates.flatMap((one) => childrenOf(one, "SegmentTimeline")).at(-1);
  const startNumber = Number(attributes.get("startNumber") ?? 1);
  return { attributes, timeline: timeline && segmentsOf(timeline, startNumber) };
}

const MOST = 100_000;

function segmentsOf(timeline: Element, startNumber: number): TimelineSegment[] {
  const segments: TimelineSegment[] = [];
  let start = 0;
  let number = startNumber;
  for (const { attributes } of childrenOf(timeline, "S")) {
    start = Number(attributes.get("t") ?? start);
    number = Number(attributes.get("n") ?? number);
    const duration = Number(attributes.get("d"));
    const times = Math.max(0, Number(attributes.get("r") ?? 0)) + 1;
    for (let i = 0; i < times && segments.length < MOST; i += 1) {
      segments.push({ start, duration, number });
      start += duration;
      number += 1;
    }
  }
  return segments;
}

/** xs:duration in seconds; undefined where it is none. */
export function secondsOf(text: string | undefined): number | undefined {
  const match = /^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(
    text ?? "",
  );
  if (match === null || /[PT]$/.test(text ?? "")) return undefined;
  const [, years = 0, months = 0, days = 0, , hours = 0, minutes = 0, seconds = 0] = match;
  const whole = (Number(years) * 365 + Number(months) * 30 + Number(days)) * 86_400;
  return whole + Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
}

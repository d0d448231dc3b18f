import { decimal } from "../table.ts";
import type { Frame } from "./cpu-profile.ts";

const WIDTH = 1400;
const ROW = 17;
const MARGIN = 10;
const HEAD = 44;
/** Narrower ones would not be seen. */
const LEAST_WIDTH = 0.4;
/** Of a letter, about. */
const LETTER = 6.6;

interface Box {
  readonly frame: Frame;
  readonly depth: number;
  readonly x: number;
  readonly width: number;
}

/**
 * A flame graph that stands by itself: who calls stands above what is called, a box is as wide as the time that was spent in it
 * and below it, and tells its numbers when pointed at.
 */
export function flameSvg(top: Frame, title: string): string {
  const boxes = layOut(top);
  const rows = boxes.reduce((most, box) => Math.max(most, box.depth), 0) + 1;
  const height = HEAD + rows * ROW + MARGIN;
  const legend = COLOURS.map(([name, , hue], i) => legendEntry(name, hue, i)).join("\n");
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="monospace" font-size="11">
<rect width="${WIDTH}" height="${height}" fill="#fff"/>
<text x="${MARGIN}" y="18" font-size="14" font-weight="bold">${escapeXml(title)}</text>
${legend}
${boxes.map((box) => boxSvg(box, top.totalUs)).join("\n")}
</svg>
`;
}

function layOut(top: Frame): Box[] {
  const boxes: Box[] = [];
  const scale = top.totalUs === 0 ? 0 : (WIDTH - 2 * MARGIN) / top.totalUs;
  const place = (frame: Frame, depth: number, x: number): void => {
    const width = frame.totalUs * scale;
    if (width < LEAST_WIDTH) return;
    boxes.push({ frame, depth, x, width });
    let at = x;
    const children = [...frame.children.values()].sort((a, b) => b.totalUs - a.totalUs);
    for (const child of children) {
      place(child, depth + 1, at);
      at += child.totalUs * scale;
    }
  };
  place(top, 0, MARGIN);
  return boxes;
}

function boxSvg({ frame, depth, x, width }: Box, totalUs: number): string {
  const percent = (us: number) => `${decimal((us / totalUs) * 100, 1)} %`;
  const where = frame.place === "" ? "" : `\n${frame.place}`;
  const told = `${frame.name}${where}\n${percent(frame.totalUs)} with what it calls, ${percent(frame.selfUs)} itself`;
  const letters = Math.floor((width - 4) / LETTER);
  const name = frame.name.length <= letters ? frame.name : `${frame.name.slice(0, letters - 1)}…`;
  const y = HEAD + depth * ROW;
  const text =
    letters < 3
      ? ""
      : `<text x="${decimal(x + 2, 1)}" y="${y + 12}" pointer-events="none">${escapeXml(name)}</text>`;
  const fill = `hsl(${hueOf(frame)} 70% ${72 - (depth % 3) * 4}%)`;
  const shape = `x="${decimal(x, 1)}" y="${y}" width="${decimal(Math.max(width - 0.5, 0.3), 1)}" height="${ROW - 1}"`;
  return `<g><title>${escapeXml(told)}</title><rect ${shape} fill="${fill}"/>${text}</g>`;
}

/** What a function belongs to, by where it is. */
const COLOURS: readonly (readonly [name: string, place: RegExp, hue: number])[] = [
  ["packages", /^packages\//, 130],
  ["engine", /^engine\//, 30],
  ["protocols", /^protocols\//, 55],
  ["native", /^native\//, 0],
  ["services, apps", /^(services|apps)\//, 300],
  ["node", /^node:/, 205],
  ["V8 and C++", /^$/, 235],
];

function hueOf({ place }: Frame): number {
  return COLOURS.find(([, pattern]) => pattern.test(place))?.[2] ?? 180;
}

function legendEntry(name: string, hue: number, index: number): string {
  const x = MARGIN + index * 120;
  return `<rect x="${x}" y="27" width="10" height="10" fill="hsl(${hue} 70% 70%)"/><text x="${x + 14}" y="36">${name}</text>`;
}

function escapeXml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

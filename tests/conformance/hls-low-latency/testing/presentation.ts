import assert from "node:assert/strict";
import type { Fetch } from "../../hls-linter/model.ts";
import type { RuleCase as Case, Change as DraftChange } from "../../kit/rule-tests.ts";
import type { LowLatencyObservation } from "../model.ts";

const BASE = "http://127.0.0.1:8080/news/";
export const PARTS_A_SEGMENT = 4;
const WINDOW = 9;
const FIRST = 40;

/** A request and what is answered. */
export interface DraftAnswer {
  query: string;
  /** How many parts there are by then, since segment `FIRST` began. */
  parts: number;
  atMs: number;
  /** How long it was held back. */
  heldMs?: number;
  status?: number;
  /** Segments that a delta update leaves out. */
  skip?: number;
}

/** A low-latency presentation without a fault, for tests to break. */
export interface Draft {
  head: string[];
  answers: DraftAnswer[];
  /** Lines of a part, by its index since the beginning. */
  partLine: (index: number) => string;
  /** Lines of a segment before its parts, by its number. */
  segmentLines: (sequence: number) => string[];
  /** Lines of a segment behind its parts, EXTINF among them. */
  endLines: (sequence: number) => string[];
  trailer: (parts: number) => string[];
  /** Applied to the whole text of each answer. */
  edit: (text: string, answer: number) => string;
  partStatus: number;
  /** Lines of the second playlist's only answer, at the same time as the first answer of the first. */
  second: (text: string) => string;
}

const uriOf = (index: number): string =>
  `${FIRST + Math.floor(index / PARTS_A_SEGMENT)}.${index % PARTS_A_SEGMENT}.mp4`;

export function draft(): Draft {
  return {
    head: [
      "#EXTM3U",
      "#EXT-X-VERSION:9",
      "#EXT-X-INDEPENDENT-SEGMENTS",
      "#EXT-X-TARGETDURATION:4",
      "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=24.0,HOLD-BACK=12.0,PART-HOLD-BACK=3.0",
      "#EXT-X-PART-INF:PART-TARGET=1.0",
    ],
    answers: [
      { query: "", parts: 40, atMs: 0 },
      { query: "?_HLS_msn=50&_HLS_part=0", parts: 41, atMs: 10, heldMs: 900 },
      { query: "?_HLS_msn=50&_HLS_part=1", parts: 42, atMs: 920, heldMs: 980 },
      { query: "?_HLS_msn=50&_HLS_part=3&_HLS_skip=YES", parts: 44, atMs: 1910, heldMs: 1900, skip: 3 },
    ],
    partLine: (index) =>
      `#EXT-X-PART:DURATION=1.000,URI="${uriOf(index)}"${index % PARTS_A_SEGMENT === 0 ? ",INDEPENDENT=YES" : ""}`,
    segmentLines: () => [],
    endLines: (sequence) => ["#EXTINF:4.000,", `${sequence}.mp4`],
    trailer: (parts) => [
      `#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${uriOf(parts)}"`,
      `#EXT-X-RENDITION-REPORT:URI="low.m3u8",LAST-MSN=${FIRST + Math.floor((parts - 1) / PARTS_A_SEGMENT)},LAST-PART=3`,
    ],
    edit: (text) => text,
    partStatus: 200,
    second: (text) => text,
  };
}

export function observe(from: Draft): LowLatencyObservation {
  const url = `${BASE}index.m3u8`;
  const answers = from.answers.map((answer, i) => {
    const { query, atMs, heldMs = 5, status = 200 } = answer;
    const bytes = new TextEncoder().encode(from.edit(textOf(from, answer), i));
    return fetchOf(url + query, { sentMs: atMs, doneMs: atMs + heldMs, status, bytes });
  });
  const secondText = textOf(from, { query: "", parts: 40, atMs: 0 }).replace(
    'URI="low.m3u8"',
    'URI="index.m3u8"',
  );
  const second = fetchOf(`${BASE}low.m3u8`, {
    sentMs: 0,
    doneMs: 5,
    status: 200,
    bytes: new TextEncoder().encode(from.second(from.edit(secondText, 0))),
  });
  const part = fetchOf(BASE + uriOf(39), {
    sentMs: 20,
    doneMs: 30,
    status: from.partStatus,
    bytes: new Uint8Array(9),
  });
  return {
    streams: [
      { url, answers },
      { url: second.url, answers: [second] },
    ],
    parts: [part],
  };
}

function fetchOf(url: string, fetch: Omit<Fetch, "url">): Fetch {
  return { url, ...fetch };
}

function textOf(from: Draft, { parts, skip = 0 }: DraftAnswer): string {
  const complete = Math.floor(parts / PARTS_A_SEGMENT);
  const first = Math.max(0, complete - WINDOW);
  const lines = [...from.head, `#EXT-X-MEDIA-SEQUENCE:${FIRST + first}`];
  if (skip > 0) lines.push(`#EXT-X-SKIP:SKIPPED-SEGMENTS=${skip}`);
  for (let i = first + skip; i <= complete; i += 1) {
    lines.push(...from.segmentLines(FIRST + i));
    const isNear = i >= complete - 3;
    for (let k = i * PARTS_A_SEGMENT; isNear && k < Math.min(parts, (i + 1) * PARTS_A_SEGMENT); k += 1)
      lines.push(from.partLine(k));
    if (i < complete) lines.push(...from.endLines(FIRST + i));
  }
  return `${[...lines, ...from.trailer(parts)].join("\n")}\n`;
}

export type Change = DraftChange<Draft>;
export type RuleCase = Case<Draft>;

/** Replaces text in every answer, and must hit one. */
export function replacing(from: string | RegExp, to: string, only?: number): Change {
  return (changed) => {
    const before = changed.edit;
    let hits = 0;
    changed.edit = (text, answer) => {
      const old = before(text, answer);
      if (only !== undefined && answer !== only) return old;
      const edited = old.replaceAll(from instanceof RegExp ? new RegExp(from, "gm") : from, () => to);
      if (edited !== old) hits += 1;
      assert.ok(hits > 0 || answer < changed.answers.length - 1, "the replacement must hit");
      return edited;
    };
  };
}

/** Several changes at once. */
export function all(...changes: Change[]): Change {
  return (changed) => {
    for (const change of changes) change(changed);
  };
}

/** One request more. */
export function asking(answer: DraftAnswer): Change {
  return (changed) => {
    changed.answers.push(answer);
  };
}

import assert from "node:assert/strict";
import type { RuleCase as Case, Change as DraftChange } from "../../kit/rule-tests.ts";
import type { Draft } from "./presentation.ts";
import type { SegmentFault } from "./synthetic-segment.ts";

export type Change = DraftChange<Draft>;
export type RuleCase = Case<Draft>;

/** The presentation as it is. */
export const untouched: Change = () => {};

/** Replaces `from` in every version of the playlist. */
export function replacing(from: string | RegExp, to: string): Change {
  return (draft) => {
    const before = draft.edit;
    let hits = 0;
    draft.edit = (text, reload) => {
      const old = before(text, reload);
      const edited = old.replaceAll(from instanceof RegExp ? new RegExp(from, "g") : from, to);
      if (edited !== old) hits += 1;
      assert.ok(hits > 0 || reload < draft.reloads.length - 1, "the replacement must hit");
      return edited;
    };
  };
}

/** Adds lines before those of one segment. */
export function addingTo(index: number, ...lines: string[]): Change {
  return (draft) => {
    const before = draft.segmentLines;
    draft.segmentLines = (i) => (i === index ? [...lines, ...before(i)] : before(i));
  };
}

/** Adds lines to the head. */
export function heading(...lines: string[]): Change {
  return (draft) => {
    const before = draft.head;
    draft.head = (first) => [...before(first), ...lines];
  };
}

/** Gives one segment's media a fault. */
export function faulty(index: number, fault: SegmentFault): Change {
  return (draft) => {
    draft.segmentFaults.set(index, fault);
  };
}

/** A multivariant playlist of these lines. */
export function under(...lines: string[]): Change {
  return (draft) => {
    draft.multivariant = ["#EXTM3U", "#EXT-X-VERSION:4", ...lines];
  };
}

/** Several changes at once. */
export function all(...changes: Change[]): Change {
  return (draft) => {
    for (const change of changes) change(draft);
  };
}

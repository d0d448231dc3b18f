import assert from "node:assert/strict";
import { eventually } from "./lane.ts";

/** What keeps the process alive now, by kind; timers that belong to the test runner included. */
function openHandles(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

/** Runs `body` and fails unless everything that it opened is closed soon after it resolved. */
export async function leavesNothingOpen(body: () => Promise<void>): Promise<void> {
  const before = openHandles();
  await body();
  const left = (): string[] => {
    const more: string[] = [];
    for (const [kind, count] of openHandles()) {
      // Immediates and the timer of the wait itself come and go.
      if (kind === "Immediate" || kind === "CloseReq") continue;
      const spare = kind === "Timeout" ? 1 : 0;
      if (count > (before.get(kind) ?? 0) + spare) more.push(`${kind} × ${count - (before.get(kind) ?? 0)}`);
    }
    return more;
  };
  await eventually(() => left().length === 0, {
    timeoutMs: 1500,
    what: () => `left open: ${left().join(", ")}`,
  });
  assert.deepEqual(left(), []);
}

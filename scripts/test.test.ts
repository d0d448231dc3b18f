import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

let folder = "";
before(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-test-"));
  mkdirSync(join(folder, "some/deep"), { recursive: true });
  writeFileSync(
    join(folder, "some/deep/a.test.ts"),
    `import { test } from "node:test";
     test("left out", (t) => t.skip("no camera here"));
     test("left out without a word", { skip: true }, () => {});
     test("good", () => {});
     test("bad", () => { throw new Error("this one fails"); });`,
  );
  writeFileSync(
    join(folder, "some/good.test.ts"),
    'import { test } from "node:test"; test("fine", () => {});',
  );
});
after(() => rmSync(folder, { recursive: true, force: true }));

function run(...args: string[]): { status: number | null; output: string } {
  // Without this, the inner run takes itself for a part of the outer one.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const command = [join(import.meta.dirname, "test.ts"), ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, {
    cwd: folder,
    env,
    encoding: "utf8",
  });
  return { status, output: stdout + stderr };
}

test("skipped tests are named with their reasons, before the summary, and a failure is the exit status", () => {
  const { status, output } = run("some/deep");
  assert.equal(status, 1);
  const order = [
    "2 TESTS WERE SKIPPED",
    "left out",
    "no camera here",
    "no reason given",
    "tests 4",
    "this one fails",
  ];
  const end = order.reduce((at, text) => {
    const next = output.indexOf(text, at);
    assert.ok(next >= 0, `"${text}" is missing or out of order in:\n${output}`);
    return next;
  }, 0);
  assert.ok(end > 0);
});

test("paths and options pass through; nothing is said of skips when there are none", () => {
  const { status, output } = run("some/good.test.ts", "--test-name-pattern", "fine");
  assert.equal(status, 0);
  assert.match(output, /pass 1/);
  assert.doesNotMatch(output, /SKIPPED/);
});

test("a path without tests is a failure", () => {
  assert.equal(run("some/nothing.test.ts").status, 1);
});

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import { whyNoAddon } from "../testing/implementations.ts";

/** Bytes a datagram: what a batch of 200 takes, and garbage of the compiler. The smallest object there is takes 16. */
const MOST = 6;

describe("allocation", { skip: whyNoAddon() ?? false }, () => {
  test("a datagram that is sent and received takes nothing from the heap", () => {
    const child = new URL("../testing/allocation-child.ts", import.meta.url).pathname;
    const { stdout, stderr } = spawnSync(process.execPath, [child], { encoding: "utf8", timeout: 120_000 });
    assert.equal(stderr, "");
    const lines = stdout.trim().split("\n");
    assert.deepEqual(
      lines.map((line) => line.split(" ")[0]),
      ["copied", "sliced", "gathered"],
    );
    for (const line of lines) assert.ok(Number(line.split(" ")[1]) < MOST, `${line} bytes a datagram`);
  });
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseTarget } from "./target.ts";

test("targets are decoded once, and those that climb are refused", () => {
  const good: [string, string, Record<string, string>][] = [
    ["/demo/index.m3u8", "/demo/index.m3u8", {}],
    ["/a%20b/mpegts?token=x%26y&n=1", "/a b/mpegts", { token: "x&y", n: "1" }],
    ["http://host:8080/live/one/mpegts", "/live/one/mpegts", {}],
    ["/x?", "/x", {}],
  ];
  for (const [target, path, query] of good) assert.deepEqual(parseTarget(target), { path, query }, target);
  const bad = ["/../etc/passwd", "/a/%2e%2e/b", "/a/..%2fb", "/%", "/a%00b", "/a\\b", "relative", "/./a"];
  for (const target of bad) assert.equal(parseTarget(target), undefined, target);
});

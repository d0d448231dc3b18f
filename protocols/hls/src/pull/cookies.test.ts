import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { CookieJar } from "./cookies.ts";

const FROM = new URL("http://media.example.com/live/list.m3u8");

suite("cookies", () => {
  const cases: readonly [header: string, to: string, sent: string | undefined][] = [
    ["a=1", "http://media.example.com/live/0.ts", "a=1"],
    ["a=1", "http://media.example.com/other/0.ts", undefined],
    ["a=1; Path=/", "http://media.example.com/other/0.ts", "a=1"],
    ["a=1; Path=/live", "http://media.example.com/lively", undefined],
    ["a=1; Path=/", "http://example.com/", undefined],
    ["a=1; Path=/; Domain=example.com", "http://other.example.com/", "a=1"],
    ["a=1; Path=/; Domain=.example.com", "http://example.com/", "a=1"],
    ["a=1; Path=/; Domain=example.org", "http://example.org/", undefined],
    ["a=1; Path=/; Domain=com", "http://other.com/", undefined],
    ["a=1; Path=/; Secure", "http://media.example.com/", undefined],
    ["a=1; Path=/; Secure", "https://media.example.com/", "a=1"],
    ["a=1; Path=/; Max-Age=0", "http://media.example.com/", undefined],
    ["a=1; Path=/; Expires=Thu, 01 Jan 2026 00:00:00 GMT", "http://media.example.com/", undefined],
    ["a=1; Path=/; Expires=Thu, 01 Jan 2026 00:00:00 GMT; Max-Age=60", "http://media.example.com/", "a=1"],
    ["a=b=c; Path=/", "http://media.example.com/", "a=b=c"],
    ["=1; Path=/", "http://media.example.com/", undefined],
    [`a=${"x".repeat(5000)}; Path=/`, "http://media.example.com/", undefined],
  ];
  for (const [header, to, sent] of cases) {
    test(`"${header.slice(0, 60)}" to ${to}: ${sent ?? "nothing"}`, () => {
      const jar = new CookieJar();
      jar.take(FROM, [header], Date.UTC(2026, 5, 1));
      assert.equal(jar.header(new URL(to)), sent);
    });
  }

  test("the last of a name counts, longer paths go first, and their number is bounded", () => {
    const jar = new CookieJar();
    jar.take(FROM, ["a=1; Path=/", "a=2; Path=/", "a=3"], 0);
    assert.equal(jar.header(FROM), "a=3; a=2");
    for (let i = 0; i < 1000; i++) jar.take(FROM, [`c${i}=1; Path=/`], 0);
    assert.equal(jar.header(FROM)?.split("; ").length, 64);
  });
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { HttpRoute } from "./route.ts";
import { RouteTable } from "./route-table.ts";

function route(pattern: RegExp, documents: boolean, methods: readonly string[] = ["GET", "HEAD"]): HttpRoute {
  const handle = (): void => {};
  return documents ? { documents, methods, pattern, handle } : { methods, pattern, handle };
}

const GENERAL = route(/^\/(.+)\/first\.ts$/, false);
const POSTED = route(/^\/(.+)\.ts$/, false, ["POST"]);
const SEGMENT = route(/^\/(.+)\/([^/]+)\.ts$/, true);
const GET_ONLY = route(/^\/only$/, true, ["GET"]);
const LATER = route(/^\/(.+)\/a\.ts$/, false);
const table = () => new RouteTable([GENERAL, POSTED, SEGMENT, GET_ONLY, LATER]);

test("the first route that takes a request decides whether it is one for a document", () => {
  const cases: ["GET" | "HEAD", string, HttpRoute | undefined][] = [
    ["GET", "/one/a.ts", SEGMENT],
    ["HEAD", "/one/a.ts", SEGMENT],
    ["GET", "/one/first.ts", undefined],
    ["GET", "/only", GET_ONLY],
    ["HEAD", "/only", undefined],
    ["GET", "/nothing", undefined],
    ["GET", "/a/../b.ts", undefined],
    ["GET", "/%ff/b.ts", undefined],
  ];
  const routes = table();
  for (let round = 0; round < 2; round++)
    for (const [method, target, wanted] of cases)
      assert.equal(routes.findDocument(method, target)?.route, wanted, `${method} ${target}`);
});

test("a target is read once, with its query", () => {
  const routes = table();
  const found = routes.findDocument("GET", "/o%6ee/a.ts?x=1&x=2");
  assert.deepEqual(
    [found?.path, { ...found?.query }, found?.match[1], found?.match[2]],
    ["/one/a.ts", { x: "2" }, "one", "a"],
  );
  assert.equal(routes.findDocument("GET", "/o%6ee/a.ts?x=1&x=2"), found);
});

test("what is asked for again and again is remembered, and others do not fill memory", () => {
  const routes = table();
  const often = routes.findDocument("GET", "/one/often.ts");
  const once = routes.findDocument("GET", "/one/once.ts");
  for (let i = 0; i < 5000; i++) {
    routes.findDocument("GET", `/one/${i}.ts`);
    assert.equal(routes.findDocument("GET", "/one/often.ts"), often);
  }
  assert.notEqual(routes.findDocument("GET", "/one/once.ts"), once);
  const long = `/one/${"a".repeat(2000)}.ts`;
  assert.notEqual(routes.findDocument("GET", long), routes.findDocument("GET", long));
});

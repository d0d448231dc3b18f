import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { resolveUri } from "./uri.ts";

/** RFC 3986 §5.4.1 and §5.4.2, with `http://a/b/c/d;p?q` as the base. */
const EXAMPLES: readonly (readonly [reference: string, resolved: string])[] = [
  ["g:h", "g:h"],
  ["g", "http://a/b/c/g"],
  ["./g", "http://a/b/c/g"],
  ["g/", "http://a/b/c/g/"],
  ["/g", "http://a/g"],
  ["//g", "http://g"],
  ["?y", "http://a/b/c/d;p?y"],
  ["g?y", "http://a/b/c/g?y"],
  ["#s", "http://a/b/c/d;p?q#s"],
  ["g#s", "http://a/b/c/g#s"],
  ["g?y#s", "http://a/b/c/g?y#s"],
  [";x", "http://a/b/c/;x"],
  ["g;x", "http://a/b/c/g;x"],
  ["g;x?y#s", "http://a/b/c/g;x?y#s"],
  ["", "http://a/b/c/d;p?q"],
  [".", "http://a/b/c/"],
  ["./", "http://a/b/c/"],
  ["..", "http://a/b/"],
  ["../", "http://a/b/"],
  ["../g", "http://a/b/g"],
  ["../..", "http://a/"],
  ["../../", "http://a/"],
  ["../../g", "http://a/g"],
  ["../../../g", "http://a/g"],
  ["../../../../g", "http://a/g"],
  ["/./g", "http://a/g"],
  ["/../g", "http://a/g"],
  ["g.", "http://a/b/c/g."],
  [".g", "http://a/b/c/.g"],
  ["g..", "http://a/b/c/g.."],
  ["..g", "http://a/b/c/..g"],
  ["./../g", "http://a/b/g"],
  ["./g/.", "http://a/b/c/g/"],
  ["g/./h", "http://a/b/c/g/h"],
  ["g/../h", "http://a/b/c/h"],
  ["g;x=1/./y", "http://a/b/c/g;x=1/y"],
  ["g;x=1/../y", "http://a/b/c/y"],
  ["g?y/./x", "http://a/b/c/g?y/./x"],
  ["g?y/../x", "http://a/b/c/g?y/../x"],
  ["g#s/./x", "http://a/b/c/g#s/./x"],
  ["g#s/../x", "http://a/b/c/g#s/../x"],
  ["http:g", "http:g"],
];

test("references resolve as RFC 3986 says", () => {
  for (const [reference, resolved] of EXAMPLES)
    assert.equal(resolveUri("http://a/b/c/d;p?q", reference), resolved, reference);
});

test("a base that is relative, or has an authority alone, is a base", () => {
  assert.equal(resolveUri("a/b.m3u8", "c.ts"), "a/c.ts");
  assert.equal(resolveUri("", "c.ts"), "c.ts");
  assert.equal(resolveUri("/a/b", "../c"), "/c");
  assert.equal(resolveUri("http://a", "c"), "http://a/c");
  assert.equal(resolveUri("http://a?q", ""), "http://a?q");
  assert.equal(resolveUri("srt://host:9000", "?mode=listener"), "srt://host:9000?mode=listener");
});

test("it agrees with the URL class on what browsers and RFC 3986 read alike", () => {
  const piece = fc.stringMatching(/^[a-z0-9]{1,4}$/);
  const path = fc.array(fc.oneof(piece, fc.constantFrom(".", "..")), { minLength: 1, maxLength: 5 });
  const reference = fc
    .tuple(fc.boolean(), path, fc.option(piece), fc.option(piece))
    .map(
      ([rooted, pieces, query, hash]) =>
        (rooted ? "/" : "") +
        pieces.join("/") +
        (query === null ? "" : `?${query}`) +
        (hash === null ? "" : `#${hash}`),
    );
  fc.assert(
    fc.property(path, reference, (base, one) => {
      const baseUri = `http://host/${base.join("/")}`;
      // The class normalizes the base as well, which a reference without path or an absolute path does not need.
      const clean = new URL(baseUri).href;
      assert.equal(resolveUri(clean, one), new URL(one, clean).href);
    }),
    { numRuns: 300 },
  );
});

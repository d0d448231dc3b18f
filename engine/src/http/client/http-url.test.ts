import assert from "node:assert/strict";
import { test } from "node:test";
import { httpUrl } from "./http-url.ts";

const SCHEMES = { radio: "http", radios: "https" } as const;
const BASE = new URL("https://host:8443/a/b?c");

const CASES: readonly (readonly [address: string, base: URL | undefined, url: string | undefined])[] = [
  ["radio://host/x?y#z", undefined, "http://host/x?y#z"],
  ["radios://host:8000/x", undefined, "https://host:8000/x"],
  ["RADIOS://host/x", undefined, "https://host/x"],
  ["http://host/x", undefined, "http://host/x"],
  ["HTTPS://host/x", undefined, "https://host/x"],
  ["x", BASE, "https://host:8443/a/x"],
  ["/x?y", BASE, "https://host:8443/x?y"],
  ["//other/x", BASE, "https://other/x"],
  ["?d", BASE, "https://host:8443/a/b?d"],
  ["radio://other/x", BASE, "http://other/x"],
  ["x", undefined, undefined],
  ["", undefined, undefined],
  ["radio:", undefined, undefined],
  ["http://", BASE, undefined],
  ["file:///etc/passwd", BASE, undefined],
  ["data:text/plain,x", BASE, undefined],
  ["radiox://host/x", BASE, undefined],
  ["constructor://host/x", BASE, undefined],
];
for (const [address, base, url] of CASES)
  test(`"${address}"${base === undefined ? "" : " in a document"} is ${url ?? "no URL of HTTP"}`, () => {
    assert.equal(httpUrl(address, SCHEMES, base)?.href, url);
  });

import assert from "node:assert/strict";
import { test } from "node:test";
import type { InputConfig, Options } from "@millrace/model";
import { httpClientOptions } from "./options.ts";
import { headersFor, readHttpClient } from "./settings.ts";

const KIND = { schemes: { radio: "http", radios: "https" } } as const;

function inputOf(url: string, options: Options = {}): InputConfig {
  return { url, scheme: url.split(":")[0] ?? "", priority: 1, sourceTimeoutMs: 10_000, options };
}

test("a URL without anything has the defaults", () => {
  const { url, ...others } = readHttpClient(inputOf("radios://host:8000/live?a=b#c"), KIND);
  assert.equal(url.href, "https://host:8000/live?a=b");
  assert.deepEqual(others, {
    authorization: undefined,
    headers: { "User-Agent": "Millrace", Accept: "*/*" },
    insecure: false,
    connectTimeoutMs: 10_000,
    responseTimeoutMs: 10_000,
  });
});

test("user and password become a header for the first server, and leave the URL", () => {
  const settings = readHttpClient(inputOf("radio://j%C3%BCrgen:a%3Ab@host/live"), KIND);
  assert.equal(settings.url.href, "http://host/live");
  const authorization = `Basic ${Buffer.from("jürgen:a:b").toString("base64")}`;
  assert.equal(settings.authorization, authorization);
  assert.equal(headersFor(settings, new URL("http://host/other"))["Authorization"], authorization);
  for (const other of ["http://other/live", "https://host/live", "http://host:81/live"])
    assert.equal(headersFor(settings, new URL(other))["Authorization"], undefined, other);
});

test("options are headers; what is given replaces what would be sent, whatever its case", () => {
  const options = {
    user_agent: "VLC",
    "header.Referer": "https://example.com",
    "header.accept": "audio/*",
    "header.X-Own": "mine",
    "header.cookie": "secret",
    insecure: true,
    connect_timeout: 100,
    response_timeout: 600_000,
  };
  const kind = { ...KIND, headers: { "Accept-Encoding": "identity", "X-Own": "ours" } };
  const settings = readHttpClient(inputOf("radio://host/live", options), kind);
  const sent = {
    "User-Agent": "VLC",
    Accept: "audio/*",
    "Accept-Encoding": "identity",
    "X-Own": "mine",
    Referer: "https://example.com",
  };
  assert.deepEqual(settings.headers, { ...sent, cookie: "secret" });
  assert.deepEqual(headersFor(settings, new URL("http://other/")), sent);
  assert.deepEqual(
    [settings.insecure, settings.connectTimeoutMs, settings.responseTimeoutMs],
    [true, 100, 600_000],
  );
});

const REFUSED: readonly (readonly [what: string, url: string, options: Options, message: RegExp])[] = [
  ["another scheme", "http://host/live", {}, /^http:\/\/host\/live: expected radio:\/\/HOST/],
  ["a name that every object has", "constructor://host/live", {}, /expected radio:/],
  ["no host", "radio:///live", {}, /expected radio:/],
  ["no host but a query", "radio://?live", {}, /expected radio:/],
  ["no URL", "radio://ho st/", {}, /expected radio:/],
  ["a user that is not encoded", "radio://a%zz@host/", {}, /percent-encoded/],
  ["a header's name", "radio://host/", { "header.a b": "c" }, /"a b" cannot be sent as a header/],
  ["a header's value", "radio://host/", { "header.a": "b\r\nc: d" }, /"a" cannot be sent as a header/],
  ["a user agent of two lines", "radio://host/", { user_agent: "a\nb" }, /"User-Agent" cannot be sent/],
  ["a time too short", "radio://host/", { connect_timeout: 99 }, /connect_timeout must be .* from 100 to/],
  ["a time that is none", "radio://host/", { response_timeout: "soon" }, /milliseconds, not "soon"/],
];
for (const [what, url, options, message] of REFUSED)
  test(`refused: ${what}`, () => {
    assert.throws(() => readHttpClient(inputOf(url, options), KIND), { code: "bad-url", message });
  });

test("the options are for the schemes, and may be told in the protocol's own words", () => {
  const options = httpClientOptions(["radio"], { user_agent: { example: "url radio://host user_agent=x;" } });
  assert.deepEqual(
    options.map(({ name }) => name),
    ["header.*", "user_agent", "insecure", "connect_timeout", "response_timeout"],
  );
  for (const { name, schemes, scope, doc, example } of options) {
    assert.deepEqual([schemes, scope], [["radio"], ["input"]], name);
    assert.notEqual(doc, "");
    assert.equal(example !== undefined, name === "user_agent", name);
  }
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { type HeaderFields, MOST_HEAD_BYTES, type RequestHead, readRequestHead } from "./request-head.ts";

const read = (text: string, from = 0, known?: HeaderFields) => readRequestHead(text, from, known);

function readWhole(text: string): RequestHead {
  const head = read(text);
  assert.ok(typeof head === "object", `${JSON.stringify(text)} is ${JSON.stringify(head)}`);
  return head;
}

test("simple requests", () => {
  const text = "GET /a/b.m3u8?c=%20d HTTP/1.1\r\nHost: x:80\r\nUser-Agent:  box 1 \t\r\nX-Empty:\r\n\r\n";
  const { method, target, fields, end } = readWhole(`${text}GET /next`);
  assert.deepEqual([method, target, end, fields.close], ["GET", "/a/b.m3u8?c=%20d", text.length, false]);
  assert.deepEqual({ ...fields.headers }, { host: "x:80", "user-agent": "box 1", "x-empty": "" });
  assert.equal(readWhole("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n").method, "HEAD");
});

test("the connection's wishes", () => {
  const cases: [string, boolean][] = [
    ["keep-alive", false],
    ["Keep-Alive", false],
    ["close", true],
    ["CLOSE", true],
  ];
  for (const [value, close] of cases)
    assert.equal(readWhole(`GET / HTTP/1.1\r\nHost: x\r\nConnection: ${value}\r\n\r\n`).fields.close, close);
});

test("fields that do not change are read once", () => {
  const first = readWhole("GET /1 HTTP/1.1\r\nHost: x\r\nA: b\r\n\r\n");
  const same = read("..GET /2 HTTP/1.1\r\nHost: x\r\nA: b\r\n\r\n", 2, first.fields);
  assert.ok(typeof same === "object" && same.fields === first.fields && same.target === "/2");
  const other = read("GET /3 HTTP/1.1\r\nHost: x\r\nA: c\r\n\r\n", 0, first.fields);
  assert.ok(typeof other === "object" && other.fields.headers["a"] === "c");
});

test("what is not complete is waited for, and what cannot become simple is not", () => {
  const text = "HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n";
  for (let length = 0; length < text.length; length++)
    assert.equal(read(text.slice(0, length)), "more", `${length} bytes`);
  const full = `GET / HTTP/1.1\r\nHost: x\r\nA: ${"a".repeat(MOST_HEAD_BYTES)}`;
  assert.equal(read(full.slice(0, MOST_HEAD_BYTES - 1)), "more");
  assert.equal(read(full.slice(0, MOST_HEAD_BYTES)), "other");
  const long = (bytes: number): string => {
    const start = "GET / HTTP/1.1\r\nHost: x\r\nA: ";
    return `${start}${"a".repeat(bytes - start.length - 4)}\r\n\r\n`;
  };
  assert.equal(readWhole(long(MOST_HEAD_BYTES)).end, MOST_HEAD_BYTES);
  assert.equal(read(long(MOST_HEAD_BYTES + 1)), "other");
});

test("everything that is unusual, or could be read in more than one way, is for Node", () => {
  const cases: Record<string, string> = {
    "another method": "POST / HTTP/1.1\r\nHost: x\r\n\r\n",
    "the beginning of another method": "P",
    "a method in lower case": "get / HTTP/1.1\r\nHost: x\r\n\r\n",
    "an empty line before": "\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "HTTP/1.0": "GET / HTTP/1.0\r\nHost: x\r\n\r\n",
    "HTTP/0.9": "GET /\r\n\r\n",
    "HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no target": "GET HTTP/1.1\r\nHost: x\r\n\r\n",
    "an absolute target": "GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n",
    "an asterisk": "GET * HTTP/1.1\r\nHost: x\r\n\r\n",
    "a fragment": "GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n",
    "a space in the target": "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
    "two spaces": "GET  / HTTP/1.1\r\nHost: x\r\n\r\n",
    "a space behind the version": "GET / HTTP/1.1 \r\nHost: x\r\n\r\n",
    "a tab before the version": "GET /\tHTTP/1.1\r\nHost: x\r\n\r\n",
    "bytes above ASCII in the target": "GET /\xe9 HTTP/1.1\r\nHost: x\r\n\r\n",
    "no Host": "GET / HTTP/1.1\r\n\r\n",
    "two Hosts": "GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n",
    "a field twice": "GET / HTTP/1.1\r\nHost: x\r\nA: 1\r\na: 2\r\n\r\n",
    "bare line feeds": "GET / HTTP/1.1\nHost: x\n\r\n\r\n",
    "a bare line feed between fields": "GET / HTTP/1.1\r\nHost: x\nA: b\r\n\r\n",
    "a bare carriage return": "GET / HTTP/1.1\r\nHost: x\rA: b\r\n\r\n",
    "a folded field": "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n",
    "a space before the first field": "GET / HTTP/1.1\r\n Host: x\r\n\r\n",
    "a space before the colon": "GET / HTTP/1.1\r\nHost : x\r\n\r\n",
    "no colon": "GET / HTTP/1.1\r\nHost: x\r\nA\r\n\r\n",
    "no name": "GET / HTTP/1.1\r\nHost: x\r\n: a\r\n\r\n",
    "a name with other characters": "GET / HTTP/1.1\r\nHost: x\r\nA(): a\r\n\r\n",
    "a zero byte": "GET / HTTP/1.1\r\nHost: x\r\nA: \0\r\n\r\n",
    "a name that objects have": "GET / HTTP/1.1\r\nHost: x\r\n__proto__: a\r\n\r\n",
    "a body": "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na",
    "an empty body": "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
    chunks: "GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    trailers: "GET / HTTP/1.1\r\nHost: x\r\nTrailer: A\r\n\r\n",
    expectations: "GET / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n",
    "a WebSocket": "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    "a connection's own fields": "GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, A\r\nA: b\r\n\r\n",
    "very many fields": `GET / HTTP/1.1\r\nHost: x\r\n${Array.from({ length: 100 }, (_, i) => `A${i}: b\r\n`).join("")}\r\n`,
  };
  for (const [what, text] of Object.entries(cases)) assert.equal(read(text), "other", what);
});

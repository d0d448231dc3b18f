import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import { Duplex } from "node:stream";
import { suite, test } from "node:test";
import fc from "fast-check";
import { readRequestHead } from "./request-head.ts";

const FOLDER = new URL("./corpus/", import.meta.url);
const CORPUS = readdirSync(FOLDER).map((name) =>
  Buffer.from(readFileSync(new URL(name, FOLDER), "utf8").replace(/\s/g, ""), "hex").toString("latin1"),
);
/** Follows what is read, to show where Node thinks that it ends. */
const NEXT = "GET /next HTTP/1.1\r\nHost: next\r\n\r\n";

interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly version: string;
  readonly headers: object;
}

/** What Node's server makes of these bytes; it does not answer, so that it reads on. */
class NodeReader {
  readonly #server = createServer({ requestTimeout: 0, headersTimeout: 0 });
  #seen: (Seen | string)[] = [];

  constructor() {
    this.#server.on("request", ({ method, url, httpVersion: version, headers }: IncomingMessage) =>
      this.#seen.push({ method, url, version, headers: { ...headers } }),
    );
    this.#server.on("clientError", (error) => this.#seen.push(error.message));
    this.#server.on("upgrade", () => this.#seen.push("upgrade"));
    this.#server.on("checkContinue", () => this.#seen.push("continue"));
  }

  async read(text: string): Promise<readonly (Seen | string)[]> {
    this.#seen = [];
    const connection = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
    this.#server.emit("connection", connection);
    connection.push(Buffer.from(text, "latin1"));
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    connection.destroy();
    return this.#seen;
  }
}

/** What we accept, Node reads in the same way, up to the same byte. True if we accept it. */
async function agrees(node: NodeReader, text: string): Promise<boolean> {
  const head = readRequestHead(text, 0, undefined);
  if (typeof head === "string") return false;
  const { method, target, fields, end } = head;
  const wanted = { method, url: target, version: "1.1", headers: { ...fields.headers } };
  const next = { method: "GET", url: "/next", version: "1.1", headers: { host: "next" } };
  // Behind a request that closes the connection there is no other.
  const [behind, seen] = fields.close ? ["", [wanted]] : [NEXT, [wanted, next]];
  assert.deepEqual(await node.read(text.slice(0, end) + behind), seen);
  return true;
}

const anyCase = (word: string): fc.Arbitrary<string> =>
  fc.constantFrom(word, word.toLowerCase(), word.toUpperCase());
const NAMES = [
  "Host",
  "User-Agent",
  "Range",
  "Connection",
  "Cookie",
  "Accept",
  "Referer",
  "X-A",
  "Keep-Alive",
];
const ODD_NAMES = [
  "Content-Length",
  "Transfer-Encoding",
  "Upgrade",
  "Expect",
  "Te",
  "constructor",
  "__proto__",
  "A ",
];
const VALUES = ["x", "", " a b ", "keep-alive", "close", "chunked", "0", "bytes=0-1", "\tq", 'a, "b"'];
const lineEnd = fc.oneof(
  { weight: 60, arbitrary: fc.constant("\r\n") },
  fc.constantFrom("\n", "\r", "\r\n ", "\n\r"),
);
const latin1 = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  maxLength: 12,
});
const field = fc
  .tuple(
    fc.oneof(
      { weight: 12, arbitrary: fc.constantFrom(...NAMES).chain(anyCase) },
      fc.constantFrom(...ODD_NAMES).chain(anyCase),
      latin1,
    ),
    fc.oneof({ weight: 20, arbitrary: fc.constantFrom(":", ": ", ":\t ") }, fc.constantFrom(" :", "", "::")),
    fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...VALUES) }, latin1, fc.string()),
    lineEnd,
  )
  .map((parts) => parts.join(""));
const visible = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
});
const request = fc
  .tuple(
    fc.oneof(
      { weight: 20, arbitrary: fc.constantFrom("GET ", "HEAD ") },
      fc.constantFrom("POST ", "\r\nGET ", "GET  "),
    ),
    fc.oneof({ weight: 20, arbitrary: visible.map((path) => `/${path}`) }, latin1),
    fc.oneof(
      { weight: 20, arbitrary: fc.constant(" HTTP/1.1") },
      fc.constantFrom(" HTTP/1.0", " HTTP/1.1 ", "\tHTTP/1.1"),
    ),
    lineEnd,
    fc.constantFrom("Host: x\r\n", "Host: x\r\n", "Host: x\r\n", "host:\r\n", ""),
    fc.array(field, { maxLength: 5 }),
    lineEnd,
  )
  .map(([method, target, version, end, host, fields, last]) =>
    [method, target, version, end, host, ...fields, last].join(""),
  );

suite("whatever a client sends as a request", () => {
  test("the corpus: what we accept is what Node reads", async () => {
    const node = new NodeReader();
    let accepted = 0;
    for (const text of CORPUS) if (await agrees(node, text)) accepted++;
    assert.equal(accepted, 4);
  });

  test("made up: what we accept is what Node reads", async () => {
    const node = new NodeReader();
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(request, async (text) => {
        if (await agrees(node, text)) accepted++;
      }),
      { numRuns: 2000 },
    );
    assert.ok(accepted > 100, `only ${accepted} were accepted`);
  });

  test("altered: what we accept is what Node reads", async () => {
    const node = new NodeReader();
    const change = fc.tuple(fc.nat(), fc.constantFrom("put", "cut", "set"), fc.integer({ min: 0, max: 255 }));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...CORPUS),
        fc.array(change, { minLength: 1, maxLength: 3 }),
        async (text, changes) => {
          let altered = text;
          for (const [where, how, code] of changes) {
            const at = where % (altered.length + 1);
            const put = how === "cut" ? "" : String.fromCharCode(code);
            altered = altered.slice(0, at) + put + altered.slice(how === "put" ? at : at + 1);
          }
          await agrees(node, altered);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test("nothing throws, and what was accepted whole is never taken from a part of it", () => {
    fc.assert(
      fc.property(request, fc.nat(), (text, length) => {
        const part = text.slice(0, length % (text.length + 1));
        const head = readRequestHead(part, 0, undefined);
        if (typeof head === "object") assert.deepEqual(head, readRequestHead(text, 0, undefined));
      }),
    );
  });
});

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { MillraceError } from "@millrace/model";
import fc from "fast-check";
import { withMetadata } from "../testing/station.ts";
import { ChunkedBody } from "./chunked.ts";
import { IcyStream, titleOf } from "./icy-stream.ts";
import { ResponseHeadReader } from "./response-head.ts";
import { firstAddress, isStationList } from "./station-list.ts";

/** The bytes in pieces, cut at these places. */
function pieces(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end));
}

const CUTS = fc.array(fc.nat(), { maxLength: 20 });

suite("the head of an answer", () => {
  const HEADS: readonly [text: string, status: number, reason: string, headers: Record<string, string>][] = [
    ["HTTP/1.0 200 OK\r\nA: b\r\n\r\n", 200, "OK", { a: "b" }],
    ["ICY 200 OK\r\nicy-name:Radio One\r\n\r\n", 200, "OK", { "icy-name": "Radio One" }],
    ["HTTP/1.1 404\nA:  b \nA: c\n\n", 404, "", { a: "b" }],
    ["ICY 401 Service Unavailable\r\n\r\n", 401, "Service Unavailable", {}],
  ];
  for (const [text, status, reason, headers] of HEADS) {
    test(`property, any split: ${JSON.stringify(text)}`, () => {
      fc.assert(
        fc.property(CUTS, fc.uint8Array({ maxLength: 50 }), (cuts, body) => {
          const reader = new ResponseHeadReader();
          const rest: Uint8Array[] = [];
          let found: ReturnType<ResponseHeadReader["push"]>;
          for (const piece of pieces(Buffer.concat([Buffer.from(text), body]), cuts)) {
            if (found !== undefined) rest.push(piece);
            else {
              found = reader.push(piece);
              if (found !== undefined) rest.push(found.rest);
            }
          }
          assert.equal(found?.head.status, status);
          assert.equal(found?.head.reason, reason);
          assert.deepEqual(Object.fromEntries(found?.head.headers ?? []), headers);
          assert.deepEqual(Buffer.concat(rest), Buffer.from(body));
        }),
      );
    });
  }

  for (const text of [
    "SSH-2.0",
    "HTTX/1.0 200 OK\r\n\r\n",
    "HTTP/1.0 abc\r\n\r\n",
    `HTTP/1.0 200 OK\r\nA: ${"b".repeat(20_000)}`,
  ]) {
    test(`refuses ${text.slice(0, 30)}`, () => {
      assert.throws(() => new ResponseHeadReader().push(Buffer.from(text)), { code: "shout.answer" });
    });
  }
});

suite("metadata", () => {
  test("property: comes out of the audio, from any split", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 400 }),
        fc.integer({ min: 1, max: 50 }),
        fc.array(fc.stringMatching(/^[a-zäß' ]{0,80}$/), { maxLength: 8 }),
        CUTS,
        (audio, interval, texts, cuts) => {
          const got: Uint8Array[] = [];
          const told: string[] = [];
          const stream = new IcyStream(interval, {
            onAudio: (bytes) => got.push(bytes.slice()),
            onMetadata: (text) => told.push(text),
          });
          for (const piece of pieces(withMetadata(audio, interval, texts), cuts)) stream.push(piece);
          assert.deepEqual(Buffer.concat(got), Buffer.from(audio));
          const blocks = Math.floor(audio.length / interval);
          assert.deepEqual(
            told,
            texts.slice(0, blocks).filter((text) => text !== ""),
          );
        },
      ),
    );
  });

  test("text that is no UTF-8 is Latin-1", () => {
    const told: string[] = [];
    const stream = new IcyStream(1, { onAudio: () => undefined, onMetadata: (text) => told.push(text) });
    stream.push(Uint8Array.from([0, 1, 0xe4, ...new Uint8Array(15)]));
    assert.deepEqual(told, ["ä"]);
  });

  const titles: readonly [metadata: string, title: string | undefined][] = [
    ["StreamTitle='A - B';", "A - B"],
    ["StreamTitle='It's';StreamUrl='x';", "It's"],
    ["StreamTitle='';", ""],
    ["StreamTitle='no end'", "no end"],
    ["StreamUrl='x';", undefined],
  ];
  for (const [metadata, title] of titles) {
    test(`${metadata} is ${title}`, () => assert.equal(titleOf(metadata), title));
  }
});

suite("chunks", () => {
  test("property: the body comes out, from any split", () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 60 }), { maxLength: 6 }),
        CUTS,
        (chunks, cuts) => {
          const wire = Buffer.concat([
            ...chunks.flatMap((chunk) => [
              Buffer.from(`${chunk.length.toString(16)};x=y\r\n`),
              chunk,
              Buffer.from("\r\n"),
            ]),
            Buffer.from("0\r\n\r\n"),
          ]);
          const got: Uint8Array[] = [];
          const body = new ChunkedBody((bytes) => got.push(bytes.slice()));
          for (const piece of pieces(wire, cuts)) body.push(piece);
          assert.deepEqual(Buffer.concat(got), Buffer.concat(chunks));
          assert.equal(body.ended, true);
        },
      ),
    );
  });

  for (const text of ["x\r\n", "-1\r\n", "123456789\r\n", "2\r\nabcd\r\n", "1".repeat(2000)]) {
    test(`refuses ${text.slice(0, 20)}`, () => {
      assert.throws(() => new ChunkedBody(() => undefined).push(Buffer.from(text)), { code: "shout.answer" });
    });
  }
});

suite("lists of stations", () => {
  const lists: readonly [text: string, address: string | undefined][] = [
    ["[playlist]\nNumberOfEntries=2\nFile1=http://a/\nFile2=http://b/\n", "http://a/"],
    ["#EXTM3U\r\n#EXTINF:-1,Radio\r\nhttps://a/live\r\n", "https://a/live"],
    ["#EXTM3U\n#EXT-X-VERSION:3\nhttp://a/\n", undefined],
    ["relative.mp3", undefined],
    ["", undefined],
  ];
  for (const [text, address] of lists) {
    test(`${JSON.stringify(text)}: ${address}`, () => assert.equal(firstAddress(text), address));
  }

  test("media types", () => {
    const types = [
      "audio/x-scpls",
      "audio/x-mpegurl",
      "application/pls+xml; charset=x",
      "audio/mpeg",
      "text/html",
    ];
    assert.deepEqual(types.map(isStationList), [true, true, true, false, false]);
  });
});

/** Everything that bytes of a server go through. Whatever they are, nothing but `shout.answer` may come of it. */
function receive(bytes: Uint8Array): void {
  try {
    const whole = new ResponseHeadReader().push(bytes);
    if (whole === undefined) return;
    const interval = Number(whole.head.headers.get("icy-metaint") ?? 3);
    const icy = new IcyStream(Number.isSafeInteger(interval) && interval > 0 ? interval : 1, {
      onAudio: () => undefined,
      onMetadata: (text) => void titleOf(text),
    });
    icy.push(whole.rest);
    firstAddress(Buffer.from(whole.rest).toString("latin1"));
    new ChunkedBody(() => undefined).push(whole.rest);
  } catch (error) {
    assert.ok(error instanceof MillraceError && error.code === "shout.answer", String(error));
  }
}

suite("fuzz", () => {
  const folder = new URL("./corpus/", import.meta.url);
  const corpus = readdirSync(folder).map((name) =>
    Uint8Array.from(Buffer.from(readFileSync(new URL(name, folder), "utf8").replace(/\s/g, ""), "hex")),
  );

  test("the corpus, and what it becomes with bytes changed", () => {
    assert.ok(corpus.length > 0);
    for (const bytes of corpus) {
      receive(bytes);
      fc.assert(
        fc.property(
          fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { maxLength: 6 }),
          (changes) => {
            const changed = bytes.slice();
            for (const [at, value] of changes) changed[at] = value;
            receive(changed);
          },
        ),
      );
    }
  });

  test("any bytes", () => fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), receive)));
});

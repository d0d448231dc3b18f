import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { titleOf } from "./id3-title.ts";

/** An ID3v2.4 tag with these text frames: name, encoding, text bytes. */
function tag(...frames: readonly (readonly [string, number, Buffer])[]): Uint8Array {
  const parts = frames.map(([id, encoding, text]) => {
    const head = Buffer.alloc(11);
    head.write(id, 0, "latin1");
    head.writeUInt8(text.length + 1, 7);
    head.writeUInt8(encoding, 10);
    return Buffer.concat([head, text]);
  });
  const body = Buffer.concat(parts);
  const head = Buffer.from([0x49, 0x44, 0x33, 4, 0, 0, 0, 0, body.length >> 7, body.length & 0x7f]);
  return new Uint8Array(Buffer.concat([head, body]));
}

const TITLE = Buffer.from("Title\0");
const CASES: readonly (readonly [string, Uint8Array, string | undefined])[] = [
  ["a title", tag(["TIT2", 3, TITLE]), "Title"],
  [
    "artist and title",
    tag(["TIT2", 3, TITLE], ["TPE1", 0, Buffer.from("Bj\xf6rk", "latin1")]),
    "Björk - Title",
  ],
  ["UTF-16", tag(["TIT2", 1, Buffer.from("\ufeffTänze", "utf16le")]), "Tänze"],
  ["an artist alone", tag(["TPE1", 3, TITLE]), undefined],
  ["something else", tag(["TXXX", 3, TITLE]), undefined],
  ["no tag", new Uint8Array(20), undefined],
];

for (const [what, bytes, title] of CASES) {
  test(`${what} gives ${title}`, () => {
    assert.equal(titleOf([bytes]), title);
    assert.equal(titleOf([bytes.subarray(0, 5), bytes.subarray(5)]), title, "in two parts");
  });
}

test("any bytes give a title or none", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      titleOf([tag(["TIT2", 1, Buffer.from(bytes)])]);
      titleOf([bytes]);
    }),
  );
});

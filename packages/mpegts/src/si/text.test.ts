import assert from "node:assert/strict";
import { test } from "node:test";
import { fromHex, hex } from "@millrace/bytes";
import fc from "fast-check";
import { decodeText } from "./text.ts";
import { encodeText } from "./text-encode.ts";

/** Hexadecimal of a field, and what it says. */
const DECODED: readonly (readonly [name: string, field: string, text: string])[] = [
  ["empty", "", ""],
  ["ASCII", "4e657773", "News"],
  ["6937 acute and cedilla", "43696ec265 20 cb6361", "Ciné ça"],
  ["6937 grave, circumflex, diaeresis", "c161 c36f c875", "àôü"],
  ["6937 euro, quotes, ligatures", "a4 a9 b9 aa ba e1 f1 fb", "€‘’“”Ææß"],
  ["6937 diacritic without letter", "c2 c2 65", "é"],
  ["6937 dotless i and L stroke", "f5 e8 f8", "ıŁł"],
  ["control codes: emphasis vanishes, 0x8A breaks the line", "86 41 87 8a 42 9f", "A\nB"],
  ["8859-5", "01 c1 d5 e0 d8 d0 db", "Сериал"],
  ["8859-7", "03 c1 e8 de ed e1", "Αθήνα"],
  ["8859-9", "05 dd 73 74 61 6e 62 75 6c", "İstanbul"],
  ["8859-11", "07 a1 a2", "กข"],
  ["8859-15", "0b a4 bd", "€œ"],
  ["8859-2 by 0x10", "10 00 02 a3 b1", "Łą"],
  ["8859-1 by 0x10", "10 00 01 e9", "é"],
  ["8859-12 does not exist", "08 41", ""],
  ["0x10 with a reserved part", "10 00 1f 41", ""],
  ["UCS-2", "11 00 41 04 10 e0 8a 4e 2d", "AА\n中"],
  ["KS X 1001", "12 c7 d1 b1 db 41", "한글A"],
  ["GB 2312", "13 d6 d0 b9 fa 31", "中国1"],
  ["Big5", "14 a4 a4 a4 e5", "中文"],
  ["UTF-8", "15 c2ab e697a5 ee828a f09f8eac", "«日\n🎬"],
  ["encoding_type_id is passed over", "1f 01 ff ff", ""],
  ["selection only", "15", ""],
  ["cut selection", "10 00", ""],
];

test("reads text in every code table", () => {
  for (const [name, field, text] of DECODED) assert.equal(decodeText(fromHex(field)), text, name);
});

test("a network's own default table", () => {
  assert.equal(decodeText(fromHex("e9e8"), { defaultPart: 1 }), "éè");
  assert.equal(decodeText(fromHex("15c3a9"), { defaultPart: 1 }), "é");
});

test("text in shared memory can be read", () => {
  const shared = new Uint8Array(new SharedArrayBuffer(8));
  shared.set([0x15, 0xc3, 0xa9]);
  assert.equal(decodeText(shared.subarray(0, 3)), "é");
});

test("writes the shortest usual form", () => {
  const cases: readonly (readonly [text: string, field: string])[] = [
    ["News\nat ten", "4e6577738a61742074656e"],
    ["Été", "05c974e9"],
    ["Звезда", "01b7d2d5d7d4d0"],
    ["5 €", "0b3520a4"],
    ["日本", "15e697a5e69cac"],
    ["a\u0007b", "6162"],
  ];
  for (const [text, field] of cases) assert.equal(hex(encodeText(text)), field, text);
});

test("cuts between characters", () => {
  assert.equal(hex(encodeText("日本", 5)), "15e697a5");
  assert.equal(hex(encodeText("Été", 3)), "05c974");
  assert.equal(encodeText("日本", 0).length, 0);
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.nat(40), (text, max) => {
      const bytes = encodeText(text, max);
      assert.ok(bytes.length <= max);
      assert.ok(!decodeText(bytes).includes("\ufffd") || text.includes("\ufffd"));
    }),
    { numRuns: 300 },
  );
});

test("decode after encode gives the text back", () => {
  const plain = fc
    .string({ unit: "binary" })
    .map((text) => text.replace(/(?!\n)\p{Cc}|[\ue080-\ue09f]/gu, "").normalize("NFC"));
  const scripts = fc
    .stringMatching(/^[A-Za-zÀ-ÿА-яΑ-ωא-תء-يก-๙ąćęłńóśźż€\n ]{0,60}$/u)
    .map((t) => t.normalize("NFC"));
  fc.assert(
    fc.property(fc.oneof(plain, scripts), (text) => {
      assert.equal(decodeText(encodeText(text)), text);
    }),
    { numRuns: 500 },
  );
});

test("any bytes decode to something", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      const text = decodeText(bytes);
      assert.ok(text.isWellFormed());
      assert.ok(!/(?!\n)\p{Cc}/u.test(text), JSON.stringify(text));
    }),
    { numRuns: 2000 },
  );
});

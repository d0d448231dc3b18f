import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isWritable } from "../testing/arbitrary-shape.ts";
import { elementsOf, textOf } from "./element.ts";
import { parseXml } from "./parse.ts";
import { escapeAttribute, XmlWriter } from "./write.ts";

test("a document is read: namespaces, references, CDATA, comments, instructions", () => {
  const root = parseXml(
    `\uFEFF<?xml version="1.0"?>\r\n<!-- <no> -->\n<a xmlns="urn:a" xmlns:b='urn:b' x="1 &lt;&#x41;&#66;&quot;'\n2">` +
      `t&amp;<![CDATA[<&]]>u<b:c/><?skip <x> ?><d xmlns="" b:y = "3" ></d ><b:c xmlns:b="urn:c">v</b:c></a><!-- end -->`,
  );
  assert.equal(root.name, "a");
  assert.equal(root.namespace, "urn:a");
  assert.equal(root.attributes.get("x"), `1 <AB"' 2`);
  assert.equal(textOf(root), "t&<&u");
  assert.deepEqual(
    elementsOf(root).map((one) => [one.name, one.namespace, one.line]),
    [
      ["c", "urn:b", 4],
      ["d", "", 4],
      ["c", "urn:c", 4],
    ],
  );
  assert.equal(elementsOf(root)[1]?.attributes.get("b:y"), "3");
  assert.equal(textOf(elementsOf(root)[2]!), "v");
});

const REFUSED: readonly (readonly [text: string, message: RegExp])[] = [
  ["", /no element/],
  ["just text", /outside/],
  ["<a>", /not closed/],
  ["<a></b>", /not open/],
  ["</a>", /not open/],
  ["<a/><b/>", /second root/],
  ["<a/>text", /outside/],
  ["<a x=1/>", /quotes/],
  ["<a x='1/>", /does not end/],
  ["<a x='<'/>", /within/],
  ["<a x='1' x='2'/>", /twice/],
  ["<a x/>", /no value/],
  ["<a>&nbsp;</a>", /reference/],
  ["<a>&lt</a>", /reference/],
  ["<a>&#0;</a>", /reference/],
  ["<a>&#xD800;</a>", /reference/],
  ["<a>&#x110000;</a>", /reference/],
  ["<a>&__proto__;</a>", /reference/],
  ["<a><![CDATA[x</a>", /missing/],
  ["<!-- <a/>", /missing/],
  ["<?xml <a/>", /missing/],
  ["<1/>", /name/],
  ["<p:a/>", /not declared/],
  ["<![CDATA[x]]><a/>", /outside/],
  ['<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', /DTD/],
  ["<!DOCTYPE a><a/>", /DTD/],
  ["<a>\u0000</a>", /cannot hold/],
  ["<a b='\ud800'/>", /cannot hold/],
];

test("what is not well-formed, or has a DTD, is refused with its line", () => {
  for (const [text, message] of REFUSED)
    assert.throws(() => parseXml(`\n${text}`), { code: "playlist.not-xml", message }, text);
  assert.throws(() => parseXml("<a>\n\n<b></a>"), /line 3/);
});

test("a document beyond the limits is refused", () => {
  const deep = (depth: number) => "<a>".repeat(depth) + "</a>".repeat(depth);
  assert.equal(parseXml(deep(32)).name, "a");
  const attributes = (count: number) => Array.from({ length: count }, (_, i) => ` a${i}=""`).join("");
  const namespaces = Array.from({ length: 63 }, (_, i) => ` xmlns:a${i}="u"`).join("");
  const refused: readonly [string, Parameters<typeof parseXml>[1]?][] = [
    [deep(33)],
    [`<a>${"<b/>".repeat(9)}</a>`, { maxElements: 9 }],
    [`<a${attributes(65)}/>`],
    ["<a/>", { maxLength: 3 }],
    [`<a${namespaces}><b${namespaces.replaceAll("xmlns:a", "xmlns:b")}/></a>`],
  ];
  for (const [text, limits] of refused)
    assert.throws(() => parseXml(text, limits), { code: "playlist.too-large" }, text.slice(0, 40));
  assert.equal(elementsOf(parseXml(`<a>${"<b/>".repeat(9)}</a>`, { maxElements: 10 })).length, 9);
});

test("long documents are read in time that grows with their length", () => {
  const repeat = (piece: string) => parseXml(`<a>${piece.repeat(100_000)}</a>`);
  repeat("<b/>\n");
  repeat("&amp;");
  repeat("<![CDATA[x]]>");
  repeat("<!-- x -->");
  assert.throws(() => parseXml("<a ".repeat(100_000)), { code: "playlist.not-xml" });
  assert.throws(() => parseXml("<!--".repeat(100_000)), { code: "playlist.not-xml" });
});

test("what is written reads as it was", () => {
  const any = fc.string({ unit: "binary", maxLength: 20 }).filter(isWritable);
  fc.assert(
    fc.property(any, fc.oneof(any, fc.constantFrom("\r", "a\r\n b")), (attribute, text) => {
      const written = new XmlWriter()
        .open("a")
        .leaf(
          "b",
          [
            ["x", attribute],
            ["y", undefined],
          ],
          text,
        )
        .close();
      const [leaf] = elementsOf(parseXml(written.toString()));
      assert.equal(leaf?.attributes.get("x"), attribute);
      assert.equal(leaf?.attributes.has("y"), false);
      assert.deepEqual(leaf?.children, text === "" ? [] : [text]);
    }),
  );
});

test("characters that XML has not are refused", () => {
  for (const text of ["\u0000", "a\u001bb", "\ufffe", "\ud800"])
    assert.throws(() => escapeAttribute(text), { code: "playlist.bad-value" });
});

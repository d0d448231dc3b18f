import assert from "node:assert/strict";
import { test } from "node:test";
import { expandVariables } from "./define.ts";
import { parseMultivariantPlaylist } from "./parse-multivariant.ts";

test("references are replaced in URI lines, quoted strings and hexadecimal numbers, and nowhere else", () => {
  const text = `#EXTM3U
#EXT-X-DEFINE:NAME="host",VALUE="cdn.example"
#EXT-X-DEFINE:QUERYPARAM="tok-en"
#EXT-X-DEFINE:IMPORT="above"
# a comment {$unknown}
#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO="{$above}-{$host}",X-A=0x{$above},NAME="{$tok-en}"
https://{$host}/{$above}/{$tok-en}.m3u8
`;
  const expanded = expandVariables(text, {
    uri: "https://a/b.m3u8?x=1&tok-en=%7B%24host%7D&y#z",
    imported: new Map([["above", "FF"]]),
  });
  assert.deepEqual(
    [...expanded.variables],
    [
      ["host", "cdn.example"],
      ["tok-en", "{$host}"],
      ["above", "FF"],
    ],
  );
  assert.match(expanded.text, /# a comment \{\$unknown\}/);
  const [variant] = parseMultivariantPlaylist(expanded.text).variants;
  // What a value looks like is not replaced again.
  assert.equal(variant?.uri, "https://cdn.example/FF/{$host}.m3u8");
  assert.equal(variant?.audio, "FF-cdn.example");
  assert.deepEqual(variant?.extra, [{ name: "X-A", value: "0xFF", quoted: false }]);
});

test("a text without variables is left as it is", () => {
  const text = "#EXTM3U\r\n#EXTINF:1,{a}\r\nb\r\n";
  assert.equal(expandVariables(text).text, text);
});

test("what has no value, or two, is refused", () => {
  const cases = [
    "a/{$b}",
    'a/{$b}\n#EXT-X-DEFINE:NAME="b",VALUE="c"',
    '#EXT-X-DEFINE:NAME="b",VALUE="c"\n#EXT-X-DEFINE:NAME="b",VALUE="c"',
    '#EXT-X-DEFINE:IMPORT="b"',
    '#EXT-X-DEFINE:QUERYPARAM="b"',
    '#EXT-X-DEFINE:QUERYPARAM="empty"',
    '#EXT-X-DEFINE:QUERYPARAM="quote"',
    '#EXT-X-DEFINE:QUERYPARAM="bad"',
    '#EXT-X-DEFINE:NAME="b",IMPORT="b",VALUE="c"',
    '#EXT-X-DEFINE:VALUE="c"',
  ];
  for (const text of cases)
    assert.throws(
      () => expandVariables(`#EXTM3U\n${text}\n`, { uri: "https://a/?empty&quote=%22&bad=%FF" }),
      { code: "playlist.bad-variable" },
      text,
    );
});

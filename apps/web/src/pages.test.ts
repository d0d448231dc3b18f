import assert from "node:assert/strict";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { loadAssets } from "./assets.ts";
import { escapeHtml } from "./escape.ts";
import { EMBED_POLICY, INDEX_POLICY, renderEmbed, renderIndex } from "./pages.ts";

const assets = loadAssets();
/** Not ours. */
const LIBRARIES = ["/-/hls.js", "/-/dash.js", "/-/mpegts.js", "/-/mse-player.js"];

test("escapes everything that HTML could read", () => {
  const cases: readonly [string, string][] = [
    ["plain/name-1", "plain/name-1"],
    [`<script>alert("1")</script>`, "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;"],
    ["a&amp;b'c", "a&amp;amp;b&#39;c"],
  ];
  for (const [text, expected] of cases) assert.equal(escapeHtml(text), expected);
});

test("a hostile stream name stays text", () => {
  const page = renderEmbed(`x" onload="evil()"><script>evil()</script>`);
  assert.ok(!/<script>/.test(page));
  assert.ok(!/" onload/.test(page));
});

test("pages have no inline code and no style that the policy would refuse", () => {
  for (const page of [renderIndex(), renderEmbed("demo")]) {
    assert.ok(!/<script(?![^>]* src=)/.test(page));
    assert.ok(!/<style|\sstyle=|\son[a-z]+=/.test(page));
  }
  for (const policy of [INDEX_POLICY, EMBED_POLICY]) assert.ok(!policy.includes("unsafe"));
});

test("whatever a page or a script refers to is there", () => {
  const texts = [renderIndex(), renderEmbed("demo")];
  for (const [path, asset] of assets) {
    if (!LIBRARIES.includes(path)) texts.push(new TextDecoder().decode(asset.body));
  }
  const wanted = new Set<string>();
  for (const text of texts) {
    for (const match of text.matchAll(/"(\/-\/[^"]+)"/g)) wanted.add(match[1] as string);
    for (const match of text.matchAll(/from "\.\/([^"]+)"/g)) wanted.add(`/-/${match[1]}`);
  }
  for (const path of [...LIBRARIES, "/-/app.js", "/-/format.js"]) assert.ok(wanted.has(path), path);
  for (const path of wanted) assert.ok(assets.has(path), path);
});

test("assets say what they are, and their packed form is the same thing", () => {
  for (const [path, asset] of assets) {
    assert.match(asset.type, /^(text\/(css|javascript); charset=utf-8|image\/svg\+xml)$/, path);
    assert.match(asset.etag, /^"[\w-]{22}"$/);
    if (asset.gzip) assert.ok(gunzipSync(asset.gzip).equals(asset.body), path);
  }
  assert.equal(new Set([...assets.values()].map((asset) => asset.etag)).size, new Set(assets.values()).size);
  for (const path of LIBRARIES)
    assert.ok((assets.get(path)?.gzip?.length ?? Number.POSITIVE_INFINITY) < 250_000, path);
});

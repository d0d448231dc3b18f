import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { PlaylistError, parsePlaylist, writeMediaPlaylist, writeMultivariantPlaylist } from "./index.ts";

const CORPUS = join(import.meta.dirname, "corpus");
const seeds = readdirSync(CORPUS).map((name) => readFileSync(join(CORPUS, name), "utf8"));

const PIECES = [
  ...new Set(seeds.flatMap((text) => text.split(/(?<=[\n:,="])/))),
  "\u0000",
  "\uFEFF",
  "9".repeat(40),
  '"',
  "-",
  "0x",
  "\r",
  "__proto__",
];

/** A seed with some of its pieces gone, doubled or replaced. */
const mutated = fc
  .tuple(
    fc.constantFrom(...seeds),
    fc.array(fc.tuple(fc.nat(), fc.nat(12), fc.constantFrom(...PIECES, "")), { minLength: 1, maxLength: 8 }),
  )
  .map(([seed, cuts]) => {
    let text = seed;
    for (const [at, length, piece] of cuts) {
      const from = at % (text.length + 1);
      text = text.slice(0, from) + piece + text.slice(from + length);
    }
    return text;
  });

/** What is read can be written, and reads as the same again; what is not read is refused with a code. */
function check(text: string): void {
  let parsed: ReturnType<typeof parsePlaylist>;
  try {
    parsed = parsePlaylist(text, []);
  } catch (error) {
    assert.ok(error instanceof PlaylistError && error.code === "playlist.not-hls", String(error));
    return;
  }
  const written =
    parsed.kind === "media"
      ? writeMediaPlaylist({ version: 3, ...parsed.playlist })
      : writeMultivariantPlaylist({ version: 3, ...parsed.playlist });
  const again = parsePlaylist(written);
  if (again.kind !== parsed.kind) {
    // A multivariant playlist of which nothing could be used has none of the tags that make it one.
    assert.ok(parsed.kind === "multivariant" && parsed.playlist.variants.length === 0);
    return;
  }
  const rewritten =
    again.kind === "media" ? writeMediaPlaylist(again.playlist) : writeMultivariantPlaylist(again.playlist);
  assert.equal(rewritten, written);
}

test("every seed is read and written", () => {
  for (const seed of seeds) check(seed);
});

test("nothing that comes over the network makes the reader throw anything but its own refusal", () => {
  fc.assert(fc.property(mutated, check), { numRuns: 1500 });
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => check(`#EXTM3U\n${text}`)),
    {
      numRuns: 300,
    },
  );
});

test("long playlists are read in time that grows with their length", () => {
  // Each of these would take minutes if any step copied what was there before.
  const repeat = (line: string) => parsePlaylist(`#EXTM3U\n${line.repeat(100_000)}`);
  repeat("#EXT-X-UNKNOWN:1\n");
  repeat('#EXT-X-DATERANGE:ID="a"\n');
  repeat("#EXTINF:1,\na\n");
  let formats = "#EXTM3U\n";
  for (let i = 0; i < 20_000; i += 1) formats += `#EXT-X-KEY:METHOD=AES-128,KEYFORMAT="${i}"\n`;
  const parsed = parsePlaylist(`${formats}a\n`);
  assert.ok(parsed.kind === "media" && parsed.playlist.segments[0]?.keys?.length === 16);
  parsePlaylist(`#EXTM3U\n#EXT-X-KEY:${"A=1,".repeat(200_000)}\n`);
});

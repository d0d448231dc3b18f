import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { PlaylistError } from "../errors.ts";
import { parseMpd } from "./parse.ts";
import { segmentsOf } from "./segments.ts";
import { writeMpd } from "./write.ts";

const CORPUS = join(import.meta.dirname, "corpus");
const seeds = readdirSync(CORPUS).map((name) => readFileSync(join(CORPUS, name), "utf8"));
const PIECES = [
  ...new Set(seeds.flatMap((text) => text.split(/(?<=[\n<>"= /$&;])/))),
  "\u0000",
  "9".repeat(20),
  "-1",
  "&#x0;",
  "]]>",
  "<!DOCTYPE a>",
  "$$",
  "INF",
];

/** A seed with some of its pieces gone, doubled or replaced. */
const mutated = fc
  .tuple(
    fc.constantFrom(...seeds),
    fc.array(fc.tuple(fc.nat(), fc.nat(12), fc.constantFrom(...PIECES, "")), { minLength: 1, maxLength: 6 }),
  )
  .map(([seed, cuts]) => {
    let text = seed;
    for (const [at, length, piece] of cuts) {
      const from = at % (text.length + 1);
      text = text.slice(0, from) + piece + text.slice(from + length);
    }
    return text;
  });

/** Errors of these codes are what a foreign MPD can cause; `playlist.bad-value` would be our own. */
const REFUSALS = ["playlist.not-xml", "playlist.not-mpd", "playlist.too-large", "playlist.bad-template"];

function refused<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    assert.ok(error instanceof PlaylistError && REFUSALS.includes(error.code), String(error));
    return undefined;
  }
}

/** What is read can be written and reads the same again; its segments are listed or refused. */
function check(text: string): void {
  const mpd = refused(() => parseMpd(text, []));
  if (mpd === undefined) return;
  assert.deepEqual(parseMpd(writeMpd(mpd)), mpd);
  for (const [period, { adaptationSets }] of mpd.periods.entries())
    for (const adaptationSet of adaptationSets)
      for (const representation of adaptationSet.representations)
        refused(() =>
          segmentsOf({
            mpd,
            period,
            adaptationSet,
            representation,
            nowMs: Date.UTC(2026, 10, 22),
            maxSegments: 500,
          }),
        );
}

test("every seed is read and written", () => {
  for (const seed of seeds) {
    assert.ok(parseMpd(seed).periods.length > 0);
    check(seed);
  }
});

test("nothing that comes over the network makes the reader throw anything but its own refusals", () => {
  fc.assert(fc.property(mutated, check), { numRuns: 1500 });
});

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { canStore, fragmentHead, initSegment, parseMovie, timescaleOf } from "@millrace/isobmff";
import type { Track } from "@millrace/model";
import fc from "fast-check";
import { repoRoot } from "../../e2e/kit/paths.ts";
import { lintBmff } from "./lint.ts";
import type { ObservedMedia } from "./model.ts";
import { scanStream } from "./scan.ts";

/** Headers of files that many programs wrote. */
const CORPUS = join(repoRoot, "packages/isobmff/src/corpus");

function corpusTracks(): Track[] {
  const names = readdirSync(CORPUS).filter((name) => name.startsWith("movie-"));
  return names.flatMap((name) => {
    const text = readFileSync(join(CORPUS, name), "utf8").replace(/\s/g, "");
    return parseMovie(new Uint8Array(Buffer.from(text, "hex"))).tracks.map(({ track }) => track);
  });
}

test("initialization segments that @millrace/isobmff writes keep every rule, whatever the codec", () => {
  const entries = new Set<string>();
  for (const track of corpusTracks().filter(canStore)) {
    const trackId = 1;
    const init = initSegment([{ trackId, track, timescale: timescaleOf(track) }]);
    const observed = { where: track.codec, profile: "cmaf", init, media: [] } as const;
    assert.deepEqual(lintBmff(observed), []);
    for (const { entry } of scanStream(observed).tracks) entries.add(entry);
  }
  const all = ["Opus", "ac-3", "av01", "avc1", "ec-3", "fLaC", "hvc1", "mp4a", "mp4v", "vp09"];
  assert.deepEqual([...entries].sort(), all);
});

const sample = fc.record({
  durationTicks: fc.integer({ min: 1, max: 90_000 }),
  compositionOffsetTicks: fc.integer({ min: -90_000, max: 90_000 }),
  key: fc.boolean(),
  size: fc.integer({ min: 1, max: 300 }),
});
const chunk = fc.record({
  samples: fc.array(sample, { minLength: 1, maxLength: 8 }),
  hasExtras: fc.boolean(),
});

test("fragments that @millrace/isobmff writes keep every rule, whatever their samples", () => {
  const starts = fc.integer({ min: 0, max: 2 ** 50 });
  fc.assert(
    fc.property(starts, fc.array(chunk, { minLength: 1, maxLength: 5 }), (start, chunks) => {
      let baseDecodeTime = start;
      const media = chunks.map(({ samples, hasExtras }, i): ObservedMedia => {
        const event = { schemeIdUri: "urn:a", value: "", timescale: 90_000, durationTicks: 0, id: i };
        const head = fragmentHead({
          sequence: i + 1,
          runs: [{ trackId: 1, baseDecodeTime, samples }],
          ...(hasExtras && {
            styp: ["msdh"],
            producerTime: { trackId: 1, ntpMs: 1e12, mediaTime: baseDecodeTime },
            events: [{ ...event, presentationTime: baseDecodeTime, data: Uint8Array.of(1) }],
          }),
        });
        const size = samples.reduce((sum, one) => sum + one.size, 0);
        baseDecodeTime += samples.reduce((sum, { durationTicks }) => sum + durationTicks, 0);
        const bytes = new Uint8Array(head.length + size);
        bytes.set(head);
        return { where: `${i}`, bytes, independent: samples[0]?.key === true };
      });
      const format = { entry: "mp4a", nalLengthBytes: 0 };
      assert.deepEqual(lintBmff({ where: "track", profile: "cmaf", format, media }), []);
    }),
    { numRuns: 100 },
  );
});

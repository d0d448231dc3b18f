import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { TestServer } from "../../e2e/kit/server.ts";
import { lintBmff } from "./lint.ts";
import type { ObservedStream } from "./model.ts";
import {
  type CmafObservation,
  observeCmaf,
  observeMse,
  observeProgressive,
  observeSmooth,
} from "./observe.ts";
import { scanStream } from "./scan.ts";

const SECONDS = 15;
const FILE_SECONDS = 10;

/** Fragments of a stream that was seen whole: nothing is passed by what holds nothing. */
function fragmentsOf(observed: ObservedStream): number {
  return scanStream(observed).media.flatMap(({ fragments }) => fragments).length;
}

describe(`${SECONDS} s of fragmented MP4, in two workers: no breach of ISO BMFF and CMAF`, () => {
  let stop: () => Promise<unknown> = () => Promise.resolve();
  let cmaf: readonly CmafObservation[] = [];
  let file: ObservedStream | undefined;
  let mse: readonly ObservedStream[] = [];
  let smooth: readonly ObservedStream[] = [];

  before(async () => {
    const owner = { after: (end: () => Promise<unknown>) => void (stop = end) };
    const server = await TestServer.start(owner, "stream demo { input fake://clock; }");
    await (await fetch(server.url("/demo/index.ll.m3u8"))).text();
    [cmaf, file, mse] = await Promise.all([
      Promise.all(["v1", "a1"].map((name) => observeCmaf(server.url(`/demo/cmaf/${name}.ll.m3u8`), SECONDS))),
      observeProgressive(server.url("/demo.mp4"), FILE_SECONDS),
      observeMse(server.url("/demo/mse_ld"), SECONDS),
    ]);
    smooth = await observeSmooth(server.url("/demo.isml/Manifest"));
  });
  after(() => stop());

  for (const [i, name] of ["v1", "a1"].entries())
    test(`CMAF: segments and parts of ${name}`, () => {
      const { segments, parts, joints } = cmaf[i] as CmafObservation;
      assert.deepEqual(lintBmff(segments), []);
      assert.deepEqual(lintBmff(parts), []);
      assert.ok(segments.media.length >= 3, `${segments.media.length} segments`);
      assert.ok(parts.media.length > segments.media.length, `${parts.media.length} parts`);
      assert.ok(parts.media.some(({ independent }) => independent));
      for (const joint of joints)
        assert.ok(Buffer.concat(joint.parts).equals(joint.segment), "the parts joined are the segment");
    });

  test("a progressive file", () => {
    assert.ok(file !== undefined);
    assert.deepEqual(lintBmff(file), []);
    const { tracks } = scanStream(file);
    assert.deepEqual(
      tracks.map(({ entry }) => entry),
      ["avc1", "mp4a"],
    );
    assert.ok(fragmentsOf(file) > FILE_SECONDS, `${fragmentsOf(file)} fragments`);
  });

  test("fragments over WebSocket", () => {
    assert.equal(mse.length, 2);
    for (const stream of mse) {
      assert.deepEqual(lintBmff(stream), []);
      assert.ok(fragmentsOf(stream) > SECONDS * 10, `${fragmentsOf(stream)} fragments`);
    }
  });

  test("Smooth Streaming fragments", () => {
    assert.deepEqual(
      smooth.map(({ where }) => where),
      ["smooth video", "smooth audio"],
    );
    for (const stream of smooth) {
      assert.deepEqual(lintBmff(stream), []);
      assert.ok(fragmentsOf(stream) >= 3, `${fragmentsOf(stream)} fragments`);
    }
  });
});

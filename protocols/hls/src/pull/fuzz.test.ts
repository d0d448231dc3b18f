import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { MillraceError } from "@millrace/model";
import fc from "fast-check";
import { formatOf } from "./container.ts";
import type { LoadedPiece } from "./piece.ts";
import { VIDEO_INIT } from "./testing/media.ts";
import { PullWriter } from "./testing/unit-writer.ts";
import { TsQueue } from "./ts-queue.ts";
import { UnitQueue } from "./unit-queue.ts";

const FOLDER = new URL("./corpus/", import.meta.url);
/** Beginnings of segments: transport stream, fragmented MP4, audio without a container, subtitles. */
const CORPUS = readdirSync(FOLDER).map((name) => ({
  name,
  bytes: Uint8Array.from(Buffer.from(readFileSync(new URL(name, FOLDER), "utf8").replace(/\s/g, ""), "hex")),
}));

function loaded(bytes: Uint8Array, more: { init?: boolean; period?: number } = {}): LoadedPiece {
  const { init = false, period = 0 } = more;
  const rest = {
    uri: "",
    byteRange: undefined,
    part: undefined,
    keys: undefined,
    map: undefined,
    gap: false,
  };
  const piece = { ...rest, durationUs: 1_000_000, sequence: 0, discontinuity: period > 0, period };
  return { bytes, init: init ? { bytes: VIDEO_INIT } : undefined, piece };
}

/** Plays these segments on both lanes: what they hold may be counted, or refused, and nothing else. */
function play(pieces: readonly LoadedPiece[]): void {
  const into = new PullWriter();
  const ts = new TsQueue(into);
  const units = new UnitQueue(into);
  const rendition = units.addRendition({});
  for (const piece of pieces) {
    try {
      formatOf(piece);
      ts.push(piece);
      rendition.push(piece);
    } catch (error) {
      assert.ok(error instanceof MillraceError && error.kind === "violation", String(error));
    }
  }
  units.flush();
  for (const queue of [ts, units]) {
    queue.release(Number.POSITIVE_INFINITY);
    assert.equal(queue.nextTicks, Number.POSITIVE_INFINITY);
    assert.equal(queue.waitingBytes, 0);
  }
  for (const { dts, pts } of into.units) assert.ok(Number.isFinite(dts) && Number.isFinite(pts));
  assert.equal(into.length % 188, 0);
}

suite("whatever a server sends as segments", () => {
  for (const { name, bytes } of CORPUS) {
    test(`${name}, and what it becomes with bytes changed`, () => {
      play([loaded(bytes)]);
      fc.assert(
        fc.property(
          fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { maxLength: 8 }),
          fc.nat(bytes.length),
          fc.boolean(),
          (changes, length, init) => {
            const changed = bytes.slice(0, length);
            for (const [at, value] of changes) if (at < length) changed[at] = value;
            play([loaded(bytes, { init }), loaded(changed, { init }), loaded(bytes, { init, period: 1 })]);
          },
        ),
      );
    });
  }

  test("any bytes", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 800 }), { maxLength: 4 }), (all) =>
        play(all.map((bytes) => loaded(bytes))),
      ),
    );
  });
});

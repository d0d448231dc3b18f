import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { PACKET_SIZE } from "@millrace/mpegts";
import fc from "fast-check";
import { countedTs } from "../../../../tests/contract/index.ts";
import type { LoadedPiece } from "./piece.ts";
import { TsQueue } from "./ts-queue.ts";

/** Ticks of 90 kHz that a packet lasts at 4 Mbit/s. */
const PACKET_TICKS = (PACKET_SIZE * 8 * 90_000) / 4_000_000;

function piece(
  bytes: Uint8Array,
  options: { discontinuity?: boolean; durationUs?: number } = {},
): LoadedPiece {
  const { discontinuity = false, durationUs = 1_000_000 } = options;
  const nothing = { uri: "", byteRange: undefined, part: undefined, keys: undefined, map: undefined };
  return {
    bytes,
    init: undefined,
    piece: { ...nothing, durationUs, sequence: 0, discontinuity, period: 0, gap: false },
  };
}

function queue() {
  const parts: Uint8Array[] = [];
  const log: (number | "break")[] = [];
  const counters: Record<string, number> = {};
  const made = new TsQueue({
    ts: (bytes) => {
      parts.push(bytes.slice());
      log.push(bytes.length);
    },
    discontinuity: () => log.push("break"),
    count: (name, by = 1) => (counters[name] = (counters[name] ?? 0) + by),
  });
  return { queue: made, log, counters, bytes: () => Buffer.concat(parts) };
}

function slice(whole: Uint8Array, from: number, to: number): Uint8Array {
  return whole.subarray(from * PACKET_SIZE, to * PACKET_SIZE);
}

suite("transport stream that waits", () => {
  test("each packet is due when its PCR says, over the seams of segments", () => {
    const whole = countedTs(3000);
    const { queue: made, bytes } = queue();
    for (const [from, to] of [
      [0, 700],
      [700, 1900],
      [1900, 3000],
    ] as const)
      made.push(piece(slice(whole, from, to)));
    for (const packets of [1, 500, 699, 701, 1234, 2900]) {
      made.release(packets * PACKET_TICKS);
      // The PCRs of the test stream are whole numbers of a faster clock.
      assert.ok(
        Math.abs(bytes().length / PACKET_SIZE - packets) <= 3,
        `${bytes().length / PACKET_SIZE} at ${packets}`,
      );
    }
    made.release(Number.POSITIVE_INFINITY);
    assert.deepEqual(bytes(), Buffer.from(whole));
    assert.equal(made.waitingBytes, 0);
    assert.ok(Math.abs(made.endTicks - 3000 * PACKET_TICKS) < 20 * PACKET_TICKS);
  });

  test("a missing segment is a hole in time, no break", () => {
    const whole = countedTs(3000);
    const { queue: made, log } = queue();
    made.push(piece(slice(whole, 0, 1000)));
    const from = made.push(piece(slice(whole, 2000, 3000)));
    assert.ok(Math.abs(from - 2000 * PACKET_TICKS) < 20 * PACKET_TICKS);
    made.release(Number.POSITIVE_INFINITY);
    assert.ok(!log.includes("break"));
  });

  const breaks: readonly [
    what: string,
    second: Uint8Array,
    options: { discontinuity?: boolean },
    broken: boolean,
  ][] = [
    ["goes on", countedTs(1000, { from: 1000 }), {}, false],
    ["is marked", countedTs(1000, { from: 1000 }), { discontinuity: true }, true],
    ["goes back", countedTs(1000), {}, true],
    ["goes far ahead", countedTs(1000, { from: 1_000_000 }), {}, true],
  ];
  for (const [what, second, options, broken] of breaks) {
    test(`the second segment ${what}`, () => {
      const { queue: made, log } = queue();
      made.push(piece(countedTs(1000)));
      const end = made.endTicks;
      const from = made.push(piece(second, options));
      assert.ok(Math.abs(from - end) < 20 * PACKET_TICKS);
      made.release(Number.POSITIVE_INFINITY);
      assert.equal(log.includes("break"), broken);
    });
  }

  test("without any PCR a segment lasts as long as the playlist says", () => {
    const { queue: made, bytes } = queue();
    made.push(piece(slice(countedTs(1000), 3, 7), { durationUs: 2_000_000 }));
    assert.equal(made.endTicks, 180_000);
    made.release(90_000);
    assert.ok(bytes().length >= 2 * PACKET_SIZE && bytes().length <= 3 * PACKET_SIZE);
  });

  test("rubbish around packets is counted and left out", () => {
    const whole = countedTs(20);
    const { queue: made, bytes, counters } = queue();
    made.push(piece(Buffer.concat([Buffer.alloc(50, 1), whole, Buffer.alloc(7, 1)])));
    made.release(Number.POSITIVE_INFINITY);
    assert.deepEqual(bytes(), Buffer.from(whole));
    assert.deepEqual(counters, { rubbishBytes: 57 });
  });

  test("property: whenever it is asked, all packets come once and in order", () => {
    const whole = countedTs(600);
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 599 }), { maxLength: 5 }),
        fc.array(fc.double({ min: -10, max: 30_000, noNaN: true }), { maxLength: 30 }),
        (cuts, times) => {
          const { queue: made, bytes } = queue();
          const at = [0, ...cuts.toSorted((a, b) => a - b), 600];
          for (const [i, to] of at.slice(1).entries()) made.push(piece(slice(whole, at[i] as number, to)));
          for (const time of times.toSorted((a, b) => a - b)) {
            made.release(time);
            assert.equal(bytes().length % PACKET_SIZE, 0);
            assert.ok(made.nextTicks === Number.POSITIVE_INFINITY || made.nextTicks >= time - 1e-6);
          }
          made.release(Number.POSITIVE_INFINITY);
          assert.deepEqual(bytes(), Buffer.from(whole));
        },
      ),
    );
  });
});

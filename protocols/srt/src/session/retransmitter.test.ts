import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Pacer, RttEstimator, SEQUENCE_31, SendBuffer } from "@millrace/arq";
import type { Agreement } from "./agreement.ts";
import { Retransmitter } from "./retransmitter.ts";
import { Simulation } from "./simulation.test-support.ts";

const FIRST = 1000;
const LATENCY_MS = 80;

interface Given {
  readonly filter?: Agreement["filter"];
  readonly algorithm?: 0 | 1;
  readonly rttMs?: number;
}

/** Packets that were sent a millisecond apart from 0 on, over a quiet line; time is in milliseconds. */
class Bench {
  /** What was sent again, and when. */
  sent: [sequence: number, atMs: number][] = [];
  readonly buffer = new SendBuffer({
    space: SEQUENCE_31,
    firstSequence: FIRST,
    maxPackets: 1000,
    slotBytes: 100,
  });
  readonly #retransmitter: Retransmitter;
  #nowMs = 0;

  constructor(packets: number, { filter, algorithm = 1, rttMs = 20 }: Given = {}) {
    const [caller] = new Simulation().connect().both();
    this.#retransmitter = new Retransmitter({
      agreement: { ...caller.agreement, peerLatencyMs: LATENCY_MS, filter },
      rtt: new RttEstimator({ rttUs: rttMs * 1000, varianceUs: 100 }),
      buffer: this.buffer,
      pacer: new Pacer(),
      algorithm,
      send: (slot, nowUs) => {
        slot.lastSentUs = nowUs;
        this.sent.push([slot.sequence - FIRST, nowUs / 1000]);
      },
    });
    for (let i = 0; i < packets; i++) {
      const slot = this.buffer.claim();
      if (slot === undefined) throw new Error("full");
      Object.assign(slot, { originUs: i * 1000, lastSentUs: i * 1000, sends: 1 });
    }
  }

  /** Lets time pass, waking it up when it wants to be. */
  run(untilMs: number): this {
    const retransmitter = this.#retransmitter;
    for (;;) {
      const nowUs = this.#nowMs * 1000;
      retransmitter.look(nowUs);
      retransmitter.sendCopies(nowUs);
      while (retransmitter.losses.size > 0) retransmitter.resendNext(nowUs);
      retransmitter.look(nowUs);
      assert.ok(retransmitter.nextUs > nowUs, "time goes on");
      const nextMs = retransmitter.nextUs / 1000;
      this.#nowMs = Math.min(nextMs, untilMs);
      if (nextMs > untilMs) return this;
    }
  }

  report(...numbers: readonly number[]): this {
    for (const n of numbers) this.#retransmitter.losses.add(FIRST + n, FIRST + n);
    return this;
  }

  acknowledge(n: number): this {
    this.buffer.release(FIRST + n);
    this.#retransmitter.release(FIRST + n);
    this.#retransmitter.onNamed(FIRST + n, this.#nowMs * 1000);
    return this;
  }

  /** What was sent since the last call. */
  take(): [sequence: number, atMs: number][] {
    const { sent } = this;
    this.sent = [];
    return sent;
  }
}

const numbersOf = (sent: readonly (readonly [number, number])[]): number[] => sent.map(([n]) => n);

describe("retransmitter", () => {
  test("sends what is reported once while there is time, and no sooner again than it can have arrived", () => {
    const bench = new Bench(40).run(21).report(0, 3).run(21);
    assert.deepEqual(bench.take(), [
      [0, 21],
      [3, 21],
    ]);
    assert.deepEqual(bench.run(40).report(0).run(41).take(), []);
    // The last round: two copies, each some milliseconds after the other.
    assert.deepEqual(bench.report(0).run(50).take(), [
      [0, 41],
      [0, 45],
      [0, 49],
    ]);
  });

  test("without the algorithm every report is answered", () => {
    const bench = new Bench(40, { algorithm: 0 }).run(21).report(0).run(22).report(0).run(22);
    assert.deepEqual(numbersOf(bench.take()), [0, 0]);
  });

  test("an acknowledgement that names a packet which must have arrived says that it is lost", () => {
    const bench = new Bench(60).run(25);
    // Sent 21 ms ago, and 23 ms ago: the line takes 20 ms, and up to 2 ms longer.
    assert.deepEqual(bench.acknowledge(4).run(25).take(), []);
    assert.deepEqual(bench.run(27).acknowledge(4).run(27).take(), [[4, 27]]);
    assert.deepEqual(bench.run(30).acknowledge(4).run(30).take(), []);
  });

  test("silence about the first one says it, too: later if nobody reported it", () => {
    const unreported = new Bench(1).run(60).take();
    assert.equal(unreported[0]?.[1], 20 + 2 + 2 * 12);
    const reported = new Bench(1).run(15).report(0).run(60).take();
    assert.deepEqual(
      reported.slice(0, 2).map(([, atMs]) => atMs),
      [15, 15 + 20 + 2 + 12],
    );
  });

  test("sends the first one in its last moment, and never after", () => {
    const bench = new Bench(60).run(60).report(0).run(62);
    bench.take();
    const last = bench.run(200).take();
    assert.ok(
      last.some(([n, atMs]) => n === 0 && atMs === LATENCY_MS - 6),
      JSON.stringify(last),
    );
    assert.ok(
      last.every(([n, atMs]) => atMs <= n + LATENCY_MS),
      JSON.stringify(last),
    );
  });

  test("behind the first one sends in its last moment what was lost before, and nothing else", () => {
    const sent = new Bench(60).run(34).report(0, 10).run(34).report().run(140).take();
    const behind = sent.filter(([n]) => n !== 0);
    assert.deepEqual(new Set(numbersOf(behind)), new Set([10]));
    assert.ok(
      behind.some(([, atMs]) => atMs >= 10 + LATENCY_MS - 10),
      JSON.stringify(behind),
    );
  });

  test("what was acknowledged is not sent", () => {
    const bench = new Bench(60).run(21).report(0, 10).run(21);
    bench.take();
    assert.deepEqual(bench.acknowledge(60).run(300).take(), []);
  });

  for (const [arq, guesses] of [
    ["always", true],
    ["onreq", false],
    ["never", false],
  ] as const) {
    test(`what a packet filter may still rebuild is not guessed at: arq:${arq}`, () => {
      const filter = { cols: 10, rows: 1, layout: "staircase", arq } as const;
      const bench = new Bench(20, { filter }).run(30).acknowledge(2).run(120);
      assert.equal(bench.take().length > 0, guesses);
    });
  }

  test("with a latency of little more than a round trip nothing is guessed, and what is reported gets a copy", () => {
    const sent = new Bench(1, { rttMs: 70 }).run(75).report(0).run(80).take();
    assert.deepEqual(sent, [
      [0, 75],
      [0, 77.5],
    ]);
  });

  test("the first report of a packet that comes late tells of lost reports: it gets all copies", () => {
    const sent = new Bench(40).run(45).report(5).run(54).take();
    assert.deepEqual(
      sent.filter(([n]) => n === 5),
      [
        [5, 45],
        [5, 49],
        [5, 53],
      ],
    );
  });
});

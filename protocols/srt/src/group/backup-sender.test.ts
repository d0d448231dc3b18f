import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { GroupSender, type GroupSenderOptions } from "./group-sender.ts";
import { numbered } from "./testing/network.ts";
import { QuietLeg } from "./testing/quiet-leg.ts";

const LATENCY_US = 120_000;
/** First stability time-out and probing. */
const FRESH_US = LATENCY_US + 50_000;
const STEP_US = 5000;

/** A group with a main leg, 1, and a backup, 2, and a clock that sends one packet every 5 ms. */
class Stage {
  readonly main: QuietLeg;
  readonly backup: QuietLeg;
  readonly group: GroupSender;
  nowUs = 1_000_000;
  value = 0;

  constructor(weights: readonly [number, number] = [10, 1], options: Partial<GroupSenderOptions> = {}) {
    this.main = new QuietLeg(1, 100, weights[0]);
    this.backup = new QuietLeg(2, 100, weights[1]);
    this.group = new GroupSender({ type: "backup", latencyUs: LATENCY_US, ...options });
    this.group.legUp(this.main);
    this.group.legUp(this.backup);
  }

  /** Sends for so long; `answering` legs acknowledge all at each step. */
  run(durationUs: number, answering: readonly QuietLeg[]): void {
    for (const endUs = this.nowUs + durationUs; this.nowUs < endUs; this.nowUs += STEP_US) {
      for (const leg of answering) if (leg.unacknowledged > 0) leg.answer(this.nowUs);
      this.group.tick(this.nowUs);
      this.group.send(numbered(this.value++), this.nowUs);
    }
  }

  get active(): number[] {
    return [1, 2, 3].filter((id) => this.group.isActive(id));
  }
}

describe("a backup group", () => {
  test("sends over the heaviest leg only", () => {
    const stage = new Stage([1, 10]);
    stage.run(400_000, [stage.main, stage.backup]);
    assert.deepEqual(stage.active, [2]);
    assert.deepEqual(stage.main.sent, []);
    assert.equal(stage.backup.sent.length, 80);
    assert.equal(stage.group.activeLegs, 1);
  });

  test("brings in the backup when a fresh leg says nothing for the latency, with all it said nothing about", () => {
    const stage = new Stage();
    stage.run(LATENCY_US, []);
    assert.deepEqual(stage.active, [1]);
    stage.run(3 * STEP_US, []);
    assert.deepEqual(stage.active, [1, 2]);
    assert.deepEqual(stage.backup.sent, stage.main.sent);
    assert.equal(stage.backup.sent[0]?.originUs, 1_000_000, "with the old source times");
  });

  test("brings in the backup for a stable leg after 60 ms or by its round trip, at most the latency", () => {
    for (const [rttUs, varianceUs, timeoutUs] of [
      [10_000, 1000, 60_000],
      [30_000, 5000, 80_000],
      [300_000, 5000, LATENCY_US],
    ] as const) {
      const stage = new Stage();
      stage.main.rttUs = rttUs;
      stage.main.rttVarianceUs = varianceUs;
      stage.run(FRESH_US + 100_000, [stage.main]);
      assert.deepEqual(stage.active, [1]);
      const sentBefore = stage.main.sent.length;
      stage.run(timeoutUs, []);
      assert.deepEqual(stage.active, [1], `${timeoutUs}`);
      stage.run(3 * STEP_US, []);
      assert.deepEqual(stage.active, [1, 2], `${timeoutUs}`);
      const first = stage.backup.sequences[0] as number;
      assert.ok(first >= 100 + sentBefore - 1, "acknowledged packets are not sent again");
      assert.deepEqual(stage.backup.sequences, stage.main.sequences.slice(first - 100));
    }
  });

  test("holds silence against no leg that has nothing to answer", () => {
    const stage = new Stage();
    stage.run(400_000, [stage.main]);
    stage.main.answer(stage.nowUs);
    stage.nowUs += 10_000_000;
    stage.run(30_000, []);
    assert.deepEqual(stage.active, [1]);
    stage.run(400_000, [stage.main]);
    assert.deepEqual(stage.active, [1]);
    assert.equal(stage.group.switches, 1);
  });

  test("switches between packets, too", () => {
    const stage = new Stage();
    stage.run(400_000, [stage.main]);
    stage.main.unacknowledged = 1;
    const sentUs = stage.nowUs;
    for (; stage.nowUs < sentUs + 200_000; stage.nowUs += STEP_US) stage.group.tick(stage.nowUs);
    assert.deepEqual(stage.active, [1, 2]);
    assert.deepEqual(stage.backup.sequences, [stage.main.sendSequence - 1]);
  });

  test("asks for ticks while an answer is owed", () => {
    const stage = new Stage();
    assert.equal(stage.group.nextUs, Number.POSITIVE_INFINITY);
    stage.run(STEP_US, []);
    assert.ok(stage.group.nextUs < stage.nowUs + LATENCY_US / 4);
    stage.main.answer(stage.nowUs);
    stage.group.tick(stage.nowUs);
    assert.equal(stage.group.nextUs, Number.POSITIVE_INFINITY);
  });

  test("goes back to the better leg when it has proved itself, and tells the other's peer", () => {
    const stage = new Stage();
    stage.run(400_000, [stage.main]);
    stage.run(300_000, [stage.backup]);
    assert.deepEqual(stage.active, [1, 2]);
    stage.run(4 * LATENCY_US - 20_000, [stage.main, stage.backup]);
    assert.deepEqual(stage.active, [1, 2], "on probation");
    stage.run(60_000, [stage.main]);
    assert.deepEqual(stage.active, [1]);
    const sentBefore = stage.backup.sent.length;
    assert.equal(stage.backup.keepAlives, 0, "its last packets are not acknowledged");
    stage.run(50_000, [stage.main, stage.backup]);
    assert.equal(stage.backup.sent.length, sentBefore);
    assert.equal(stage.backup.keepAlives, 1);
  });

  test("stays with the backup when both are equal", () => {
    const stage = new Stage([5, 5]);
    stage.run(400_000, [stage.main]);
    stage.run(FRESH_US + 100_000, [stage.backup]);
    assert.deepEqual(stage.active, [2]);
  });

  test("brings a silenced leg in again where it is needed, not where it stopped", () => {
    const stage = new Stage();
    stage.run(400_000, [stage.main]);
    stage.run(300_000, [stage.backup]);
    stage.run(600_000, [stage.main, stage.backup]);
    assert.deepEqual(stage.active, [1]);
    const stopped = stage.backup.sendSequence;
    const sentBefore = stage.backup.sent.length;
    stage.run(400_000, [stage.main]);
    stage.run(200_000, [stage.backup]);
    assert.deepEqual(stage.active, [1, 2]);
    const again = stage.backup.sequences[sentBefore] as number;
    assert.ok(again > stopped + 70, `${again} after ${stopped}`);
    assert.equal(stage.backup.sendSequence, stage.main.sendSequence);
  });

  test("tries a heavier leg as soon as it is there", () => {
    const stage = new Stage();
    stage.run(400_000, [stage.main]);
    const late = new QuietLeg(3, stage.group.joinSequence, 20);
    stage.group.legUp(late);
    stage.run(FRESH_US, [stage.main, late]);
    assert.deepEqual(stage.active, [1, 3]);
    stage.run(20_000, [stage.main, late]);
    assert.deepEqual(stage.active, [3]);
    assert.deepEqual(late.sequences, stage.main.sequences.concat(late.sequences).slice(-late.sent.length));
  });

  test("takes a leg with drops, or a full buffer, for unstable", () => {
    for (const spoil of [
      (leg: QuietLeg): void => void leg.dropped++,
      (leg: QuietLeg): void => void (leg.full = true),
    ]) {
      const stage = new Stage();
      stage.run(400_000, [stage.main]);
      spoil(stage.main);
      stage.run(2 * STEP_US, [stage.main]);
      assert.deepEqual(stage.active, [1, 2]);
      assert.equal(stage.backup.sendSequence, 100 + stage.value);
    }
  });

  test("brings a leg that refused a packet into step again", () => {
    const stage = new Stage();
    stage.run(400_000, [stage.main]);
    stage.main.full = true;
    stage.run(2 * STEP_US, []);
    stage.main.full = false;
    stage.run(STEP_US, []);
    assert.equal(stage.main.sendSequence, 100 + stage.value);
    assert.deepEqual(
      stage.main.sequences,
      Array.from({ length: stage.value }, (_, i) => 100 + i),
    );
  });

  test("closes a leg that stays unstable while another is stable", () => {
    const stage = new Stage();
    stage.run(400_000, [stage.main]);
    stage.run(5_000_000, [stage.backup]);
    assert.equal(stage.main.closed, false);
    stage.run(200_000, [stage.backup]);
    assert.equal(stage.main.closed, true);
    stage.group.legDown(1);
    stage.run(50_000, [stage.backup]);
    assert.deepEqual(stage.active, [2]);
  });

  test("closes nobody while no other is stable", () => {
    const stage = new Stage();
    stage.group.legDown(2);
    stage.run(400_000, [stage.main]);
    stage.run(8_000_000, []);
    assert.equal(stage.main.closed, false);
    assert.deepEqual(stage.active, [1]);
  });

  test("takes over at once when the main leg is gone", () => {
    const stage = new Stage();
    stage.run(400_000, [stage.main]);
    stage.run(20_000, []);
    stage.group.legDown(1);
    stage.run(STEP_US, []);
    assert.deepEqual(stage.active, [2]);
    assert.deepEqual(stage.backup.sequences, [179, 180, 181, 182, 183, 184]);
  });

  test("keeps packets for the leg that comes, as long as they are of use", () => {
    const stage = new Stage();
    stage.run(400_000, [stage.main]);
    stage.group.legDown(1);
    stage.group.legDown(2);
    assert.equal(stage.group.send(numbered(stage.value++), stage.nowUs), false);
    stage.run(3_000_000, []);
    const late = new QuietLeg(3, stage.group.joinSequence);
    stage.group.legUp(late);
    stage.run(STEP_US, []);
    assert.equal(late.sendSequence, 100 + stage.value);
    assert.equal(late.sequences[0], 100 + stage.value - late.sent.length);
    assert.equal(late.sent.length, 205, "of the last 1.02 s");
    assert.equal(late.sent[0]?.value, (late.sequences[0] as number) - 100);
  });

  test("takes the numbers of a leg that knows nothing of the old ones", () => {
    const stage = new Stage();
    stage.run(100_000, [stage.main]);
    stage.group.legDown(1);
    stage.group.legDown(2);
    const late = new QuietLeg(3, 7_000_000);
    stage.group.legUp(late);
    stage.run(2 * STEP_US, []);
    assert.deepEqual(late.sequences, [7_000_000, 7_000_001]);
  });

  test("keeps no more packets than it may", () => {
    const stage = new Stage([10, 1], { maxBufferedPackets: 10 });
    stage.run(100_000, []);
    stage.group.legDown(1);
    stage.run(STEP_US, []);
    assert.deepEqual(stage.backup.sequences, [110, 111, 112, 113, 114, 115, 116, 117, 118, 119, 120]);
    assert.equal(stage.group.send(new Uint8Array(1457), stage.nowUs), false, "too long");
  });

  test("tries the next leg when one cannot be brought into step", () => {
    const stage = new Stage();
    const third = new QuietLeg(3, 100, 0);
    stage.group.legUp(third);
    stage.run(400_000, [stage.main]);
    stage.backup.unacknowledged = 3;
    stage.run(100_000, []);
    assert.deepEqual(stage.active, [1, 3]);
  });
});

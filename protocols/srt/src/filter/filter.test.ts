import assert from "node:assert/strict";
import { test } from "node:test";
import { hex } from "@millrace/bytes";
import fc from "fast-check";
import { markRetransmitted } from "../wire/header.ts";
import { type FilterConfig, parseFilter } from "./config.ts";
import { Geometry, sequenceAfter } from "./geometry.ts";
import { FilterSender } from "./sender.ts";
import { headerOf, isParity, RECORDINGS, readRecording } from "./testing/recordings.ts";
import { dataPacket, makeStream, Reception } from "./testing/stream.ts";

/** As a rebuilt packet must be: what was sent, marked as sent again. */
function asRebuilt(packet: Uint8Array): string {
  const copy = packet.slice();
  markRetransmitted(copy);
  return hex(copy);
}

for (const name of RECORDINGS) {
  const { filter, packets } = readRecording(name);
  const config = parseFilter(filter);
  const firstSequence = headerOf(packets[0] as Uint8Array).sequence;

  test(`makes the parity that srt-live-transmit makes: ${name}`, () => {
    const sender = new FilterSender({ config, firstSequence, payloadBytes: 40 });
    let newest = firstSequence;
    for (const packet of packets) {
      const header = headerOf(packet);
      if (header.message !== 0) {
        assert.equal(sender.pull(newest), undefined);
        sender.feed(packet, packet.length);
        newest = header.sequence;
        continue;
      }
      const made = sender.pull(newest);
      assert.ok(made !== undefined);
      assert.equal(made.sequence, header.sequence);
      assert.equal(made.timestamp, header.timestamp);
      assert.equal(made.key, header.key);
      // Libsrt pads to the greatest payload.
      assert.equal(hex(made.bytes, 0, made.length).padEnd(88, "0"), hex(packet, 16));
    }
  });

  test(`rebuilds each packet that srt-live-transmit protects: ${name}`, () => {
    const geometry = new Geometry(config);
    const data = packets.filter((packet) => !isParity(packet));
    const parity = packets.filter(isParity).map(headerOf);
    const last = parity.map(({ sequence }) => sequence - firstSequence);
    let rebuilt = 0;
    for (const missing of data) {
      const at = headerOf(missing).sequence - firstSequence;
      const reception = new Reception(config, firstSequence, 40);
      for (const packet of packets) if (packet !== missing) reception.receive(packet);
      const inRow = geometry.hasRows && last.includes(at - geometry.column(at) + geometry.cols - 1);
      const depth = geometry.depth(at);
      const inColumn =
        geometry.hasColumns &&
        depth >= 0 &&
        last.includes(geometry.at(geometry.column(at), depth - (depth % geometry.rows) + geometry.rows - 1));
      assert.equal(reception.rebuilt.size, inRow || inColumn ? 1 : 0, `packet ${at}`);
      for (const packet of reception.rebuilt.values()) assert.equal(hex(packet), asRebuilt(missing));
      rebuilt += reception.rebuilt.size;
    }
    assert.ok(rebuilt >= data.length * 0.5, `${rebuilt} of ${data.length}`);
  });
}

const CONFIGS: readonly string[] = [
  "fec,cols:2",
  "fec,cols:7",
  "fec,cols:2,rows:2",
  "fec,cols:10,rows:5",
  "fec,cols:10,rows:5,layout:even",
  "fec,cols:4,rows:9,layout:even",
  "fec,cols:5,rows:-4",
  "fec,cols:5,rows:-4,layout:even",
  "fec,cols:3,rows:7",
];

for (const text of CONFIGS) {
  const config = parseFilter(text);
  const { cols, rows } = new Geometry(config);

  test(`every single loss is rebuilt: ${text}`, () => {
    const firstSequence = 0x7fff_ffff - cols;
    const count = cols * rows * 3;
    const stream = makeStream({ config, firstSequence, packets: count });
    // The staircase leaves out packets at the start, and the last groups may not be complete.
    const from = config.rows < 0 ? cols * rows : 0;
    const to = cols * (rows > 1 ? rows * 2 : 3);
    for (let i = from; i < to; i++) {
      const sequence = sequenceAfter(firstSequence, i);
      const reception = new Reception(config, firstSequence);
      for (const packet of stream) {
        const header = headerOf(packet);
        if (header.sequence === sequence && header.message !== 0) continue;
        assert.equal(reception.receive(packet), header.message === 0);
      }
      assert.deepEqual([...reception.rebuilt.keys()], [sequence]);
      assert.equal(
        hex(reception.rebuilt.get(sequence) as Uint8Array),
        asRebuilt(dataPacket(firstSequence, i)),
      );
      assert.deepEqual(reception.lost, []);
    }
  });

  if (rows === 1) continue;
  test(`a burst as long as a row is rebuilt by columns: ${text}`, () => {
    const stream = makeStream({ config, firstSequence: 0, packets: cols * rows * 4 });
    for (let start = cols * rows; start < cols * rows * 2; start++) {
      const reception = new Reception(config, 0);
      for (const packet of stream) {
        const { sequence, message } = headerOf(packet);
        if (sequence < start || sequence >= start + cols || message === 0) reception.receive(packet);
      }
      assert.equal(reception.rebuilt.size, cols, `burst at ${start}`);
      for (const [sequence, packet] of reception.rebuilt)
        assert.equal(hex(packet), asRebuilt(dataPacket(0, sequence)));
    }
  });
}

const anyConfig = fc
  .tuple(
    fc.integer({ min: 2, max: 9 }),
    fc.oneof(fc.constant(1), fc.integer({ min: 2, max: 6 }), fc.integer({ min: -6, max: -2 })),
    fc.constantFrom("even" as const, "staircase" as const),
  )
  .map(([cols, rows, layout]): FilterConfig => ({ cols, rows, layout, arq: "onreq" }));

interface Pass {
  readonly sequence: number;
  readonly parityIndex: number | undefined;
}

/** What can be rebuilt at all: groups with all but one packet and their parity, until there are no more. */
function closure(config: FilterConfig, passed: readonly Pass[], lost: ReadonlySet<number>): Set<number> {
  const geometry = new Geometry(config);
  const open = new Set(lost);
  const groups = passed
    .filter((packet) => packet.parityIndex !== undefined)
    .map(({ sequence: last, parityIndex }) =>
      parityIndex === 255
        ? Array.from({ length: geometry.cols }, (_, i) => last - i)
        : Array.from({ length: geometry.rows }, (_, i) => last - i * geometry.cols),
    );
  for (let changed = true; changed; ) {
    changed = false;
    for (const group of groups) {
      const missing = group.filter((packet) => open.has(packet));
      if (missing.length !== 1) continue;
      open.delete(missing[0] as number);
      changed = true;
    }
  }
  return new Set([...lost].filter((packet) => !open.has(packet)));
}

const run = fc.record({
  config: anyConfig,
  firstSequence: fc.oneof(fc.constant(0), fc.integer({ min: 0x7fff_ff80, max: 0x7fff_ffff })),
  /** Whether each packet, of data or parity, gets lost: a few in a hundred, or many. */
  losses: fc.tuple(fc.constantFrom(5, 15, 40), fc.infiniteStream(fc.nat(99))),
  /** Packets that come later than they should. */
  late: fc.infiniteStream(
    fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(6) }),
  ),
});

test("all that can be rebuilt is, byte for byte; the rest is reported lost once", () => {
  fc.assert(
    fc.property(run, ({ config, firstSequence, losses: [percent, dice], late }) => {
      const { cols, rows } = new Geometry(config);
      const count = cols * Math.max(3 * rows, 8);
      const stream = makeStream({ config, firstSequence, packets: count });
      const passed: { packet: Uint8Array; time: number; pass: Pass }[] = [];
      const lost = new Set<number>();
      stream.forEach((packet, i) => {
        const header = headerOf(packet);
        const sequence = (header.sequence - firstSequence) & 0x7fff_ffff;
        const parityIndex = header.message === 0 ? (packet[16] as number) : undefined;
        if (dice.next().value < percent) {
          if (parityIndex === undefined) lost.add(sequence);
        } else {
          passed.push({ packet, time: i + late.next().value, pass: { sequence, parityIndex } });
        }
      });
      passed.sort((a, b) => a.time - b.time);
      const reception = new Reception(config, firstSequence);
      for (const { packet } of passed) reception.receive(packet);
      const expected = closure(
        config,
        passed.map(({ pass }) => pass),
        lost,
      );
      const rebuilt = new Set([...reception.rebuilt.keys()].map((it) => (it - firstSequence) & 0x7fff_ffff));
      // A packet that came late may have been rebuilt before.
      for (const packet of expected) assert.ok(rebuilt.has(packet), `${packet} was not rebuilt`);
      for (const packet of rebuilt) {
        const sequence = sequenceAfter(firstSequence, packet);
        assert.equal(
          hex(reception.rebuilt.get(sequence) as Uint8Array),
          asRebuilt(dataPacket(firstSequence, packet)),
        );
      }
      // More packets close every group.
      for (let i = count; i < count * 2; i++) reception.receive(dataPacket(firstSequence, i));
      const reported = reception.lost.map((it) => (it - firstSequence) & 0x7fff_ffff);
      assert.equal(new Set(reported).size, reported.length, "each is reported once");
      for (const packet of lost)
        assert.ok(expected.has(packet) || reported.includes(packet), `${packet} is not reported`);
    }),
    { numRuns: 150 },
  );
});

test("without late packets nothing is reported that came or was rebuilt", () => {
  fc.assert(
    fc.property(run, ({ config, firstSequence, losses: [percent, dice] }) => {
      const { cols, rows } = new Geometry(config);
      const reception = new Reception(config, firstSequence);
      const came = new Set<number>();
      for (const packet of makeStream({ config, firstSequence, packets: cols * rows * 5 })) {
        if (dice.next().value < percent) continue;
        const { sequence, message } = headerOf(packet);
        reception.receive(packet);
        if (message !== 0) came.add(sequence);
      }
      for (const sequence of reception.lost) assert.ok(!came.has(sequence), `${sequence} came`);
      for (const sequence of reception.rebuilt.keys())
        assert.ok(!came.has(sequence), `${sequence} came and was rebuilt`);
    }),
    { numRuns: 80 },
  );
});

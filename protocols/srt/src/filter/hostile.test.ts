import assert from "node:assert/strict";
import { test } from "node:test";
import { hex } from "@millrace/bytes";
import fc from "fast-check";
import { decrypted, pair } from "../crypto/testing/pair.ts";
import { HEADER_BYTES, markRetransmitted, setKeyFlag } from "../wire/header.ts";
import { parseFilter } from "./config.ts";
import { messageAfter, sequenceAfter } from "./geometry.ts";
import { FilterSender } from "./sender.ts";
import { headerOf, isParity, RECORDINGS, readRecording } from "./testing/recordings.ts";
import { dataPacket, makeStream, PAYLOAD_BYTES, Reception } from "./testing/stream.ts";

const CONFIG = parseFilter("fec,cols:4,rows:3");
const WINDOW = 4 * 9;

/** Packets `from` to `to` of the stream, parity that belongs to them included, without some of data. */
function pass(
  reception: Reception,
  stream: readonly Uint8Array[],
  from: number,
  to: number,
  without: number[],
): void {
  for (const packet of stream) {
    const { sequence, message } = headerOf(packet);
    if (sequence < from || sequence > to || (message !== 0 && without.includes(sequence))) continue;
    reception.receive(packet);
  }
}

function far(sequence: number): Uint8Array {
  return dataPacket(sequence, 0);
}

test("one packet far ahead changes nothing", () => {
  for (const sequence of [WINDOW * 2, 0x1000_0000, 0x3fff_ffff, 0x7fff_ffff]) {
    const stream = makeStream({ config: CONFIG, firstSequence: 0, packets: 60 });
    const reception = new Reception(CONFIG, 0);
    pass(reception, stream, 0, 13, [12]);
    assert.equal(reception.receive(far(sequence)), false);
    assert.equal(reception.receive(far(sequence)), false);
    pass(reception, stream, 14, 17, []);
    // A lone second one, much later, neither.
    assert.equal(reception.receive(far(sequence)), false);
    pass(reception, stream, 18, 59, []);
    assert.deepEqual([...reception.rebuilt.keys()], [12]);
    assert.deepEqual(reception.lost, []);
  }
});

test("parity far ahead or far behind is dropped", () => {
  const stream = makeStream({ config: CONFIG, firstSequence: 0, packets: 60 });
  const parity = stream.find(isParity) as Uint8Array;
  const reception = new Reception(CONFIG, 0);
  pass(reception, stream, 0, 50, [12]);
  for (const sequence of [3, 0x1000_0003, 0x1000_0003, 0x7fff_ffff]) {
    const forged = parity.slice();
    new DataView(forged.buffer).setUint32(0, sequence);
    assert.equal(reception.receive(forged), true);
  }
  pass(reception, stream, 51, 59, []);
  assert.deepEqual([...reception.rebuilt.keys()], [12]);
});

test("after a long outage what is missing is reported as one run, and rebuilding begins anew", () => {
  const start = 20;
  const outage = 12 * 100_000;
  const stream = makeStream({ config: CONFIG, firstSequence: 0, packets: start });
  const reception = new Reception(CONFIG, 0);
  pass(reception, stream, 0, start, [17, 19]);
  const { receiver } = reception;
  // A multiple of the matrix, so that rows and columns of a new stream fall together with those of the old one.
  const after = start + outage;
  const runs: number[][] = [];
  const take = (): void => receiver.takeLost((low, high) => runs.push([low, high]));
  const late = makeStream({ config: CONFIG, firstSequence: outage, packets: 100 }).filter(
    (packet) => headerOf(packet).sequence >= after,
  );
  for (const packet of late) {
    const { sequence, message } = headerOf(packet);
    if (sequence === after + 30 && message !== 0) continue;
    receiver.receive(packet, packet.length);
    take();
  }
  // The first packet after the outage had to wait for another, so it counts as missing.
  assert.deepEqual(runs, [
    [17, 17],
    [19, 19],
    [20, after],
  ]);
  assert.ok(reception.rebuilt.has(after + 30));
  for (const [sequence, packet] of reception.rebuilt) {
    const expected = dataPacket(outage, sequence - outage);
    markRetransmitted(expected);
    assert.equal(hex(packet), hex(expected));
  }
});

test("parity before its data, and everything twice", () => {
  const stream = makeStream({ config: CONFIG, firstSequence: 0, packets: 48 });
  const reception = new Reception(CONFIG, 0);
  for (let i = 0; i < 48; i += 12) {
    const block = stream.filter((packet) => Math.floor(headerOf(packet).sequence / 12) === i / 12);
    const sorted = [...block.filter(isParity), ...block.filter((packet) => !isParity(packet))];
    for (const packet of sorted) {
      if (headerOf(packet).sequence % 12 === 5 && !isParity(packet)) continue;
      reception.receive(packet);
      reception.receive(packet);
    }
  }
  // Others are rebuilt, too, before they come.
  for (const lost of [5, 17, 29, 41]) assert.ok(reception.rebuilt.has(lost));
  for (const [sequence, packet] of reception.rebuilt) {
    const expected = dataPacket(0, sequence);
    markRetransmitted(expected);
    assert.equal(hex(packet), hex(expected));
  }
});

test("a packet that is longer than agreed is not protected", () => {
  const config = parseFilter("fec,cols:3");
  const sender = new FilterSender({ config, firstSequence: 0, payloadBytes: 20 });
  const packets = [10, 21, 10, 10, 10, 10].map((bytes, i) => {
    const packet = new Uint8Array(HEADER_BYTES + bytes);
    packet.set(dataPacket(0, i).subarray(0, HEADER_BYTES));
    sender.feed(packet, packet.length);
    assert.equal(sender.pull(i) !== undefined, i === 5);
    return packet;
  });
  const reception = new Reception(config, 0, 20);
  const other = new FilterSender({ config, firstSequence: 0, payloadBytes: 30 });
  for (const [i, packet] of packets.slice(0, 3).entries()) {
    if (i > 0) reception.receive(packet);
    other.feed(packet, packet.length);
  }
  const parity = other.pull(2);
  assert.ok(parity !== undefined);
  const forged = new Uint8Array(HEADER_BYTES + parity.length);
  forged.set(parity.bytes.subarray(0, parity.length), HEADER_BYTES);
  new DataView(forged.buffer).setUint32(0, 2);
  assert.equal(reception.receive(forged), true);
  assert.equal(reception.rebuilt.size, 0);
});

test("parity that lies about the length or the key flag rebuilds nothing", () => {
  const stream = makeStream({ config: CONFIG, firstSequence: 0, packets: 4 });
  const parity = stream.find(isParity) as Uint8Array;
  for (const bit of [0x8000, 0x0100, 0x0040, 0x80_0000, 0x04_0000]) {
    const reception = new Reception(CONFIG, 0);
    pass(
      reception,
      stream.filter((packet) => packet !== parity),
      0,
      3,
      [2],
    );
    const forged = parity.slice();
    const view = new DataView(forged.buffer);
    view.setUint32(16, view.getUint32(16) ^ bit);
    assert.equal(reception.receive(forged), true);
    assert.equal(reception.rebuilt.size, 0);
  }
});

test("a packet that comes before its loss is asked for is not reported", () => {
  const config = parseFilter("fec,cols:4");
  const reception = new Reception(config, 0);
  const { receiver } = reception;
  for (const i of [0, 3, 4, 5, 6, 7, 8, 1]) {
    const packet = dataPacket(0, i);
    receiver.receive(packet, packet.length);
  }
  reception.takeLost();
  assert.deepEqual(reception.lost, [2]);
});

test("the sender protects only rows and columns that were sent whole, and ignores packets sent again", () => {
  const sender = new FilterSender({
    config: parseFilter("fec,cols:3,rows:2,layout:even"),
    firstSequence: 0,
    payloadBytes: 60,
  });
  const pulled: number[][] = [];
  for (const i of [0, 1, 2, 4, 5, 6, 5, 7, 8, 9, 10, 11]) {
    const packet = dataPacket(0, i);
    sender.feed(packet, packet.length);
    for (let extra = sender.pull(i); extra !== undefined; extra = sender.pull(i)) {
      pulled.push([extra.sequence, extra.bytes[0] as number]);
    }
  }
  assert.deepEqual(pulled, [
    [2, 255],
    [4, 1],
    [5, 2],
    [8, 255],
    [9, 0],
    [10, 1],
    [11, 2],
    [11, 255],
  ]);
});

test("rebuilt packets pass the authentication of GCM", () => {
  const { a, b } = pair({ mode: "gcm" });
  const config = parseFilter("fec,cols:4");
  const sender = new FilterSender({ config, firstSequence: 0, payloadBytes: PAYLOAD_BYTES + 16 });
  const reception = new Reception(config, 0, PAYLOAD_BYTES + 16);
  for (let i = 0; i < 8; i++) {
    const clear = dataPacket(0, i);
    const packet = new Uint8Array(clear.length + 16);
    packet.set(clear);
    setKeyFlag(packet, a.sendKey);
    assert.equal(a.encrypt(packet, clear.length), packet.length);
    sender.feed(packet, packet.length);
    if (i % 4 !== 2) reception.receive(packet);
    const extra = sender.pull(i);
    if (extra === undefined) continue;
    const parity = new Uint8Array(HEADER_BYTES + extra.length);
    parity.set(extra.bytes.subarray(0, extra.length), HEADER_BYTES);
    const view = new DataView(parity.buffer);
    view.setUint32(0, extra.sequence);
    view.setUint32(8, extra.timestamp);
    view.setUint32(12, headerOf(packet).socketId);
    reception.receive(parity);
  }
  assert.deepEqual([...reception.rebuilt.keys()], [2, 6]);
  for (const [sequence, packet] of reception.rebuilt) {
    assert.deepEqual(decrypted(b, packet), dataPacket(0, sequence).slice(HEADER_BYTES));
  }
});

test("message numbers leave out 0 on both sides of the wrap", () => {
  for (const [message, distance, expected] of [
    [1, 1, 2],
    [1, -1, 0x3ff_ffff],
    [0x3ff_ffff, 1, 1],
    [0x3ff_fffe, 3, 2],
    [2, -3, 0x3ff_fffe],
  ] as const) {
    assert.equal(messageAfter(message, distance), expected);
  }
});

const mutated = fc
  .tuple(
    fc.constantFrom(...RECORDINGS.flatMap((name) => readRecording(name).packets)),
    fc.array(fc.tuple(fc.oneof(fc.nat(19), fc.nat(59)), fc.nat(255)), { maxLength: 3 }),
    fc.oneof(fc.constant(0), fc.integer({ min: -60, max: 100 })),
  )
  .map(([packet, changes, more]) => {
    const bytes = new Uint8Array(Math.max(0, packet.length + more));
    bytes.set(packet.subarray(0, bytes.length));
    for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
    return bytes;
  });

test("no packets make the receiver throw or rebuild something that is too long", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...RECORDINGS),
      fc.array(fc.oneof({ weight: 3, arbitrary: mutated }, fc.uint8Array({ maxLength: 40 })), {
        maxLength: 120,
      }),
      (name, packets) => {
        const recording = readRecording(name);
        const config = parseFilter(recording.filter);
        const { sequence } = headerOf(recording.packets[0] as Uint8Array);
        const reception = new Reception(config, sequence, 40);
        let calls = 0;
        for (const packet of packets) {
          reception.receiver.receive(packet, packet.length);
          reception.receiver.takeLost(() => calls++);
        }
        for (const packet of reception.rebuilt.values()) assert.ok(packet.length <= HEADER_BYTES + 40);
        assert.ok(reception.rebuilt.size <= packets.length);
        assert.ok(calls <= packets.length * 300);
      },
    ),
    { numRuns: 150 },
  );
});

test("after noise with plausible numbers rebuilding goes on", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(200), fc.uint8Array({ minLength: 12, maxLength: 80 }))), (noise) => {
      const reception = new Reception(CONFIG, 0);
      for (const [sequence, rest] of noise) {
        const packet = new Uint8Array(4 + rest.length);
        packet.set(rest, 4);
        new DataView(packet.buffer).setUint32(0, sequence);
        reception.receiver.receive(packet, packet.length);
      }
      reception.rebuilt.clear();
      const stream = makeStream({ config: CONFIG, firstSequence: 0, packets: 420 });
      pass(reception, stream, 240, 419, [300]);
      const rebuilt = reception.rebuilt.get(300);
      const expected = dataPacket(0, 300);
      markRetransmitted(expected);
      assert.equal(hex(rebuilt as Uint8Array), hex(expected));
    }),
    { numRuns: 60 },
  );
  assert.equal(sequenceAfter(0x7fff_ffff, 1), 0);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { PackagedMessage } from "../api.ts";
import { SLAB_BYTES } from "../memory/arena.ts";
import { PackagedOutput } from "../stream/packaged-output.ts";
import { makeLane } from "../testing/lane-kit.ts";
import { PackagedTap } from "../testing/units-kit.ts";
import { PackagedReader } from "./packaged-reader.ts";
import { CHUNK_MORE } from "./ring.ts";

function message(text: string, fields: Partial<PackagedMessage> = {}): PackagedMessage {
  const data = [Buffer.from(text)];
  return { data, track: 9, dts: 0, pts: 0, key: false, disposable: false, discontinuity: false, ...fields };
}

function makeOutput(options: { windowMs?: number; maxBytes?: number } = {}) {
  const lane = makeLane("lines", options);
  return { ...lane, output: new PackagedOutput(lane.writer) };
}

test("who runs gets the header once and again when it changed, who starts gets it in front of the key message", () => {
  const { output, view } = makeOutput();
  const early = new PackagedTap(view.read("live"));
  output.setHeader(Buffer.from("<1>"));
  output.put(message("a", { key: true }));
  output.put(message("b"));
  output.setHeader(Buffer.from("<1>"));
  output.put(message("C", { key: true }));
  output.put(message("d"));
  const middle = new PackagedTap(view.read("key"));
  // A change that does not wait for a key message: of the sound, perhaps.
  output.setHeader(Buffer.from("<2>"));
  output.put(message("e"));
  output.put(message("F", { key: true }));
  const late = new PackagedTap(view.read("key"));
  output.setHeader(Buffer.from("<3>"));
  output.put(message("G", { key: true }));
  const last = new PackagedTap(view.read("key"));
  output.put(message("h"));
  assert.equal(early.text, "<1>abCd<2>eF<3>Gh");
  assert.equal(middle.text, "<1>Cd<2>eF<3>Gh");
  assert.equal(late.text, "<2>F<3>Gh");
  assert.equal(last.text, "<3>Gh");
  assert.deepEqual(
    early.chunks.map(({ fresh }) => fresh),
    [true, ...Array<boolean>(early.chunks.length - 1).fill(false)],
  );
});

test("without a header a player starts at the key message; before the first it waits for one", () => {
  const { output, view } = makeOutput();
  output.put(message("a"));
  const tap = new PackagedTap(view.read("key"));
  output.put(message("b"));
  output.put(message("C", { key: true }));
  output.put(message("d"));
  assert.equal(tap.text, "Cd");
  assert.equal(new PackagedTap(view.read("key")).text, "Cd");
});

test("what is told of a message stands at each of its chunks", () => {
  const { output, view } = makeOutput();
  const tap = new PackagedTap(view.read("live"));
  const data = [new Uint8Array(0), Buffer.from("one"), Buffer.from("two"), new Uint8Array(0)];
  output.put(message("", { data, key: true, dts: -5, pts: 40, track: 8, discontinuity: true }));
  output.put(message("x".repeat(SLAB_BYTES), { dts: 90_000, disposable: true }));
  assert.deepEqual(
    tap.chunks.map(({ text, dts, track, disposable }) => [text.length, dts, track, disposable]),
    [
      [6, -5, 8, false],
      [SLAB_BYTES - 6, 90_000, 9, true],
      [6, 90_000, 9, true],
    ],
  );
});

test("a message that is larger than a slab becomes visible as a whole", () => {
  const { output, view, writer } = makeOutput();
  const reader = view.read("live");
  const heads: number[] = [];
  writer.onCommit = () => heads.push(reader.lag);
  output.setHeader(new Uint8Array(SLAB_BYTES + 10));
  output.put(message("x".repeat(2 * SLAB_BYTES), { key: true }));
  // Two chunks of the header, then two or three of the message; never a part of either.
  assert.deepEqual(heads, [0, 2, 2, 2, 5]);
  const player = new PackagedReader(view.read("key"));
  let bytes = 0;
  const ends: boolean[] = [];
  while (player.next()) {
    bytes += player.reader.chunk.length;
    ends.push(!player.reader.more);
  }
  assert.equal(bytes, 3 * SLAB_BYTES + 10);
  assert.deepEqual(ends, [false, true, false, false, true]);
});

test("a player that fell out of the window goes on at the newest key message, header in front", () => {
  const { output, view, clock } = makeOutput({ windowMs: 1 });
  const tap = new PackagedTap(view.read("live"));
  output.setHeader(Buffer.from("<1>"));
  output.put(message("a", { key: true }));
  tap.open = false;
  for (let i = 0; i < 9; i++) {
    clock.advanceMs(10);
    if (i === 3) output.setHeader(Buffer.from("<2>"));
    output.put(message(String(i).repeat(SLAB_BYTES / 2), { key: i % 3 === 0 }));
  }
  tap.open = true;
  tap.pump();
  const got = tap.chunks.map(({ text }) => text.slice(0, 3));
  assert.deepEqual(got.slice(0, 4), ["<1>", "a", "<2>", "666"]);
  assert.equal(tap.reader.reader.skips, 1);
  assert.equal(tap.chunks[2]?.fresh, true);
  assert.equal(tap.reader.torn, false);
});

test("a player in the middle of a message whose rest is gone is told so", () => {
  for (const lose of ["before it moves", "when it holds"] as const) {
    const { output, view, clock } = makeOutput({ windowMs: 1 });
    output.put(message("x".repeat(2 * SLAB_BYTES), { key: true }));
    const player = new PackagedReader(view.read("key"));
    assert.ok(player.next());
    assert.equal(player.reader.more, true);
    if (lose === "when it holds") assert.ok(player.next());
    for (let i = 0; i < 9; i++) {
      clock.advanceMs(10);
      output.put(message("y".repeat(SLAB_BYTES), { key: true }));
    }
    if (lose === "when it holds") {
      assert.equal(player.reader.hold(), undefined);
      player.skip();
    }
    assert.equal(player.next(), false);
    assert.equal(player.torn, true);
    assert.equal(player.next(), false);
  }
  // The very first part was gone: nothing of the message was sent, so nothing is torn.
  const { output, view, clock } = makeOutput({ windowMs: 1 });
  output.put(message("x".repeat(2 * SLAB_BYTES), { key: true }));
  const player = new PackagedReader(view.read("key"));
  assert.ok(player.next());
  for (let i = 0; i < 9; i++) {
    clock.advanceMs(10);
    output.put(message("y".repeat(SLAB_BYTES), { key: true }));
  }
  assert.equal(player.reader.hold(), undefined);
  player.skip();
  assert.equal(player.next(), true);
  assert.equal(player.torn, false);
});

test("property: every byte arrives, in order, from a key message on", () => {
  const sizes = fc.oneof(fc.nat(50), fc.constantFrom(SLAB_BYTES - 1, SLAB_BYTES, SLAB_BYTES + 1));
  const steps = fc.array(
    fc.record({ sizes: fc.array(sizes, { maxLength: 3 }), key: fc.boolean(), header: fc.option(fc.nat(3)) }),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(steps, (list) => {
      const { output, view } = makeOutput();
      const tap = new PackagedTap(view.read("live"));
      let header = "";
      let known = "";
      let started = false;
      let wanted = "";
      for (const [i, step] of list.entries()) {
        if (step.header !== null) output.setHeader(Buffer.from((header = `<${step.header}>`)));
        const parts = step.sizes.map((size) => String.fromCharCode(97 + i).repeat(size));
        output.put(message("", { data: parts.map((part) => Buffer.from(part)), key: step.key }));
        const body = parts.join("");
        // A key message without a byte shows itself by its header only.
        const begins = step.key && (body !== "" || header !== "");
        if (begins || started) {
          if (header !== known || !started) wanted += header;
          wanted += body;
          started = true;
          known = header;
        } else {
          known = header;
        }
      }
      assert.equal(tap.text, wanted);
      const chunks = tap.chunks.length;
      assert.ok(chunks === 0 || tap.chunks[0]?.fresh === true);
    }),
    { numRuns: 60 },
  );
});

test("the parts of a unit have numbers of their own behind the head", () => {
  const { writer } = makeLane("units");
  writer.room(1);
  writer.mark(CHUNK_MORE);
  writer.advance(5);
  writer.commit();
  assert.deepEqual([writer.ring.head, writer.ring.next], [0, 1]);
  writer.advance(5);
  writer.commit();
  assert.deepEqual([writer.ring.head, writer.ring.next], [2, 2]);
});

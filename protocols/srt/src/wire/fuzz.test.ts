import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { concat, hex } from "@millrace/bytes";
import fc from "fast-check";
import { Acknowledgement, readAcknowledgement, serializeAcknowledgement } from "./ack.ts";
import { ControlHeader, readControlHeader } from "./control.ts";
import { CORPUS_NAMES, corpusPacket, pooled } from "./corpus.test-support.ts";
import { DropRequest, readDropRequest } from "./drop-request.ts";
import { EXTENSION_KMREQ, EXTENSION_KMRSP } from "./extension.ts";
import { type Handshake, parseHandshake, serializeHandshake } from "./handshake.ts";
import { DataHeader, HEADER_BYTES, isControl, readDataHeader } from "./header.ts";
import { parseKeyMaterial, parseKeyStatus, serializeKeyMaterial } from "./key-material.ts";
import { readLossReport } from "./loss-report.ts";
import { isRange } from "./sequence-range.ts";
import { WireViolation } from "./violation.ts";

const SEEDS = CORPUS_NAMES.map((name) => ({ name, packet: corpusPacket(name) }));

/** The value, or the code of the violation. Any other error is a bug. */
function attempt<Value>(parse: () => Value): Value | string {
  try {
    return parse();
  } catch (error) {
    if (error instanceof WireViolation) return error.code;
    throw error;
  }
}

function readHandshake(body: Uint8Array): Handshake | string {
  const handshake = attempt(() => parseHandshake(body));
  if (typeof handshake !== "string") {
    const again = serializeHandshake(handshake);
    assert.deepEqual(parseHandshake(again), handshake, "what was read is not what is written");
    assert.ok(again.length <= body.length, "more was read than there is");
  }
  return handshake;
}

function readKeys(bytes: Uint8Array): unknown {
  const material = attempt(() => parseKeyMaterial(bytes));
  if (typeof material === "string") return [material, parseKeyStatus(bytes)];
  const again = serializeKeyMaterial(material);
  assert.equal(again.length, bytes.length);
  assert.deepEqual(parseKeyMaterial(again), material);
  return material;
}

function readRanges(packet: Uint8Array): unknown {
  const ranges: [number, number][] = [];
  const good = readLossReport(packet, (low, high) => ranges.push([low, high]));
  assert.equal(good, ranges.length > 0);
  assert.ok(ranges.length * 4 <= packet.length);
  for (const [low, high] of ranges) assert.ok(isRange(low, high), `${low} to ${high}`);
  return ranges;
}

/** Every parser on every packet, whatever it is: what each of them makes of it. */
function readAll(packet: Uint8Array): unknown {
  const [data, control, ack, drop] = [
    new DataHeader(),
    new ControlHeader(),
    new Acknowledgement(),
    new DropRequest(),
  ];
  const isData = readDataHeader(packet, data);
  const long = packet.length >= HEADER_BYTES;
  assert.equal(isData, long && !isControl(packet));
  assert.equal(readControlHeader(packet, control), long && isControl(packet));
  if (readAcknowledgement(packet, ack)) {
    const again = new Acknowledgement();
    assert.ok(
      readAcknowledgement(concat([packet.subarray(0, HEADER_BYTES), serializeAcknowledgement(ack)]), again),
    );
    assert.deepEqual(again, ack);
  }
  const dropped = readDropRequest(packet, drop);
  const body = packet.subarray(Math.min(packet.length, HEADER_BYTES));
  const handshake = readHandshake(body);
  const blocks = typeof handshake === "string" ? [] : handshake.extensions;
  const keys = blocks.map((it) =>
    it.kind === "kmreq" || it.kind === "kmrsp" ? readKeys(it.bytes) : undefined,
  );
  return {
    data,
    control,
    ack,
    drop,
    dropped,
    handshake,
    keys,
    user: readKeys(body),
    ranges: readRanges(packet),
  };
}

const spots = fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 5 });
const mutated = fc
  .record({
    seed: fc.constantFrom(...SEEDS),
    spots,
    cut: fc.nat(600),
    tail: fc.uint8Array({ maxLength: 12 }),
  })
  .map(({ seed: { packet }, spots: changes, cut, tail }) => {
    const kept = cut % 3 === 0 ? Math.min(packet.length, cut) : packet.length;
    const bytes = new Uint8Array(kept + tail.length);
    bytes.set(packet.subarray(0, kept));
    bytes.set(tail, kept);
    for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
    return bytes;
  });
const anything = fc.oneof(
  { weight: 4, arbitrary: mutated },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 80 }) },
);

suite("all parsers", () => {
  test("the corpus has what is fuzzed", () => {
    const types = new Set<number>();
    for (const { packet } of SEEDS) {
      const header = new ControlHeader();
      types.add(readControlHeader(packet, header) ? header.type : -1);
    }
    assert.deepEqual(
      [...types].toSorted((a, b) => a - b),
      [-1, 0, 1, 2, 3, 5, 6, 7, 0x7fff],
    );
    assert.deepEqual([EXTENSION_KMREQ, EXTENSION_KMRSP], [3, 4]);
  });

  for (const { name, packet } of SEEDS) {
    if (!name.startsWith("lie-")) continue;
    test(`${name} is refused`, () => {
      const read = readAll(packet);
      const found = JSON.stringify(read, (_, value) => (value instanceof Uint8Array ? hex(value) : value));
      if (name.startsWith("lie-range")) assert.match(found, /"ranges":\[\]/);
      else if (name.startsWith("lie-key")) assert.match(found, /"keys":\[null,null,\["srt\.bad-/);
      else assert.match(found, /"handshake":"srt\.truncated"/);
    });
  }

  test("survive whatever comes, and read nothing beyond it", () => {
    fc.assert(
      fc.property(anything, fc.constantFrom(0x00, 0x7f, 0x80, 0xff), (bytes, surroundings) => {
        const packet = pooled(bytes, surroundings);
        const read = readAll(packet);
        assert.equal(hex(packet), hex(bytes), "a parser changed the packet");
        assert.deepEqual(read, readAll(bytes));
      }),
      { numRuns: 2000 },
    );
  });
});

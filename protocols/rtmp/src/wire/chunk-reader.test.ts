import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { concat, fromHex, hex } from "@millrace/bytes";
import fc from "fast-check";
import { ChunkReader, DEFAULT_CHUNK_LIMITS } from "./chunk-reader.ts";
import { chunkMessage } from "./chunk-writer.ts";
import { WireViolation } from "./violation.ts";

interface Seen {
  readonly csid: number;
  readonly type: number;
  readonly streamId: number;
  readonly timestampMs: number;
  readonly payload: string;
}

/** The messages in `bytes` when they arrive in pieces of these lengths, over and over; each piece is then overwritten. */
function read(
  bytes: Uint8Array,
  pieces: readonly number[] = [bytes.length],
  limits = DEFAULT_CHUNK_LIMITS,
): Seen[] {
  const seen: Seen[] = [];
  const reader = new ChunkReader(({ csid, type, streamId, timestampMs, payload }) => {
    seen.push({ csid, type, streamId, timestampMs, payload: hex(payload) });
  }, limits);
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const piece = bytes.slice(at, at + (pieces[i % pieces.length] as number));
    reader.push(piece);
    at += piece.length;
    piece.fill(0xee);
  }
  return seen;
}

function brief(text: string): string[] {
  const bytes = fromHex(text);
  const seen = read(bytes);
  for (let split = 1; split < bytes.length; split++) {
    assert.deepEqual(read(bytes, [split, bytes.length]), seen, `cut at ${split}`);
  }
  assert.deepEqual(read(bytes, [1]), seen, "one byte at a time");
  return seen.map((it) => `${it.csid} ${it.type} ${it.streamId} @${it.timestampMs} ${it.payload}`);
}

function violation(text: string): string | undefined {
  try {
    read(fromHex(text));
    return undefined;
  } catch (error) {
    if (error instanceof WireViolation) return error.code;
    throw error;
  }
}

const CHUNK_SIZE_2 = "02 000000 000004 01 00000000 00000002";

const GOOD: readonly { what: string; bytes: string; messages: string[] }[] = [
  {
    what: "each kind of header",
    bytes: `04 00000a 000002 08 01000000 a1a2  44 000005 000001 09 b1  84 000003 c1  c4 d1  c4 e1`,
    messages: ["4 8 1 @10 a1a2", "4 9 1 @15 b1", "4 9 1 @18 c1", "4 9 1 @21 d1", "4 9 1 @24 e1"],
  },
  {
    what: "a message after fmt 0 by fmt 3 adds its time once more",
    bytes: "04 00000a 000001 08 01000000 aa  c4 bb",
    messages: ["4 8 1 @10 aa", "4 8 1 @20 bb"],
  },
  {
    what: "chunk streams by one, two and three bytes",
    bytes:
      "3f 000001 000001 08 00000000 01  00 00 000001 000001 08 00000000 02  01 0001 000001 000001 08 00000000 03" +
      "01 ffff 000001 000001 08 00000000 04",
    messages: ["63 8 0 @1 01", "64 8 0 @1 02", "320 8 0 @1 03", "65599 8 0 @1 04"],
  },
  {
    what: "interleaved messages",
    bytes: `${CHUNK_SIZE_2} 04 000001 000005 08 01000000 0102  06 000002 000003 09 01000000 f1f2  c4 0304  c6 f3  c4 05`,
    messages: ["2 1 0 @0 00000002", "6 9 1 @2 f1f2f3", "4 8 1 @1 0102030405"],
  },
  {
    what: "extended times, repeated in fmt 3",
    bytes: `${CHUNK_SIZE_2} 04 ffffff 000003 08 01000000 01000000 a1a2  c4 01000000 a3`,
    messages: ["2 1 0 @0 00000002", "4 8 1 @16777216 a1a2a3"],
  },
  {
    what: "extended times that fmt 3 leaves out",
    bytes: `${CHUNK_SIZE_2} 04 ffffff 000007 08 01000000 01000000 a1a2  c4 a3a4  c4 a5a6 c4 a7`,
    messages: ["2 1 0 @0 00000002", "4 8 1 @16777216 a1a2a3a4a5a6a7"],
  },
  {
    what: "an extended difference",
    bytes: "04 000001 000001 08 01000000 01  44 ffffff 000001 08 01000000 02",
    messages: ["4 8 1 @1 01", "4 8 1 @16777217 02"],
  },
  {
    what: "a time that passes 32 bits, on any chunk stream",
    bytes:
      "04 ffffff 000001 08 01000000 fffffff0 01  04 000010 000001 08 01000000 02  06 000020 000001 09 01000000 03",
    messages: ["4 8 1 @4294967280 01", "4 8 1 @4294967312 02", "6 9 1 @4294967328 03"],
  },
  {
    what: "a time that jumps back",
    bytes: "04 00ffff 000001 08 01000000 01  04 000010 000001 08 01000000 02",
    messages: ["4 8 1 @65535 01", "4 8 1 @16 02"],
  },
  {
    what: "an empty message",
    bytes: "04 000001 000000 08 01000000  04 000002 000001 08 01000000 aa",
    messages: ["4 8 1 @1 ", "4 8 1 @2 aa"],
  },
  {
    what: "an aborted message, and one that is not there",
    bytes: `${CHUNK_SIZE_2} 04 000001 000005 08 01000000 0102  02 000000 000004 02 00000000 0000  c2 0004
      04 000002 000001 08 01000000 aa  02 000000 000004 02 00000000 0000  c2 0009`,
    messages: ["2 1 0 @0 00000002", "2 2 0 @0 00000004", "4 8 1 @2 aa", "2 2 0 @0 00000009"],
  },
  {
    what: "a message that begins in the middle of another",
    bytes: `${CHUNK_SIZE_2} 04 000001 000005 08 01000000 0102  44 000002 000001 08 aa  c4 bb`,
    messages: ["2 1 0 @0 00000002", "4 8 1 @3 aa", "4 8 1 @5 bb"],
  },
  {
    what: "a chunk stream that begins with fmt 1, as librtmp's pings do",
    bytes: "42 000000 000006 04 000600000001",
    messages: ["2 4 0 @0 000600000001"],
  },
  {
    what: "a chunk size past what a message can have",
    bytes: "02 000000 000004 01 00000000 7fffffff  04 000001 000001 08 01000000 aa",
    messages: ["2 1 0 @0 7fffffff", "4 8 1 @1 aa"],
  },
];

const BAD: readonly { what: string; bytes: string; code: string }[] = [
  { what: "a chunk stream that begins with fmt 2", bytes: "84 000001", code: "rtmp.bad-chunk" },
  { what: "a chunk stream that begins with fmt 3", bytes: "c4", code: "rtmp.bad-chunk" },
  { what: "a chunk size of 0", bytes: "02 000000 000004 01 00000000 00000000", code: "rtmp.bad-chunk-size" },
  {
    what: "a chunk size with its first bit",
    bytes: "02 000000 000004 01 00000000 80000001",
    code: "rtmp.bad-chunk-size",
  },
  {
    what: "a chunk size that is cut short",
    bytes: "02 000000 000002 01 00000000 0001",
    code: "rtmp.bad-chunk-size",
  },
  { what: "an abort without its stream", bytes: "02 000000 000001 02 00000000 04", code: "rtmp.bad-control" },
  { what: "a message of 16 MB", bytes: "04 000001 ffffff 09 01000000", code: "rtmp.message-too-large" },
];

suite("chunk reader", () => {
  for (const { what, bytes, messages } of GOOD) {
    test(what, () => assert.deepEqual(brief(bytes), messages));
  }

  for (const { what, bytes, code } of BAD) {
    test(`refuses ${what}`, () => assert.equal(violation(bytes), code));
  }

  test("counts messages that are begun anew", () => {
    const reader = new ChunkReader(() => {});
    reader.push(
      fromHex(`${CHUNK_SIZE_2} 04 000001 000005 08 01000000 0102  04 000001 000005 08 01000000 0102`),
    );
    assert.equal(reader.abandonedMessages, 1);
  });

  test("gives every message memory of its own", () => {
    const payloads: Uint8Array[] = [];
    const reader = new ChunkReader((message) => payloads.push(message.payload));
    reader.push(fromHex("04 000001 000002 08 01000000 a1a2  c4 b1b2"));
    assert.deepEqual(
      payloads.map((it) => hex(it)),
      ["a1a2", "b1b2"],
    );
  });

  test("takes a longest message that is allowed, whatever the chunks", () => {
    const body = new Uint8Array(300_000).map((_, i) => i * 31);
    for (const size of [128, 4096, 1 << 20]) {
      const whole = concat([
        fromHex(`02 000000 000004 01 00000000 ${size.toString(16).padStart(8, "0")}`),
        chunkMessage({ csid: 6, type: 9, streamId: 1, timestampMs: 7 }, body, size),
      ]);
      const limits = { ...DEFAULT_CHUNK_LIMITS, maxMessageBytes: body.length };
      const [, message] = read(whole, [1400], limits);
      assert.ok(message?.payload === hex(body), `chunks of ${size}`);
    }
  });

  test("bounds the memory of messages under way, and gives it back", () => {
    const limits = { ...DEFAULT_CHUNK_LIMITS, maxPendingBytes: 300_000 };
    const reader = new ChunkReader(() => {}, limits);
    const start = (csid: number): Uint8Array =>
      chunkMessage({ csid, type: 9, streamId: 1, timestampMs: 0 }, new Uint8Array(200_000), 128).subarray(
        0,
        140,
      );
    for (let csid = 3; csid < 7; csid++) reader.push(start(csid));
    assert.equal(reader.pendingBytes, 4 * 65_536);
    assert.throws(() => reader.push(start(7)), { code: "rtmp.too-much-pending" });

    const other = new ChunkReader(() => {}, limits);
    for (let i = 0; i < 100; i++) other.push(start(4));
    assert.equal(other.pendingBytes, 65_536);
    other.push(fromHex("02 000000 000004 02 00000000 00000004"));
    assert.equal(other.pendingBytes, 0);
  });

  test("bounds the number of chunk streams", () => {
    const reader = new ChunkReader(() => {}, { ...DEFAULT_CHUNK_LIMITS, maxChunkStreams: 3 });
    const message = (csid: number): Uint8Array =>
      chunkMessage({ csid, type: 8, streamId: 1, timestampMs: 0 }, new Uint8Array(1), 128);
    for (const csid of [3, 4, 65_599, 3, 4, 65_599]) reader.push(message(csid));
    assert.throws(() => reader.push(message(5)), { code: "rtmp.too-many-chunk-streams" });
  });
});

const messages = fc.array(
  fc.record({
    csid: fc.oneof(fc.integer({ min: 3, max: 8 }), fc.constantFrom(64, 319, 320, 65_599)),
    type: fc.constantFrom(8, 9, 18, 20),
    streamId: fc.constantFrom(0, 1, 0x01020304, 0xffffffff),
    timestampMs: fc.oneof(fc.nat(100_000), fc.integer({ min: 0xfffff0, max: 0x1000010 })),
    body: fc.uint8Array({ maxLength: 700 }),
  }),
  { maxLength: 12 },
);

test("what is written is read, in chunks of any size and pieces of any length", () => {
  fc.assert(
    fc.property(
      messages,
      fc.integer({ min: 1, max: 800 }),
      fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 5 }),
      (list, size, pieces) => {
        const bytes = concat([
          fromHex(`02 000000 000004 01 00000000 ${size.toString(16).padStart(8, "0")}`),
          ...list.map(({ body, ...header }) => chunkMessage(header, body, size)),
        ]);
        const expected = list.map(({ body, ...header }) => ({ ...header, payload: hex(body) }));
        assert.deepEqual(read(bytes, pieces).slice(1), expected);
      },
    ),
    { numRuns: 200 },
  );
});

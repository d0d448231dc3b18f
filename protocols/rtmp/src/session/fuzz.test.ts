import assert from "node:assert/strict";
import { test } from "node:test";
import { MillraceError } from "@millrace/model";
import fc from "fast-check";
import { ChunkReader, DEFAULT_CHUNK_LIMITS } from "../wire/chunk-reader.ts";
import { RtmpClientSession } from "./client.ts";
import { RECORDINGS, recording } from "./corpus.test-support.ts";
import { ClientLog, plainRandom, ServerLog } from "./pipe.test-support.ts";
import { RtmpServerSession } from "./server.ts";
import { parseRtmpUrl } from "./url.ts";

const HANDSHAKE_BYTES = 1 + 2 * 1536;
const CLIENTS = RECORDINGS.filter((name) => name.endsWith("-client")).map(recording);
const SERVERS = RECORDINGS.filter((name) => name.endsWith("-server")).map(recording);
const LIMITS = { maxMessageBytes: 100_000, maxPendingBytes: 300_000, maxChunkStreams: 8 };

/** A recording with some bytes of what follows the handshake changed, left out or doubled. */
function mutated(seeds: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const change = fc.record({
    at: fc.nat(1800),
    kind: fc.constantFrom("set", "flip", "cut", "double", "random"),
    value: fc.nat(255),
  });
  return fc.tuple(fc.constantFrom(...seeds), fc.array(change, { maxLength: 6 })).map(([seed, changes]) => {
    let rest = [...seed.subarray(HANDSHAKE_BYTES)];
    for (const { at, kind, value } of changes) {
      const i = at % Math.max(1, rest.length);
      if (kind === "set") rest[i] = value;
      else if (kind === "flip") rest[i] = (rest[i] ?? 0) ^ (1 << (value & 7));
      else if (kind === "cut") rest.splice(i, value & 31);
      else if (kind === "double") rest = [...rest.slice(0, i + (value & 31)), ...rest.slice(i)];
      else rest.splice(i, 0, ...plainRandom(value & 31));
    }
    return Uint8Array.from([...seed.subarray(0, HANDSHAKE_BYTES), ...rest]);
  });
}

const pieces = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 4 });

function feed(bytes: Uint8Array, lengths: readonly number[], receive: (piece: Uint8Array) => void): void {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const length = lengths[i % lengths.length] as number;
    receive(bytes.slice(at, at + length));
    at += length;
  }
}

/** Messages until the first violation, and its code. */
function readAll(bytes: Uint8Array, lengths: readonly number[]): string[] {
  const seen: string[] = [];
  const reader = new ChunkReader((it) => {
    assert.ok(it.payload.length <= LIMITS.maxMessageBytes);
    seen.push(`${it.csid} ${it.type} ${it.streamId} ${it.timestampMs} ${it.payload.join()}`);
  }, LIMITS);
  try {
    feed(bytes, lengths, (piece) => {
      reader.push(piece);
      assert.ok(reader.pendingBytes >= 0 && reader.pendingBytes <= LIMITS.maxPendingBytes);
    });
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    seen.push(error.code);
  }
  return seen;
}

test("the chunk reader makes the same of any bytes, however they are cut", () => {
  const bytes = fc.oneof(
    mutated([...CLIENTS, ...SERVERS]).map((it) => it.subarray(HANDSHAKE_BYTES)),
    fc.uint8Array({ maxLength: 400 }),
  );
  fc.assert(
    fc.property(bytes, pieces, (input, lengths) => {
      assert.deepEqual(readAll(input, lengths), readAll(input, [input.length + 1]));
    }),
    { numRuns: 400 },
  );
});

test("no bytes make the server throw, and a session ends at most once, with a code", () => {
  fc.assert(
    fc.property(mutated(CLIENTS), pieces, (bytes, lengths) => {
      const log = new ServerLog();
      const options = { limits: { ...DEFAULT_CHUNK_LIMITS, ...LIMITS } };
      const parts = { send: () => {}, events: log, random: plainRandom, options };
      const session = new RtmpServerSession(parts, 0);
      feed(bytes, lengths, (piece) => session.receive(piece, 0));
      const ends = log.lines.filter((line) => line.startsWith("close"));
      assert.equal(ends.length, session.closed ? 1 : 0);
      for (const line of ends) assert.match(line, /^close rtmp\.[a-z-]+$/);
      if (session.closed) assert.equal(log.lines.at(-1), ends[0]);
    }),
    { numRuns: 400 },
  );
});

test("no bytes make the client throw, and a session ends at most once, with a code", () => {
  const target = parseRtmpUrl("rtmp://me:pw@host/live/cam");
  fc.assert(
    fc.property(mutated(SERVERS), pieces, fc.constantFrom("play", "publish"), (bytes, lengths, mode) => {
      const log = new ClientLog();
      const session = new RtmpClientSession(
        { mode, target, send: () => {}, events: log, random: plainRandom },
        0,
      );
      session.start();
      feed(bytes, lengths, (piece) => session.receive(piece, 0));
      const ends = log.lines.filter((line) => /^(close|redial)/.test(line));
      assert.equal(ends.length, session.closed ? 1 : 0);
      for (const line of ends) assert.match(line, /^(close rtmp\.[a-z-]+$|redial)/);
    }),
    { numRuns: 400 },
  );
});

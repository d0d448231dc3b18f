import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseKeyStatus } from "../wire/key-material.ts";
import { SessionCrypto } from "./session-crypto.ts";
import { decrypted, encrypted, OPTIONS, pair, secured, states } from "./testing/pair.ts";
import { expectedPayload, readRecording } from "./testing/recordings.ts";

const PAYLOAD = expectedPayload(0, 1);
const MESSAGES = ([128, 192, 256] as const)
  .flatMap(readRecording)
  .filter(({ what }) => what.startsWith("key material"))
  .map(({ bytes }) => bytes);

/** A real message with bytes changed, its header more often than the rest, and its end cut off or lengthened. */
const lying = fc
  .tuple(
    fc.constantFrom(...MESSAGES),
    fc.array(fc.tuple(fc.oneof(fc.nat(15), fc.nat(111)), fc.nat(255)), { maxLength: 4 }),
    fc.oneof(fc.constant(0), fc.integer({ min: -120, max: 40 })),
  )
  .map(([message, changes, more]) => {
    const bytes = new Uint8Array(Math.max(0, message.length + more));
    bytes.set(message.subarray(0, bytes.length));
    for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
    return bytes;
  });

const anything = fc.oneof({ weight: 4, arbitrary: lying }, fc.uint8Array({ maxLength: 120 }));

test("no message in a handshake makes the responder throw, and each is answered with itself or a status", () => {
  fc.assert(
    fc.property(anything, fc.constantFrom("auto", "ctr", "gcm"), (bytes, mode) => {
      const responder = new SessionCrypto({ ...OPTIONS, passphrase: "0123456789", mode });
      const answer = responder.respond(bytes) as Uint8Array;
      if (parseKeyStatus(answer) === undefined) {
        assert.deepEqual(answer, bytes);
        assert.ok(secured(responder));
      } else {
        const [send, receive] = states(responder);
        assert.equal(send, parseKeyStatus(answer));
        assert.equal(receive, send);
      }
      assert.ok(responder.sending);
    }),
    { numRuns: 300 },
  );
});

test("no message under way or answer disturbs the keys in use", () => {
  const passphrase = "of no recording";
  const { a, b } = pair({ passphrase }, { passphrase });
  let sequence = 0;
  fc.assert(
    fc.property(anything, (bytes) => {
      assert.ok(parseKeyStatus(b.onRefresh(bytes)) !== undefined);
      b.onRefreshAnswer(bytes);
      for (const [from, to] of [
        [a, b],
        [b, a],
      ] as const) {
        assert.deepEqual(decrypted(to, encrypted(from, sequence, PAYLOAD)), PAYLOAD);
      }
      sequence++;
    }),
    { numRuns: 300 },
  );
});

test("no answer to a handshake makes the initiator throw", () => {
  fc.assert(
    fc.property(anything, (bytes) => {
      const initiator = new SessionCrypto({ ...OPTIONS, random: (count) => new Uint8Array(count) });
      initiator.initiate();
      initiator.conclude(bytes);
      assert.ok(!secured(initiator));
    }),
    { numRuns: 100 },
  );
});

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { suite, test } from "node:test";
import { u32be } from "@millrace/bytes";
import { ClientHandshake, ServerHandshake } from "./handshake.ts";
import { findDigest, HANDSHAKE_BYTES, type Hmac, isSignedAnswer, sign } from "./handshake-digest.ts";

const hmac: Hmac = (key, ...parts) => {
  const it = createHmac("sha256", key);
  for (const part of parts) it.update(part);
  return it.digest();
};

function random(count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, i) => (i * 13 + 5) & 255);
}

function shake(digest: boolean, piece: number): { client: ClientHandshake; server: ServerHandshake } {
  const up: Uint8Array[] = [];
  const down: Uint8Array[] = [];
  const common = { random, hmac, timeMs: 77 };
  const client = new ClientHandshake({ ...common, send: (bytes) => up.push(bytes) });
  const server = new ServerHandshake({ ...common, send: (bytes) => down.push(bytes) });
  client.start(digest);
  for (let more = true; more; ) {
    more = false;
    for (const [queue, side] of [
      [up, server],
      [down, client],
    ] as const) {
      for (let bytes = queue.shift(); bytes !== undefined; bytes = queue.shift()) {
        more = true;
        for (let at = 0; at < bytes.length; at += piece) {
          const part: Uint8Array = bytes.subarray(at, at + piece);
          assert.equal(side.push(part), part.length);
        }
      }
    }
  }
  return { client, server };
}

/** C0 and C1 with a digest of a scheme. */
function hello(scheme: 0 | 1): Uint8Array {
  const bytes = random(1 + HANDSHAKE_BYTES);
  bytes[0] = 3;
  sign(bytes.subarray(1), "client", scheme, hmac);
  return bytes;
}

function answerTo(bytes: Uint8Array): { answer: Uint8Array; server: ServerHandshake } {
  const sent: Uint8Array[] = [];
  const server = new ServerHandshake({ random, hmac, timeMs: 77, send: (part) => sent.push(part) });
  server.push(bytes);
  assert.equal(sent.length, 1);
  return { answer: sent[0] as Uint8Array, server };
}

suite("handshake", () => {
  for (const piece of [1, 7, 1536, 1537, 4000]) {
    test(`of both kinds, in pieces of ${piece}`, () => {
      const simple = shake(false, piece);
      assert.deepEqual([simple.client.done, simple.server.done], [true, true]);
      assert.deepEqual([simple.client.verified, simple.server.scheme], [false, undefined]);
      const complex = shake(true, piece);
      assert.deepEqual([complex.client.done, complex.server.done], [true, true]);
      assert.deepEqual([complex.client.verified, complex.server.scheme], [true, 1]);
    });
  }

  for (const scheme of [0, 1] as const) {
    test(`a digest of scheme ${scheme} is answered by one`, () => {
      const bytes = hello(scheme);
      const { answer, server } = answerTo(bytes);
      assert.equal(server.scheme, scheme);
      const s1 = answer.subarray(1, 1 + HANDSHAKE_BYTES);
      assert.equal(findDigest(s1, "server", hmac)?.scheme, scheme);
      const digest = findDigest(bytes.subarray(1), "client", hmac)?.digest as Uint8Array;
      assert.ok(isSignedAnswer(answer.subarray(1 + HANDSHAKE_BYTES), "server", digest, hmac));
    });
  }

  for (const [scheme, pointer, position] of [
    [0, 772, 776],
    [1, 8, 12],
  ] as const) {
    for (const [bytes, offset] of [
      [[0, 0, 0, 0], 0],
      [[255, 255, 217, 0], 727],
      [[255, 255, 217, 1], 0],
      [[255, 255, 255, 255], 292],
    ] as const) {
      test(`the digest of scheme ${scheme} lies where ${bytes.join(" + ")} points to`, () => {
        const packet = new Uint8Array(HANDSHAKE_BYTES);
        packet.set(bytes, pointer);
        const digest = sign(packet, "client", scheme, hmac);
        assert.deepEqual(packet.subarray(position + offset, position + offset + 32), Uint8Array.from(digest));
      });
    }
  }

  test("a false digest is taken for none: the packet comes back", () => {
    const bytes = hello(0);
    bytes[1000] = (bytes[1000] as number) ^ 1;
    const { answer, server } = answerTo(bytes);
    assert.equal(server.scheme, undefined);
    assert.equal(u32be(answer, 5), 0);
    assert.deepEqual(answer.subarray(1 + HANDSHAKE_BYTES + 8), bytes.subarray(9));
  });

  test("what is behind the handshake is left alone", () => {
    const sent: Uint8Array[] = [];
    const server = new ServerHandshake({ random, hmac, timeMs: 0, send: (part) => sent.push(part) });
    const all = new Uint8Array(1 + 2 * HANDSHAKE_BYTES + 5);
    all[0] = 3;
    assert.equal(server.push(all), all.length - 5);
    assert.ok(server.done);
  });

  for (const [version, code] of [
    [6, "rtmp.encrypted"],
    [0x16, "rtmp.bad-version"],
    [0x47, "rtmp.bad-version"],
    [0, "rtmp.bad-version"],
  ] as const) {
    test(`version ${version} is refused at its first byte`, () => {
      const parts = { random, hmac, timeMs: 0, send: () => {} };
      assert.throws(() => new ServerHandshake(parts).push(Uint8Array.of(version)), { code });
      assert.throws(() => new ClientHandshake(parts).push(Uint8Array.of(version)), { code });
    });
  }
});

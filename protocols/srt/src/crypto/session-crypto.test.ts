import assert from "node:assert/strict";
import { test } from "node:test";
import { KEY_EVEN, KEY_NONE, KEY_ODD, markRetransmitted, setKeyFlag } from "../wire/header.ts";
import {
  KM_BAD_CRYPTO_MODE,
  KM_BAD_SECRET,
  KM_NO_SECRET,
  KM_SECURED,
  KM_SECURING,
  KM_UNSECURED,
  parseKeyMaterial,
  parseKeyStatus,
  serializeKeyStatus,
} from "../wire/key-material.ts";
import { KeyMessages } from "./key-message.ts";
import { type CryptoOptions, SessionCrypto } from "./session-crypto.ts";
import { dataPacket, decrypted, encrypted, OPTIONS, pair, secured, states } from "./testing/pair.ts";
import { expectedPayload, readRecording } from "./testing/recordings.ts";

const PAYLOAD = expectedPayload(0, 7);

for (const [initiator, responder, keyBytes, cipher] of [
  [{}, {}, 16, 2],
  [{ keyBytes: 24 }, { keyBytes: 16 }, 24, 2],
  [{ keyBytes: 32, mode: "ctr" }, { mode: "ctr" }, 32, 2],
  [{ mode: "gcm" }, {}, 16, 4],
  [{ mode: "gcm", keyBytes: 32 }, { mode: "gcm" }, 32, 4],
] as const) {
  test(`a handshake of ${JSON.stringify(initiator)} with ${JSON.stringify(responder)}`, () => {
    const { a, b } = pair(initiator, responder);
    assert.ok(secured(a, b));
    const offer = parseKeyMaterial(a.initiate() as Uint8Array);
    assert.deepEqual(
      [offer.keys, offer.keyBytes, offer.cipher, offer.auth],
      [1, keyBytes, cipher, cipher === 4 ? 1 : 0],
    );
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      assert.ok(from.sending);
      assert.equal(from.sendKey, KEY_EVEN);
      assert.equal(from.keyBytes, keyBytes);
      assert.equal(from.overheadBytes, cipher === 4 ? 16 : 0);
      const packet = encrypted(from, 5, PAYLOAD);
      assert.equal(packet.length, 16 + PAYLOAD.length + from.overheadBytes);
      assert.notDeepEqual(packet.slice(16, 16 + PAYLOAD.length), PAYLOAD);
      assert.deepEqual(decrypted(to, packet), PAYLOAD);
      markRetransmitted(packet);
      assert.deepEqual(decrypted(to, packet), PAYLOAD);
    }
  });
}

const OTHER = "another-secret";
for (const [name, initiator, responder, answer, atInitiator, atResponder] of [
  [
    "another passphrase",
    {},
    { passphrase: OTHER },
    KM_BAD_SECRET,
    [KM_BAD_SECRET, KM_BAD_SECRET],
    [KM_BAD_SECRET, KM_BAD_SECRET],
  ],
  [
    "no passphrase at the responder",
    {},
    { passphrase: undefined },
    KM_NO_SECRET,
    [KM_NO_SECRET, KM_UNSECURED],
    [KM_UNSECURED, KM_NO_SECRET],
  ],
  [
    "no passphrase at the initiator",
    { passphrase: undefined },
    {},
    KM_UNSECURED,
    [KM_UNSECURED, KM_NO_SECRET],
    [KM_NO_SECRET, KM_UNSECURED],
  ],
  [
    "GCM offered, CTR wanted",
    { mode: "gcm" },
    { mode: "ctr" },
    KM_BAD_CRYPTO_MODE,
    [KM_BAD_CRYPTO_MODE, KM_BAD_CRYPTO_MODE],
    [KM_BAD_CRYPTO_MODE, KM_BAD_CRYPTO_MODE],
  ],
  [
    "CTR offered, GCM wanted",
    {},
    { mode: "gcm" },
    KM_BAD_CRYPTO_MODE,
    [KM_BAD_CRYPTO_MODE, KM_BAD_CRYPTO_MODE],
    [KM_BAD_CRYPTO_MODE, KM_BAD_CRYPTO_MODE],
  ],
] as readonly [string, Partial<CryptoOptions>, Partial<CryptoOptions>, number, number[], number[]][]) {
  test(`a handshake with ${name}`, () => {
    const a = new SessionCrypto({ ...OPTIONS, ...initiator });
    const b = new SessionCrypto({ ...OPTIONS, ...responder });
    const reply = b.respond(a.initiate());
    assert.equal(parseKeyStatus(reply as Uint8Array), answer);
    a.conclude(reply);
    assert.deepEqual(states(a), atInitiator);
    assert.deepEqual(states(b), atResponder);
    for (const side of [a, b]) {
      const withPassphrase =
        side === a
          ? a.initiate() !== undefined
          : responder.passphrase !== undefined || !("passphrase" in responder);
      assert.equal(side.sending, withPassphrase, "who has a passphrase sends nothing in clear");
      assert.equal(side.due(1e9, 0), undefined);
    }
    if (a.sending) assert.equal(decrypted(b, encrypted(a, 1, PAYLOAD)), undefined);
    if (b.sending) assert.equal(decrypted(a, encrypted(b, 1, PAYLOAD)), undefined);
  });
}

test("without passphrases nothing is encrypted", () => {
  const { a, b } = pair({ passphrase: undefined }, { passphrase: undefined });
  assert.deepEqual(
    [states(a), states(b)],
    [
      [KM_UNSECURED, KM_UNSECURED],
      [KM_UNSECURED, KM_UNSECURED],
    ],
  );
  assert.equal(a.sendKey, KEY_NONE);
  assert.equal(a.keyBytes, 0);
  assert.ok(!a.sending && !b.sending && a.overheadBytes === 0);
  const packet = dataPacket({}, PAYLOAD);
  assert.equal(b.decrypt(packet, 16 + PAYLOAD.length), 16 + PAYLOAD.length);
  assert.throws(() => a.encrypt(packet, 20), RangeError);
});

test("an initiator with a passphrase whose peer does not answer it", () => {
  const a = new SessionCrypto(OPTIONS);
  assert.deepEqual(states(a), [KM_UNSECURED, KM_UNSECURED]);
  a.initiate();
  assert.deepEqual(states(a), [KM_SECURING, KM_UNSECURED]);
  a.conclude(undefined);
  assert.deepEqual(states(a), [KM_NO_SECRET, KM_UNSECURED]);
});

test("repeated handshakes change nothing", () => {
  const { a, b } = pair();
  const offer = a.initiate() as Uint8Array;
  assert.deepEqual(a.initiate(), offer);
  const before = encrypted(b, 9, PAYLOAD);
  assert.deepEqual(b.respond(offer.slice()), offer);
  assert.equal(parseKeyStatus(b.respond(new Uint8Array(3)) as Uint8Array), KM_BAD_SECRET);
  assert.ok(secured(b));
  assert.deepEqual(encrypted(b, 9, PAYLOAD), before);
});

test("a packet in clear, or with a flag for no key, is dropped when the peer agreed to encrypt", () => {
  const { a, b } = pair();
  for (const flag of [KEY_NONE, KEY_ODD, 3]) {
    const packet = encrypted(a, 1, PAYLOAD);
    setKeyFlag(packet, flag);
    assert.equal(b.decrypt(packet, packet.length), -1);
  }
});

/** Sends one packet; it must arrive readable. */
function send(from: SessionCrypto, to: SessionCrypto, sequence: number): void {
  assert.deepEqual(decrypted(to, encrypted(from, sequence, PAYLOAD)), PAYLOAD, `packet ${sequence}`);
}

for (const mode of ["ctr", "gcm"] as const) {
  test(`keys of both directions change under way, requests and answers get lost (${mode})`, () => {
    const short = { refreshPackets: 16, announcePackets: 4, mode };
    const { a, b } = pair(short, short);
    const flags = { a: new Set<number>(), b: new Set<number>() };
    let requests = 0;
    for (let i = 0; i < 400; i++) {
      for (const [name, from, to] of [
        ["a", a, b],
        ["b", b, a],
      ] as const) {
        send(from, to, 1000 + i);
        flags[name].add(from.sendKey);
        const message = from.due(i * 20_000, 5000);
        if (message === undefined) continue;
        requests++;
        assert.equal(parseKeyMaterial(message).keys, 3);
        // Two of three requests get lost, and then every other answer.
        if (requests % 3 !== 0) continue;
        const answer = to.onRefresh(message);
        assert.deepEqual(answer, message);
        if (requests % 2 === 0) from.onRefreshAnswer(answer);
      }
    }
    assert.deepEqual(flags.a, new Set([KEY_EVEN, KEY_ODD]));
    assert.deepEqual(flags.b, new Set([KEY_EVEN, KEY_ODD]));
    assert.ok(
      a.keyRefreshes >= 12 && b.keyRefreshes >= 12,
      `${a.keyRefreshes} and ${b.keyRefreshes} changes`,
    );
  });
}

test("a key is announced in time, repeated after 1.5 round trips, and used when it is time", () => {
  const { a, b } = pair({ refreshPackets: 16, announcePackets: 4 });
  for (let i = 0; i < 12; i++) send(a, b, i);
  assert.equal(a.due(0, 100_000), undefined);
  send(a, b, 12);
  const message = a.due(1_000_000, 100_000);
  assert.ok(message !== undefined);
  assert.equal(a.due(1_149_999, 100_000), undefined);
  assert.deepEqual(a.due(1_150_000, 100_000), message);
  a.onRefreshAnswer(new Uint8Array(72));
  assert.deepEqual(a.due(1_300_000, 100_000), message, "the answer to something else is none");
  a.onRefreshAnswer(b.onRefresh(message));
  assert.equal(a.due(9_000_000, 100_000), undefined);
  for (let i = 13; i < 16; i++) {
    assert.equal(a.sendKey, KEY_EVEN);
    send(a, b, i);
  }
  assert.equal(a.sendKey, KEY_ODD);
  assert.equal(a.keyRefreshes, 1);
  send(a, b, 16);
});

test("without answer the old key stays a little longer", () => {
  const { a, b } = pair({ refreshPackets: 16, announcePackets: 4 });
  for (let i = 0; i < 19; i++) {
    send(a, b, i);
    const message = a.due(i, 100_000);
    if (message !== undefined) b.onRefresh(message);
    assert.equal(a.sendKey, KEY_EVEN);
  }
  send(a, b, 19);
  assert.equal(a.sendKey, KEY_ODD);
  send(a, b, 20);
});

test("a refused key is forgotten, and another one offered a period later", () => {
  const { a, b } = pair({ refreshPackets: 16, announcePackets: 4 });
  let sequence = 0;
  const untilDue = (): Uint8Array => {
    for (let i = 0; i < 20; i++) {
      send(a, b, sequence++);
      const message = a.due(1e9 + sequence, 100_000);
      if (message !== undefined) return message;
    }
    throw new Error("no announcement");
  };
  const first = untilDue();
  a.onRefreshAnswer(serializeKeyStatus(KM_BAD_SECRET));
  const second = untilDue();
  assert.equal(sequence, 26);
  assert.notDeepEqual(second, first);
  assert.equal(a.keyRefreshes, 0);
  assert.equal(a.sendState, KM_SECURED);
});

test("a bad refresh leaves the old keys in force", () => {
  const { a, b } = pair();
  const stranger = new SessionCrypto({ ...OPTIONS, passphrase: OTHER });
  const offer = a.initiate() as Uint8Array;
  const gcm = new SessionCrypto({ ...OPTIONS, mode: "gcm" });
  for (const [bytes, status] of [
    [new Uint8Array(0), KM_BAD_SECRET],
    [offer.slice(0, -1), KM_BAD_SECRET],
    [stranger.initiate() as Uint8Array, KM_BAD_SECRET],
    [gcm.initiate() as Uint8Array, KM_BAD_CRYPTO_MODE],
  ] as const) {
    assert.equal(parseKeyStatus(b.onRefresh(bytes)), status);
    assert.ok(secured(b));
    send(a, b, 3);
  }
  assert.equal(
    parseKeyStatus(new SessionCrypto({ ...OPTIONS, passphrase: undefined }).onRefresh(offer)),
    KM_NO_SECRET,
  );
});

test("GCM with 192 bits, which libsrt does not know, is refused", () => {
  const offer = (new SessionCrypto({ ...OPTIONS, keyBytes: 24 }).initiate() as Uint8Array).slice();
  offer[8] = 4;
  offer[9] = 1;
  assert.equal(parseKeyStatus(new SessionCrypto(OPTIONS).respond(offer) as Uint8Array), KM_BAD_CRYPTO_MODE);
});

test("a peer that guesses costs a bounded number of derivations, and the peer's own salt goes on working", () => {
  const { a, b } = pair({ refreshPackets: 16, announcePackets: 4 });
  for (let i = 0; i < 50; i++) {
    const guess = new SessionCrypto({ ...OPTIONS, passphrase: i < 10 ? OTHER : OPTIONS.passphrase });
    const answer = b.onRefresh(guess.initiate() as Uint8Array);
    assert.equal(parseKeyStatus(answer), KM_BAD_SECRET, `guess ${i}`);
  }
  for (let i = 0; i < 14; i++) send(a, b, i);
  const message = a.due(1e6, 0) as Uint8Array;
  assert.deepEqual(b.onRefresh(message), message);
});

test("options that contradict each other", () => {
  assert.throws(() => new SessionCrypto({ ...OPTIONS, refreshPackets: 16, announcePackets: 8 }), RangeError);
  assert.throws(() => new SessionCrypto({ ...OPTIONS, mode: "gcm", keyBytes: 24 }), RangeError);
});

test("seals keys exactly as srt-live-transmit does", () => {
  for (const [bits, passphrase] of [
    [128, "correct-horse"],
    [192, "0123456789"],
    [256, "0123456789"],
  ] as const) {
    const messages = new KeyMessages(passphrase);
    for (const { what, bytes } of readRecording(bits)) {
      if (!what.startsWith("key material")) continue;
      const opened = messages.open(bytes, "ctr");
      assert.ok(typeof opened !== "number");
      assert.deepEqual(new KeyMessages(passphrase).seal(opened), bytes);
    }
  }
});

for (const [bits, passphrase, packetsEach] of [
  [128, "correct-horse", 1],
  [192, "0123456789", 2],
  [256, "0123456789", 7],
] as const) {
  test(`decrypts what srt-live-transmit encrypted with ${bits} bits`, () => {
    const receiver = new SessionCrypto({ ...OPTIONS, passphrase });
    let first = -1;
    let flags = 0;
    for (const { what, bytes } of readRecording(bits)) {
      if (what.includes("conclusion")) {
        assert.deepEqual(receiver.respond(bytes), bytes);
        assert.ok(secured(receiver));
      } else if (what.includes("refresh")) {
        assert.deepEqual(receiver.onRefresh(bytes), bytes);
      } else {
        const sequence = new DataView(bytes.buffer).getUint32(0);
        if (first < 0) first = sequence;
        flags |= ((bytes[4] as number) >> 3) & 3;
        assert.deepEqual(
          decrypted(receiver, bytes),
          expectedPayload((sequence - first) * packetsEach, packetsEach),
        );
      }
    }
    assert.equal(flags, bits === 128 ? 3 : 1);
  });
}

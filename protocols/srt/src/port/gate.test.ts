import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { eventually } from "../../../../tests/contract/index.ts";
import { DEFAULT_OPTIONS, SRT_VERSION, type SrtOptions } from "../session/options.ts";
import { forged, handshakeIn } from "../session/packets.test-support.ts";
import { CONTROL_HANDSHAKE } from "../wire/control.ts";
import { corpusPacket } from "../wire/corpus.test-support.ts";
import type { HandshakeExtension } from "../wire/extension.ts";
import {
  type Handshake,
  REQUEST_AGREEMENT,
  REQUEST_CONCLUSION,
  REQUEST_INDUCTION,
  REQUEST_WAVEAHAND,
  serializeHandshake,
} from "../wire/handshake.ts";
import { REJECTION } from "../wire/rejection.ts";
import { deadPort } from "./dead-port.test-support.ts";
import { Gate, type PendingCaller } from "./gate.ts";
import { dial, Inbox, say, TestGate } from "./loopback.test-support.ts";
import type { Sender } from "./port.ts";

const HERE: Sender = { address: "127.0.0.1", port: 4000 };
const HELLO: HandshakeExtension = {
  kind: "hsreq",
  srtVersion: SRT_VERSION,
  flags: 0xbf,
  receiverDelayMs: 120,
  senderDelayMs: 0,
};

function handshake(fields: Partial<Handshake>): Uint8Array {
  const body = serializeHandshake({
    version: 5,
    encryption: 0,
    extensionField: 0,
    initialSequence: 77,
    maxPacketSize: 1500,
    flowWindow: 8192,
    requestType: REQUEST_INDUCTION,
    socketId: 9,
    cookie: 0,
    peerIp: new Uint8Array(16),
    extensions: [],
    ...fields,
  });
  return forged({ type: CONTROL_HANDSHAKE, socketId: 0 }, body);
}

function conclusion(
  cookie: number,
  more: readonly HandshakeExtension[] = [],
  fields: Partial<Handshake> = {},
): Uint8Array {
  const extensionField = 1 | (more.some(({ kind }) => kind === "kmreq") ? 2 : 0) | (more.length > 0 ? 4 : 0);
  return handshake({
    requestType: REQUEST_CONCLUSION,
    cookie,
    extensionField,
    extensions: [HELLO, ...more],
    ...fields,
  });
}

/** A gate on a socket that sends nothing, spoken to by hand. */
class HandGate {
  readonly callers: PendingCaller[] = [];
  readonly inbox = new Inbox();
  readonly #dead = deadPort();
  readonly gate: Gate;
  readonly options: SrtOptions;
  nowUs: number;

  constructor(options: Partial<SrtOptions> = {}) {
    this.options = { ...DEFAULT_OPTIONS, ...options };
    this.gate = new Gate(this.#dead.port, {
      options: this.options,
      onCaller: (caller) => this.callers.push(caller),
    });
    this.nowUs = this.gate.port.nowUs;
  }

  /** What was answered, oldest first; forgotten then. */
  answers(): (Handshake | undefined)[] {
    return this.#dead.socket.takeSent().map(({ packet }) => handshakeIn(packet));
  }

  deliver(packet: Uint8Array, from: Sender = HERE): void {
    this.gate.port.deliver(packet, from, this.nowUs);
  }

  /** Asks for a cookie. */
  cookie(from: Sender = HERE): number {
    this.deliver(handshake({ version: 4, extensionField: 2 }), from);
    return this.answers().at(-1)?.cookie ?? 0;
  }

  admit(caller: PendingCaller | undefined) {
    assert.ok(caller !== undefined);
    return this.gate.admit(caller, { options: this.options, events: this.inbox.events });
  }
}

describe("the gate of a port", () => {
  test("keeps nothing of those who never come back with their cookie", () => {
    const it = new HandGate();
    const cookies = new Set<number>();
    for (let i = 0; i < 10_000; i++) {
      it.deliver(handshake({ version: 4, socketId: i + 1 }), {
        address: `10.0.${i >> 8}.${i & 255}`,
        port: 1024 + i,
      });
      const [answer] = it.answers();
      assert.ok(answer !== undefined);
      cookies.add(answer.cookie);
    }
    assert.ok(cookies.size > 9990);
    assert.deepEqual(
      [it.gate.connections, it.gate.pending, it.gate.port.size, it.gate.violations],
      [0, 0, 0, 0],
    );
  });

  test("answers no more bytes than it got", () => {
    const it = new HandGate({ passphrase: "correct horse", keyBytes: 32 });
    const asked = handshake({ version: 4 });
    it.deliver(asked);
    const [answer] = it.answers();
    assert.ok(answer !== undefined);
    assert.equal(serializeHandshake(answer).length + 16, asked.length);
    assert.deepEqual([answer.version, answer.encryption, answer.extensionField], [5, 4, 0x4a17]);
  });

  test("leaves without an answer whoever shows another's cookie, or none", () => {
    const it = new HandGate();
    const cookie = it.cookie();
    const cases: readonly (readonly [what: string, packet: Uint8Array, from: Sender])[] = [
      ["no cookie", conclusion(0), HERE],
      ["a bit changed", conclusion(cookie ^ 0x80), HERE],
      ["another port", conclusion(cookie), { ...HERE, port: 4001 }],
      ["another address", conclusion(cookie), { ...HERE, address: "127.0.0.2" }],
      ["a waveahand", handshake({ requestType: REQUEST_WAVEAHAND, cookie }), HERE],
      ["an agreement", handshake({ requestType: REQUEST_AGREEMENT, cookie }), HERE],
      ["a rejection", handshake({ requestType: 1002, cookie }), HERE],
      ["a keep-alive", forged({ type: 1, socketId: 0 }), HERE],
      ["data", new Uint8Array(1000), HERE],
      ["a handshake cut off", conclusion(cookie).subarray(0, 63), HERE],
    ];
    for (const [i, [what, packet, from]] of cases.entries()) {
      it.deliver(packet, from);
      assert.deepEqual([it.answers().length, it.gate.violations], [0, i + 1], what);
    }
    assert.deepEqual([it.callers.length, it.gate.pending], [0, 0]);
    it.nowUs += 121_000_000;
    it.deliver(conclusion(cookie));
    assert.equal(it.gate.violations, cases.length + 1, "a cookie of long ago");
  });

  test("asks once about a caller that repeats itself, and answers when it knows", () => {
    const it = new HandGate();
    const cookie = it.cookie();
    for (let i = 0; i < 5; i++) it.deliver(conclusion(cookie));
    assert.deepEqual(
      [it.callers.length, it.gate.pending, it.gate.connections, it.answers().length],
      [1, 1, 0, 0],
    );
    const connection = it.admit(it.callers[0]);
    assert.ok(connection !== undefined);
    assert.deepEqual([it.gate.pending, it.gate.connections, it.gate.port.size], [0, 1, 1]);
    it.deliver(conclusion(cookie));
    const answers = it.answers();
    assert.equal(answers.length, 2);
    assert.deepEqual(answers[0], answers[1]);
    assert.equal(answers[0]?.socketId, connection.localId);
    // Verdicts that come again change nothing.
    assert.equal(it.admit(it.callers[0]), undefined);
    it.gate.refuse(it.callers[0] as PendingCaller, REJECTION.IPE);
    it.gate.handOver(it.callers[0] as PendingCaller);
    assert.deepEqual(
      [it.gate.pending, it.gate.connections, it.gate.refused, it.answers().length],
      [0, 1, 0, 0],
    );
    connection.close(it.nowUs);
    assert.deepEqual([it.gate.pending, it.gate.connections, it.gate.port.size], [0, 0, 0]);
    assert.equal(it.inbox.reason, "closed");
    return it.gate.port.close();
  });

  test("a refusal leaves nothing behind, and the next try is asked about again", () => {
    const it = new HandGate();
    const cookie = it.cookie();
    for (let i = 1; i <= 3; i++) {
      it.deliver(conclusion(cookie));
      const caller = it.callers.at(-1) as PendingCaller;
      it.gate.refuse(caller, REJECTION.FORBIDDEN);
      it.gate.refuse(caller, REJECTION.FORBIDDEN);
      assert.equal(it.admit(caller), undefined);
      assert.deepEqual(
        it.answers().map((answer) => answer?.requestType),
        [REJECTION.FORBIDDEN],
      );
      assert.deepEqual(
        [it.callers.length, it.gate.refused, it.gate.pending, it.gate.connections],
        [i, i, 0, 0],
      );
    }
  });

  test("a caller that does not fit leaves nothing behind", () => {
    const it = new HandGate({ passphrase: "correct horse" });
    const cookie = it.cookie();
    it.deliver(conclusion(cookie));
    assert.equal(it.admit(it.callers[0]), undefined);
    assert.equal(it.answers()[0]?.requestType, REJECTION.UNSECURE);
    assert.deepEqual(
      [it.gate.refused, it.gate.pending, it.gate.connections, it.gate.port.size],
      [1, 0, 0, 0],
    );
  });

  test("a verdict that comes when the port has closed makes no connection", async () => {
    const it = new HandGate();
    it.deliver(conclusion(it.cookie()));
    await it.gate.port.close();
    assert.equal(it.admit(it.callers[0]), undefined);
    it.gate.refuse(it.callers[0] as PendingCaller, REJECTION.CLOSE);
    assert.deepEqual(
      [it.gate.pending, it.gate.connections, it.gate.port.size, it.answers().length],
      [0, 0, 0, 0],
    );
  });

  test("tells callers of one socket apart by their IDs", () => {
    const it = new HandGate();
    const cookie = it.cookie();
    for (const socketId of [9, 10, 9]) it.deliver(conclusion(cookie, [], { socketId }));
    assert.deepEqual(
      it.callers.map(({ request }) => request.peerId),
      [9, 10],
    );
    for (const caller of it.callers) it.admit(caller);
    assert.deepEqual([it.gate.connections, it.gate.port.size], [2, 2]);
    return it.gate.port.close();
  });

  test("lets only so many wait for their verdict", () => {
    const it = new HandGate();
    const cookie = it.cookie();
    for (let socketId = 1; socketId <= 1100; socketId++) it.deliver(conclusion(cookie, [], { socketId }));
    assert.deepEqual([it.callers.length, it.gate.pending, it.gate.refused], [1024, 1024, 76]);
    assert.deepEqual(
      new Set(it.answers().map((answer) => answer?.requestType)),
      new Set([REJECTION.BACKLOG]),
    );
    it.gate.refuse(it.callers[0] as PendingCaller, REJECTION.CLOSE);
    it.deliver(conclusion(cookie, [], { socketId: 2000 }));
    assert.equal(it.callers.length, 1025);
  });

  test("stream IDs: 512 bytes are passed on, more are refused", () => {
    const it = new HandGate();
    const cookie = it.cookie();
    const longest = "ü".repeat(256);
    it.deliver(conclusion(cookie, [{ kind: "streamid", text: longest }]));
    assert.equal(it.callers[0]?.request.streamId, longest);
    for (const words of [129, 200, 330]) {
      const bytes = new Uint8Array(4 * words).fill(0x61);
      it.deliver(conclusion(cookie, [{ kind: "unknown", type: 5, bytes }], { socketId: words }));
      assert.deepEqual(
        it.answers().map((answer) => answer?.requestType),
        [REJECTION.ROGUE],
      );
    }
    assert.equal(it.callers.length, 1);
    assert.equal(it.gate.violations, 3);
  });

  test("extensions whose lengths lie are refused, and the gate stays open", () => {
    const it = new HandGate({ passphrase: "correct horse" });
    const cookie = it.cookie();
    const good = conclusion(cookie, [{ kind: "streamid", text: "cam" }]);
    let told = 0;
    for (let at = 64; at < good.length; at++) {
      for (const value of [0, 1, 0x7f, 0xff]) {
        const packet = good.slice();
        packet[at] = value;
        it.deliver(packet);
        // Whatever it is taken for, there is an answer or somebody who waits for a verdict.
        for (const caller of it.callers.splice(0)) it.gate.refuse(caller, REJECTION.CLOSE);
        told += it.answers().length;
      }
    }
    assert.equal(told, 4 * (good.length - 64));
    for (const name of ["lie-key-count", "lie-key-length", "lie-key-salt-length"]) {
      const bytes = corpusPacket(name).subarray(84);
      it.deliver(conclusion(cookie, [{ kind: "kmreq", bytes }]));
      assert.equal(it.admit(it.callers.pop()), undefined, name);
      assert.equal(it.answers()[0]?.requestType, REJECTION.BADSECRET);
    }
    assert.deepEqual([it.gate.pending, it.gate.connections], [0, 0]);
  });

  test("a flood of handshakes keeps nothing, is cut short, and harms no connection", async () => {
    const there = await TestGate.open({ latency: 20 });
    const line = await dial(there.port, { latency: 20 });
    const { gate } = there;
    const { nowUs } = gate.port;
    const forgeries = [
      conclusion(0x1234_5678),
      handshake({ version: 4 }),
      conclusion(1, [{ kind: "streamid", text: "a".repeat(512) }]),
    ];
    for (let i = 0; i < 50_000; i++) {
      const from = { address: `127.1.${(i >> 8) & 255}.${i & 255}`, port: 1024 + (i % 60_000) };
      // All in one second of the gate's time, whatever this machine takes for them.
      gate.port.deliver(forgeries[i % 3] as Uint8Array, from, nowUs);
      if (i % 500 === 0) {
        say(line, `message ${i / 500}`);
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    assert.ok(gate.flooded >= 39_990, `${gate.flooded} of 50000 left unanswered`);
    assert.ok(gate.violations <= 6667);
    assert.deepEqual([gate.pending, gate.connections, gate.port.size], [0, 1, 1]);
    await eventually(() => there.inbox.payloads.length === 100);
    assert.deepEqual(
      there.inbox.texts(),
      Array.from({ length: 100 }, (_, i) => `message ${i}`),
    );
    assert.equal(there.inbox.lost, 0);
    await line.port.close();
    await there.close();
  });
});

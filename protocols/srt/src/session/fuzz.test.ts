import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { SEQUENCE_31 } from "@millrace/arq";
import { fromHex } from "@millrace/bytes";
import { FLAG_TLPKTDROP } from "../wire/extension.ts";
import { setDestination } from "../wire/header.ts";
import { seededRandom } from "./bad-network.test-support.ts";
import type { Connection } from "./connection.ts";
import { DEFAULT_OPTIONS, type SrtOptions } from "./options.ts";
import { MeetingPlace } from "./rendezvous.test-support.ts";
import { all, CALLER_ID, PORT_ID, SERVER_ID, Simulation } from "./simulation.test-support.ts";

type Line = readonly [toServer: boolean, packet: Uint8Array];

const FOLDER = join(import.meta.dirname, "corpus");
const CORPUS: ReadonlyMap<string, readonly Line[]> = new Map(
  readdirSync(FOLDER)
    .filter((name) => name.endsWith(".hex"))
    .map((name) => [name.slice(0, -".hex".length), readLines(readFileSync(join(FOLDER, name), "utf8"))]),
);
const SEEDS: readonly Line[] = [...CORPUS.values()].flat();

function readLines(text: string): Line[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => [line.startsWith(">"), fromHex(line.slice(2))]);
}

/** Small buffers, so that what fills them is over soon. */
const SMALL = { sendBufferPackets: 256, receiveBufferPackets: 256 };
const KEYS = { passphrase: "correct horse", keyRefreshPackets: 100, keyAnnouncePackets: 30 };
const VARIANTS: readonly (readonly [
  what: string,
  caller: Partial<SrtOptions>,
  server: Partial<SrtOptions>,
])[] = [
  ["in clear", {}, {}],
  ["AES-CTR", KEYS, KEYS],
  ["AES-GCM", { ...KEYS, cryptoMode: "gcm" }, KEYS],
  ["a filter", { packetFilter: "fec,cols:8,rows:4" }, {}],
  ["a filter and keys", { ...KEYS, packetFilter: "fec,cols:5,arq:always" }, KEYS],
  ["no dropping", { tooLateDrop: false }, { tooLateDrop: false }],
  ["no waiting", { tsbpd: false }, { tsbpd: false }],
  ["patience with disorder", { lossMaxTtl: 20 }, { lossMaxTtl: 20, nakReport: false }],
  ["a bandwidth", { maxBandwidth: 1_500_000 }, { retransmitAlgorithm: 0 }],
];

/** Changes packets at random. */
class Mutator {
  readonly #random: () => number;
  readonly #seen: Line[] = [...SEEDS];

  constructor(random: () => number) {
    this.#random = random;
  }

  below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  /** The packet as it is, changed, or taken; those that pass are remembered for `any`. */
  meddle(packet: Uint8Array, toServer: boolean, share: number): Uint8Array | undefined {
    if (this.#seen.length < 400) this.#seen.push([toServer, packet.slice()]);
    else if (this.below(20) === 0)
      this.#seen[SEEDS.length + this.below(400 - SEEDS.length)] = [toServer, packet.slice()];
    if (this.#random() >= share) return packet;
    return this.below(4) === 0 ? undefined : this.mutate(packet);
  }

  /** One that was seen before, changed or not, for whoever is there. */
  any(): Line {
    const [toServer, packet] = this.#seen[this.below(this.#seen.length)] as Line;
    const copy = this.below(3) === 0 ? packet.slice() : this.mutate(packet);
    const turned = this.below(8) === 0 ? !toServer : toServer;
    if (copy.length >= 16 && this.below(4) > 0) setDestination(copy, turned ? SERVER_ID : CALLER_ID);
    return [turned, copy];
  }

  mutate(packet: Uint8Array): Uint8Array {
    const cut = this.below(6);
    const length =
      cut === 0 ? this.below(packet.length + 1) : cut === 1 ? packet.length + this.below(9) : packet.length;
    const copy = new Uint8Array(length);
    copy.set(packet.subarray(0, length));
    // Mostly in the header, where it counts.
    for (let i = this.below(4); i >= 0 && length > 0; i--) {
      const at = this.below(this.below(3) === 0 ? length : Math.min(length, 28));
      const how = this.below(4);
      const value =
        how === 0
          ? this.below(256)
          : how === 1
            ? 0
            : how === 2
              ? 0xff
              : (copy[at] as number) ^ (1 << this.below(8));
      copy[at] = value;
    }
    return copy;
  }
}

function assertBounded(connection: Connection | undefined, options: SrtOptions): void {
  if (connection === undefined) return;
  const { sender, receiver } = connection;
  const { sendBufferPackets, receiveBufferPackets } = options;
  assert.ok(
    sender.buffer.size <= sendBufferPackets && sender.losses.size <= sendBufferPackets,
    "send buffer",
  );
  assert.ok(sender.inFlight <= sendBufferPackets, "packets on their way");
  assert.ok(receiver.buffer.size <= receiveBufferPackets, "receive buffer");
  assert.ok(receiver.losses.size <= receiveBufferPackets, `${receiver.losses.size} losses`);
  for (const value of Object.values(connection.statistics)) assert.ok(Number.isFinite(value) && value >= 0);
}

/** What is delivered has rising numbers. */
function assertRising(sim: Simulation): void {
  for (let i = 1; i < sim.received.length; i++) {
    const [before, after] = [sim.received[i - 1], sim.received[i]];
    const step = SEQUENCE_31.diff(after?.sequence ?? 0, before?.sequence ?? 0);
    assert.ok(step > 0, `${after?.sequence} after ${before?.sequence}`);
  }
}

/** With nobody meddling any more it works again, or it is over and somebody said why. */
function assertWellOrOver(sim: Simulation): string {
  // What bears rubbish for a time of delivery is held back that long, and peers fall silent after five seconds.
  sim.run(12_000);
  const { caller, server } = sim;
  if (sim.failed !== undefined || caller === undefined || server === undefined) return "refused";
  const isApart = caller.agreement.sendSequence !== server.agreement.receiveSequence;
  // Who drops nothing sends no more when nothing is acknowledged: the peer never learns how wrong the numbers are.
  if (isApart && (caller.agreement.peerFlags & FLAG_TLPKTDROP) === 0) return "stuck";
  // The latency was said to be a minute, say.
  if (server.agreement.receiveLatencyMs > 10_000) return "waiting";
  // So long does it take to notice that the handshake had a rubbish timestamp.
  sim.stream(500, 3000, 100);
  sim.run(1500);
  if ((sim.callerClosed ?? sim.serverClosed) === undefined) {
    const before = sim.received.length;
    sim.stream(60, 3000, 100);
    sim.run(1500);
    if (isDeepStrictEqual(sim.numbers().slice(before), all(60))) return "well";
    // The two sides do not talk of the same numbers: that is noticed after some thousand packets.
    sim.stream(4200, 5000, 20);
    assert.ok([sim.callerClosed, sim.serverClosed].includes("lost-track"));
  }
  // Both know, or the other notices that its peer is silent.
  sim.run(7000);
  if (sim.callerClosed !== undefined && sim.server !== undefined) assert.ok(sim.serverClosed !== undefined);
  if (sim.serverClosed !== undefined) assert.ok(sim.callerClosed !== undefined);
  return "over";
}

describe("a connection under fuzz", () => {
  for (const [name, lines] of CORPUS) {
    test(`takes what the corpus has: ${name}`, () => {
      for (const [what, caller, server] of VARIANTS) {
        const sim = new Simulation({ ...SMALL, ...caller }, { ...SMALL, ...server }).connect();
        sim.stream(120);
        for (const [toServer, packet] of lines) {
          sim.inject(packet.slice(), toServer);
          sim.stream(1);
          for (const side of sim.both()) assertBounded(side, { ...DEFAULT_OPTIONS, ...SMALL });
        }
        assertRising(sim);
        const fate = assertWellOrOver(sim);
        assert.equal(fate, name === "shutdown" || name === "peer-error" ? "over" : "well", what);
      }
    });
  }

  for (const [i, [what, caller, server]] of VARIANTS.entries()) {
    test(`never throws, keeps within its memory, and recovers: ${what}`, () => {
      const fates: Record<string, number> = {};
      for (let round = 0; round < 8; round++) {
        const seed = 1000 * i + round;
        const random = seededRandom(seed);
        const mutator = new Mutator(random);
        let share = round % 3 === 0 ? 0.02 : round % 3 === 1 ? 0.1 : 0.3;
        const sim = new Simulation(
          { ...SMALL, ...caller },
          { ...SMALL, ...server },
          {
            seed,
            delayMs: 15,
            jitterMs: 3,
            meddle: (packet, toServer) => (share === 0 ? packet : mutator.meddle(packet, toServer, share)),
          },
        ).connect();
        try {
          for (let step = 0; step < 200; step++) {
            if (step % 3 === 0) sim.server?.send(new Uint8Array(60), sim.nowUs, sim.nowUs);
            sim.stream(1, 2000, 200);
            if (mutator.below(5) === 0) {
              const [toServer, packet] = mutator.any();
              sim.inject(packet, toServer);
            }
            for (const side of [sim.caller, sim.server])
              assertBounded(side, { ...DEFAULT_OPTIONS, ...SMALL });
          }
          share = 0;
          const fate = assertWellOrOver(sim);
          assertRising(sim);
          fates[fate] = (fates[fate] ?? 0) + 1;
        } catch (error) {
          throw new Error(`seed ${seed}`, { cause: error });
        }
      }
      // If all of them ended, nothing was shown.
      assert.ok((fates["well"] ?? 0) > 0, JSON.stringify(fates));
    });
  }

  test("a rendezvous never throws, and comes to an end", () => {
    for (let seed = 1; seed <= 60; seed++) {
      const mutator = new Mutator(seededRandom(seed));
      let share = 0.2;
      const options = { connectTimeoutMs: 3000, ...(seed % 2 === 0 ? KEYS : {}) };
      const place = new MeetingPlace(
        options,
        { ...options, startMs: (seed * 7) % 500 },
        {
          seed,
          lossPercent: 10,
          meddle: (packet, toServer) => (share === 0 ? packet : mutator.meddle(packet, toServer, share)),
        },
      );
      for (let step = 0; step < 20; step++) {
        place.run(40);
        const [toRight, packet] = mutator.any();
        if (packet.length >= 16) setDestination(packet, toRight ? place.right.localId : place.left.localId);
        place.inject(packet, toRight);
      }
      share = 0;
      place.run(9000);
      for (const { connection, failed, closed } of place.parties) {
        assert.ok(connection !== undefined || failed !== undefined, `seed ${seed}`);
        if (closed === undefined && connection !== undefined) assert.ok(Number.isFinite(connection.nextUs));
      }
      const [left, right] = place.parties.map(
        ({ connection, closed }) => connection !== undefined && closed === undefined,
      );
      assert.equal(left, right, `seed ${seed}: one believes in a connection, the other does not`);
    }
  });

  test("a port's handshakes never throw, whatever comes to socket ID 0", () => {
    const random = seededRandom(99);
    const mutator = new Mutator(random);
    const sim = new Simulation(KEYS, KEYS, {
      meddle: (packet, toServer) => mutator.meddle(packet, toServer, 0),
    }).connect();
    for (let i = 0; i < 4000; i++) {
      const [, packet] = mutator.any();
      if (packet.length >= 16) setDestination(packet, i % 50 === 0 ? PORT_ID : 0);
      sim.inject(packet);
      if (i % 20 === 0) sim.stream(1, 1000, 50);
    }
    sim.run(500);
    assert.equal(sim.callerClosed ?? sim.serverClosed, undefined);
    assert.equal(sim.received.length, 200);
  });
});

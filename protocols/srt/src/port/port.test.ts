import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { eventually, leavesNothingOpen, realClock } from "../../../../tests/contract/index.ts";
import type { Endpoint } from "../session/endpoint.ts";
import { forged } from "../session/packets.test-support.ts";
import { deadPort } from "./dead-port.test-support.ts";
import { SrtPort } from "./port.ts";
import { openSocket } from "./socket.ts";

const HERE = { address: "127.0.0.1", port: 4000 };

/** Keeps what it gets. */
class TestEndpoint implements Endpoint {
  nextUs = Number.POSITIVE_INFINITY;
  readonly received: Uint8Array[] = [];
  readonly ticks: number[] = [];
  closed: boolean | undefined;
  readonly localId: number;

  constructor(localId: number) {
    this.localId = localId;
  }

  receive(packet: Uint8Array, length: number): void {
    this.received.push(packet.slice(0, length));
  }

  tick(nowUs: number): void {
    this.ticks.push(nowUs);
    this.nextUs = Number.POSITIVE_INFINITY;
  }

  close(_nowUs: number, atOnce = false): void {
    this.closed = atOnce;
  }
}

function livePort(): Promise<SrtPort> {
  return openSocket({
    host: "127.0.0.1",
    port: 0,
    reusePort: false,
    ttl: 0,
    bufferBytes: 65_536,
    clock: realClock,
  }).then((socket) => new SrtPort(socket, realClock, 1));
}

const addressed = (socketId: number): Uint8Array => forged({ type: 1, socketId });

describe("a port", () => {
  test("brings packets to the socket ID that they name, and to nobody else", () => {
    const { port } = deadPort();
    const endpoint = new TestEndpoint(7);
    const strangers: number[] = [];
    port.onStranger = (packet, length, from) => {
      assert.equal(packet.length, length);
      strangers.push(from.port);
    };
    port.add(endpoint, HERE.address, HERE.port);
    port.deliver(addressed(7), HERE, 5);
    assert.deepEqual(endpoint.received, [addressed(7)]);
    const cases: readonly (readonly [what: string, packet: Uint8Array, from: typeof HERE])[] = [
      ["an ID that nobody has", addressed(8), HERE],
      ["an ID of 32 bits", addressed(0xffff_ffff), HERE],
      ["another address", addressed(7), { ...HERE, address: "127.0.0.2" }],
      ["another port", addressed(7), { ...HERE, port: 4001 }],
      ["a header cut off", addressed(7).subarray(0, 15), HERE],
      ["nothing", new Uint8Array(0), HERE],
      ["port 0, which cannot be answered", addressed(0), { ...HERE, port: 0 }],
    ];
    for (const [i, [what, packet, from]] of cases.entries()) {
      port.deliver(packet, from, 5);
      assert.equal(port.stray, i + 1, what);
    }
    assert.equal(endpoint.received.length, 1);
    assert.deepEqual(strangers, []);
    port.deliver(addressed(0), HERE, 5);
    assert.deepEqual(strangers, [4000]);
    port.remove(7);
    port.deliver(addressed(7), HERE, 5);
    assert.equal(endpoint.received.length, 1);
    assert.equal(port.size, 0);
  });

  test("puts an endpoint in the place of another with its ID", () => {
    const { port } = deadPort();
    const [first, second] = [new TestEndpoint(7), new TestEndpoint(7)];
    port.add(first, HERE.address, HERE.port);
    port.add(second, HERE.address, HERE.port);
    port.deliver(addressed(7), HERE, 5);
    assert.deepEqual([first.received.length, second.received.length, port.size], [0, 1, 1]);
  });

  test("gives socket IDs that nobody has, never 0, and begins anew after the last", () => {
    const { port } = deadPort(0x3fff_fffd);
    port.add(new TestEndpoint(0x3fff_ffff), HERE.address, 1);
    port.add(new TestEndpoint(1), HERE.address, 2);
    assert.deepEqual([port.newId(), port.newId(), port.newId()], [0x3fff_fffe, 2, 3]);
    assert.equal(deadPort(0xffff_ffff).port.newId(), 1);
  });

  test("what is sent in one turn of the event loop leaves together, as it was when it was sent", async () => {
    const { port, socket } = deadPort();
    const [one, other] = [port.pathTo("127.0.0.1", 4000), port.pathTo("127.0.0.2", 4001)];
    const packet = Uint8Array.of(1, 2, 3, 4);
    one.send(packet, 3);
    other.send(packet, 4);
    packet.fill(9);
    assert.deepEqual(socket.flushes, []);
    await Promise.resolve();
    one.send(packet, 1);
    await Promise.resolve();
    assert.deepEqual(socket.flushes, [
      [
        { packet: Uint8Array.of(1, 2, 3), to: "127.0.0.1:4000" },
        { packet: Uint8Array.of(1, 2, 3, 4), to: "127.0.0.2:4001" },
      ],
      [{ packet: Uint8Array.of(9), to: "127.0.0.1:4000" }],
    ]);
  });

  test("counts what its socket does not take, and goes on", () => {
    const { port, socket } = deadPort();
    socket.onError?.();
    assert.equal(port.sendErrors, 1);
    const path = port.pathTo("127.0.0.1", 4000);
    socket.full = true;
    path.send(Uint8Array.of(1), 1);
    assert.equal(port.sendErrors, 2);
    socket.full = false;
    path.send(Uint8Array.of(1), 1);
    assert.equal(socket.sent.length, 1);
    // An address whose network interface has gone.
    port.pathTo("nowhere", 4000).send(Uint8Array.of(1), 1);
    assert.deepEqual([port.sendErrors, socket.sent.length], [3, 1]);
    port.add(new TestEndpoint(7), "nowhere", 4000);
    port.deliver(addressed(7), { address: "nowhere", port: 4000 }, 5);
    assert.equal(port.stray, 1);
  });

  test("calls an endpoint when it is due, once", async () => {
    const port = await livePort();
    const [soon, later, never] = [new TestEndpoint(1), new TestEndpoint(2), new TestEndpoint(3)];
    const startUs = port.nowUs;
    later.nextUs = startUs + 60_000;
    for (const endpoint of [later, soon, never]) port.add(endpoint, HERE.address, HERE.port);
    soon.nextUs = startUs + 5000;
    port.wakeFor(soon);
    await eventually(() => soon.ticks.length > 0 && later.ticks.length > 0);
    assert.deepEqual([soon.ticks.length, later.ticks.length, never.ticks.length], [1, 1, 0]);
    assert.ok((soon.ticks[0] as number) >= startUs + 5000);
    assert.ok((later.ticks[0] as number) >= startUs + 60_000);
    await port.close();
  });

  test("that closes ends its endpoints at once, and leaves nothing open", async () => {
    await leavesNothingOpen(async () => {
      const port = await livePort();
      const endpoint = new TestEndpoint(1);
      endpoint.nextUs = port.nowUs + 10e6;
      port.add(endpoint, HERE.address, HERE.port);
      const strangers: number[] = [];
      port.onStranger = () => strangers.push(1);
      await Promise.all([port.close(), port.close()]);
      await port.close();
      assert.equal(endpoint.closed, true);
      // What was on its way, or was started by the end of an endpoint.
      port.deliver(addressed(0), HERE, 5);
      port.deliver(addressed(1), HERE, 5);
      port.pathTo("127.0.0.1", 4000).send(new Uint8Array(10), 10);
      port.add(endpoint, HERE.address, HERE.port);
      assert.deepEqual([endpoint.received.length, endpoint.ticks.length, strangers.length], [0, 0, 0]);
    });
  });
});

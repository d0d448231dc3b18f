import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { PACKET_SIZE } from "@millrace/mpegts";
import type { UdpSlice } from "@millrace/native-udp";
import { RtpPacket, RtpSender } from "@millrace/rtp";
import fc from "fast-check";
import { countedTs } from "../../../tests/contract/index.ts";
import { DatagramWriter } from "./datagram-writer.ts";

/** A socket that reads what it sends when it is flushed, as the real one does, and takes so much at a time. */
class SlowSocket {
  readonly sent: Uint8Array[] = [];
  readonly flushes: number[] = [];
  most = Number.POSITIVE_INFINITY;
  /** Sent, and not taken by the system yet. */
  behind = 0;
  #slices: { memory: Uint8Array; offset: number; length: number }[] = [];

  get queued(): number {
    return this.behind + this.#slices.length;
  }

  queueSlice({ memory, offset, length }: UdpSlice): boolean {
    if (this.queued >= this.most) return false;
    this.#slices.push({ memory, offset, length });
    return true;
  }

  flush(): void {
    this.flushes.push(this.#slices.length);
    for (const { memory, offset, length } of this.#slices)
      this.sent.push(memory.slice(offset, offset + length));
    this.#slices = [];
  }
}

function make(packetsPerDatagram = 7, rtp?: RtpSender): { writer: DatagramWriter; socket: SlowSocket } {
  const socket = new SlowSocket();
  return { socket, writer: new DatagramWriter({ socket, packetsPerDatagram, rtp }) };
}

const joined = (parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

suite("datagram writer", () => {
  test("what is written leaves when it is sent, in full datagrams", () => {
    const { writer, socket } = make();
    const bytes = countedTs(20);
    writer.write(bytes, 0, 20, 5);
    assert.deepEqual([socket.flushes, writer.datagrams, writer.openedNs], [[], 2, 5]);
    writer.send();
    assert.deepEqual([socket.flushes, socket.sent.length], [[2], 2]);
    writer.send();
    assert.deepEqual(socket.flushes, [2], "nothing to send");
    writer.close();
    writer.send();
    assert.deepEqual(joined(socket.sent), bytes);
    assert.deepEqual(
      [writer.packets, writer.openedNs, socket.sent[2]?.length],
      [20, Infinity, 6 * PACKET_SIZE],
    );
  });

  test("the bytes are the stream's, however they are written and sent", () => {
    const step = fc.record({ count: fc.nat(400), end: fc.constantFrom("no", "close", "send") });
    const plan = fc.tuple(fc.integer({ min: 1, max: 7 }), fc.boolean(), fc.array(step, { maxLength: 12 }));
    fc.assert(
      fc.property(plan, ([size, isRtp, steps]) => {
        const rtp = isRtp ? new RtpSender({ ssrc: 1, payloadType: 33, firstSequence: 65_530 }) : undefined;
        const { writer, socket } = make(size, rtp);
        const bytes = countedTs(
          Math.max(
            1,
            steps.reduce((sum, { count }) => sum + count, 0),
          ),
        );
        let at = 0;
        for (const { count, end } of steps) {
          writer.write(bytes, at, count, at);
          at += count * PACKET_SIZE;
          if (end === "close") writer.close();
          if (end === "send") writer.send();
        }
        writer.close();
        writer.send();
        const head = isRtp ? 12 : 0;
        assert.deepEqual(joined(socket.sent.map((it) => it.subarray(head))), bytes.subarray(0, at));
        assert.ok(socket.sent.every(({ length }) => length <= head + size * PACKET_SIZE));
        if (!isRtp) return;
        const packet = new RtpPacket();
        for (const [i, datagram] of socket.sent.entries()) {
          assert.ok(packet.parse(datagram, 0, datagram.length));
          assert.equal(packet.sequence, (65_530 + i) & 0xffff);
        }
      }),
      { numRuns: 60 },
    );
  });

  test("memory that is full is sent without being told", () => {
    const { writer, socket } = make(1);
    writer.write(countedTs(300), 0, 300, 0);
    assert.deepEqual(socket.flushes, [128, 128]);
  });

  test("what the system does not take is counted, and sending should wait", () => {
    const { writer, socket } = make(1);
    socket.most = 200;
    socket.behind = 150;
    writer.write(countedTs(60), 0, 60, 0);
    assert.deepEqual([writer.packets, writer.datagrams, writer.overflow], [50, 50, 10]);
    assert.equal(writer.congested, true, "150 wait for the system");
    socket.behind = 128;
    assert.equal(writer.congested, false, "those that wait to be sent do not count");
  });
});

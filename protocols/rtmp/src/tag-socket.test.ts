import assert from "node:assert/strict";
import { test } from "node:test";
import { concat } from "@millrace/bytes";
import { flvHeader, flvTag } from "@millrace/flv";
import fc from "fast-check";
import { TagSocket } from "./tag-socket.ts";

/** A link that keeps what it is given until the test says that it is sent. */
class FakeLink {
  readonly messages: Uint8Array[] = [];
  readonly written: (() => void)[] = [];
  bufferedBytes = 0;
  onDrain: (() => void) | undefined;

  send(bytes: Uint8Array, written?: () => void): void {
    this.sendParts([bytes], written);
  }

  sendParts(parts: readonly Uint8Array[], written?: () => void): void {
    this.messages.push(concat(parts));
    if (written !== undefined) this.written.push(written);
  }
}

test("messages are the file header, and then whole tags, wherever the lane is cut", () => {
  const tags = fc.array(fc.integer({ min: 0, max: 80 }), { minLength: 1, maxLength: 10 });
  const cuts = fc.array(fc.integer({ min: 1, max: 120 }), { minLength: 1 });
  fc.assert(
    fc.property(tags, cuts, (sizes, lengths) => {
      const link = new FakeLink();
      const socket = new TagSocket(link);
      const ends = new Set<number>();
      let length = 0;
      const all = concat(
        sizes.map((size, i) => {
          const tag = flvTag(
            9,
            i,
            Uint8Array.from({ length: size }, () => i),
          );
          length += tag.length;
          ends.add(length);
          return tag;
        }),
      );
      socket.write(flvHeader(true, true));
      let writes = 0;
      let done = 0;
      for (let at = 0; at < all.length; writes++) {
        const size = lengths[writes % lengths.length] as number;
        socket.write(all.subarray(at, at + size), () => done++);
        at += size;
      }
      assert.deepEqual(link.messages[0], flvHeader(true, true));
      assert.deepEqual(concat(link.messages.slice(1)), all);
      let at = 0;
      for (const message of link.messages.slice(1)) {
        at += message.length;
        assert.ok(ends.has(at), `a message ends at ${at}`);
      }
      assert.equal(done, 0);
      for (const call of link.written) call();
      assert.equal(done, writes);
      assert.equal(socket.bytesWritten, all.length + 13);
    }),
  );
});

test("what waits for the rest of its tag is given back in the end", () => {
  const link = new FakeLink();
  const socket = new TagSocket(link);
  let done = 0;
  socket.write(flvTag(8, 0, new Uint8Array(50)).subarray(0, 30), () => done++);
  assert.deepEqual([link.messages.length, done], [0, 0]);
  socket.close();
  socket.close();
  assert.deepEqual([link.messages.length, done], [0, 1]);
});

test("a write without bytes is no message, and tells when those before are with the system", () => {
  const link = new FakeLink();
  const socket = new TagSocket(link);
  const tag = flvTag(8, 0, new Uint8Array(50));
  const told: string[] = [];
  const none = new Uint8Array(0);
  socket.write(none, () => told.push("nothing before"));
  assert.deepEqual(told, ["nothing before"]);
  socket.write(tag.subarray(0, 30));
  assert.equal(socket.writableLength, 30, "it is kept here");
  socket.write(none, () => told.push("half a tag"));
  socket.write(tag.subarray(30));
  assert.equal(socket.writableLength, 0);
  socket.write(none, () => told.push("a tag"));
  assert.deepEqual([link.messages.length, told], [1, ["nothing before"]]);
  link.written[0]?.();
  assert.deepEqual(told, ["nothing before", "half a tag", "a tag"]);
  socket.write(none, () => told.push("nothing more"));
  assert.deepEqual([link.messages.length, told.length], [1, 4]);
});

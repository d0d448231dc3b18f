import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { PACKET, packetsOf, publishHttp, readHttp } from "./kit/capture.ts";
import { TsGenerator } from "./kit/generator.ts";
import { fixture } from "./kit/paths.ts";
import { TestServer, until } from "./kit/server.ts";

test("what is published over HTTP leaves over HTTP packet for packet, from either worker", async (t) => {
  const server = await TestServer.start(t, "stream one { publish_enabled; }");
  const readers = [await readHttp(server.url("/one/mpegts"))];
  // The kernel chooses the worker: open more until both serve one.
  await until("a viewer in each worker", 5000, async () => {
    readers.push(await readHttp(server.url("/one/mpegts")));
    const workers = new Set((await server.sessions()).map((session) => session.id.split(".")[0]));
    return workers.size === 2 ? true : undefined;
  });
  const capture = packetsOf(fixture("h264-aac.mpegts"));
  const publisher = publishHttp(server.url("/one/mpegts"));
  for (let at = 0; at < capture.length; at += 10_000) {
    publisher.write(capture.subarray(at, at + 10_000));
    await sleep(4);
  }
  publisher.end();
  assert.equal(await publisher.status, 200);
  for (const [i, reader] of readers.entries()) {
    await until(
      `reader ${i} to get everything`,
      3000,
      () => reader.bytes().length >= capture.length || undefined,
    );
    assert.ok(
      reader.bytes().equals(capture),
      `reader ${i}: ${reader.bytes().length} of ${capture.length} bytes`,
    );
    assert.equal(reader.response.headers["content-type"], "video/mp2t");
    reader.close();
  }
});

test("a second publisher is refused, a dead one makes room", async (t) => {
  const server = await TestServer.start(
    t,
    "stream one { publish_enabled; }\nstream two { publish_enabled; password secret; }",
  );
  const generator = new TsGenerator({ bitrate: 1_000_000 });
  const first = publishHttp(server.url("/one/mpegts"));
  first.write(generator.nextFrame());
  await until("the first publisher", 3000, async () => (await server.stream("one")).running || undefined);
  const second = publishHttp(server.url("/one/mpegts"));
  assert.equal(await second.status, 409);
  // Dies in the middle of a packet.
  first.write(generator.nextFrame().subarray(0, PACKET * 3 + 50));
  await sleep(50);
  first.kill();
  await until("the place to be free", 3000, async () =>
    (await server.stream("one")).running ? undefined : true,
  );
  const third = publishHttp(server.url("/one/mpegts"));
  third.write(generator.nextFrame());
  await until("the third publisher", 3000, async () => (await server.stream("one")).running || undefined);
  third.end();
  assert.equal(await third.status, 200);
  const wrong = publishHttp(server.url("/two/mpegts?password=guess"));
  assert.equal(await wrong.status, 403);
  const unknown = publishHttp(server.url("/three/mpegts"));
  assert.equal(await unknown.status, 404);
});

test("a publisher's prefix makes streams, and they go when they are not wanted", async (t) => {
  const server = await TestServer.start(t, "live chats { clients_timeout 1; }");
  const generator = new TsGenerator({ bitrate: 1_000_000 });
  const publisher = publishHttp(server.url("/chats/room/mpegts"));
  publisher.write(generator.nextFrame());
  await until(
    "the stream",
    3000,
    async () => (await server.streams()).some((s) => s.name === "chats/room") || undefined,
  );
  const reader = await readHttp(server.url("/chats/room/mpegts"));
  for (let i = 0; i < 10; i++) publisher.write(generator.nextFrame());
  await until("media", 3000, () => reader.bytes().length > 10_000 || undefined);
  reader.close();
  publisher.end();
  await until("the stream to go", 6000, async () =>
    (await server.streams()).length === 0 ? true : undefined,
  );
});

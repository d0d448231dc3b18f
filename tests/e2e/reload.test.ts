import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { PACKET, type Reading, readHttp } from "./kit/capture.ts";
import { LivePublisher, viewersInBothWorkers, whyNotPiece } from "./kit/live.ts";
import { freePort, TestServer, until } from "./kit/server.ts";

const ONE = "stream one { publish_enabled; }\n";
const TWO = "stream two { publish_enabled; }\n";

/** Publishes to `one`, with viewers in both workers who must get every byte until `check`. */
async function watchOne(server: TestServer) {
  const publisher = new LivePublisher(server.url("/one/mpegts"), { bitrate: 1_000_000 });
  await until("stream one", 5000, async () => (await server.stream("one")).running || undefined);
  const viewers = await viewersInBothWorkers(server, "one");
  return {
    publisher,
    viewers,
    check: async (): Promise<void> => {
      assert.equal(await publisher.end(), 200);
      const { sent } = publisher;
      for (const [i, viewer] of viewers.entries()) {
        await until(`viewer ${i} to get the last packet`, 3000, () => endsLike(viewer, sent) || undefined);
        assert.equal(whyNotPiece(viewer.bytes(), sent), undefined, `viewer ${i}`);
        assert.equal(viewer.ended, false);
        viewer.close();
      }
    },
  };
}

function endsLike(viewer: Reading, sent: Buffer): boolean {
  return viewer.bytes().subarray(-PACKET).equals(sent.subarray(-PACKET));
}

async function statusOf(server: TestServer, path: string): Promise<number> {
  const response = await fetch(server.url(path), { method: "HEAD" });
  return response.status;
}

test("streams are added, changed and removed; viewers of the others lose no byte", async (t) => {
  const server = await TestServer.start(t, ONE + TWO);
  const one = await watchOne(server);
  const two = new LivePublisher(server.url("/two/mpegts"), { bitrate: 500_000 });
  await until("stream two", 5000, async () => (await server.stream("two")).running || undefined);
  const viewer = await readHttp(server.url("/two/mpegts"));
  let seen = server.log.length;
  const reloaded = async (): Promise<void> => {
    await server.waitFor("configuration reloaded", 5000, seen);
    seen = server.log.length;
  };

  server.rewrite(`${ONE}${TWO}stream three { publish_enabled; }\n`);
  await reloaded();
  await until(
    "stream three",
    3000,
    async () => (await statusOf(server, "/three/mpegts")) === 200 || undefined,
  );

  // An option that HLS reads: its packaging is made anew, the publisher and the viewer stay.
  server.rewrite(
    `${ONE}stream two { publish_enabled; segment_duration 5; }\nstream three { publish_enabled; }\n`,
  );
  await reloaded();
  await sleep(200);
  assert.equal((await server.stream("two")).running, true);
  assert.equal(viewer.ended, false);

  server.rewrite(`${ONE}stream three { disabled; publish_enabled; }\n`);
  await reloaded();
  await until("the viewer of the removed stream to be told", 8000, () => viewer.ended || undefined);
  assert.equal(await two.status, 503);
  two.stall();
  assert.equal(await statusOf(server, "/two/mpegts"), 404);
  assert.equal(await statusOf(server, "/three/mpegts"), 503);
  await one.check();
});

test("SIGHUP reads the file again", async (t) => {
  const server = await TestServer.start(t, ONE);
  const one = await watchOne(server);
  for (let i = 0; i < 5; i++) {
    const seen = server.log.length;
    server.signal("SIGHUP");
    await server.waitFor("configuration reloaded", 5000, seen);
  }
  await one.check();
});

test("a broken file leaves everything as it is and says where it is wrong", async (t) => {
  const server = await TestServer.start(t, ONE);
  const one = await watchOne(server);
  const seen = server.log.length;
  // The head of the file has two lines: this is line 4.
  server.rewrite(`${ONE}straem two { publish_enabled; }\n`);
  await server.waitFor("the one before stays in force", 5000, seen);
  const errors = server.log.slice(seen).filter((line) => line.level === "error");
  assert.match(errors[0]?.message ?? "", /millrace\.conf:4:1: .*straem.*stream/);
  assert.equal(await statusOf(server, "/two/mpegts"), 404);
  const half = server.log.length;
  server.rewrite("stream one { publish_enabled;");
  await server.waitFor("the one before stays in force", 5000, half);
  assert.equal((await server.stream("one")).running, true);
  const gone = server.log.length;
  server.rewrite(ONE + TWO);
  await server.waitFor("configuration reloaded", 5000, gone);
  await until("stream two", 3000, async () => (await statusOf(server, "/two/mpegts")) === 200 || undefined);
  await one.check();
});

test("HTTP ports come and go", async (t) => {
  const server = await TestServer.start(t, ONE);
  const one = await watchOne(server);
  const port = await freePort();
  const at = (path: string): string => `http://127.0.0.1:${port}${path}`;
  const write = (text: string): void => writeFileSync(server.configFile, `workers 2;\n${text}`);

  write(`http ${server.port};\nhttp ${port};\n${ONE}`);
  const second = await until("the second port", 5000, () =>
    readHttp(at("/one/mpegts")).catch(() => undefined),
  );
  await until("media on the second port", 3000, () => second.bytes().length > 50_000 || undefined);
  assert.equal(whyNotPiece(second.bytes(), one.publisher.sent), undefined);

  write(`http ${server.port};\n${ONE}`);
  await until("the second port to close", 5000, async () => {
    return (await fetch(at("/")).catch(() => undefined)) === undefined ? true : undefined;
  });
  await until("its viewer to be cut", 3000, () => second.ended || undefined);
  await one.check();
});

test("many changes in quick succession end in the last one", async (t) => {
  const server = await TestServer.start(t, ONE);
  const one = await watchOne(server);
  for (let i = 0; i < 12; i++) {
    server.rewrite(
      `${ONE}stream s${i} { publish_enabled; }\nstream changing { publish_enabled; segments ${3 + i}; }\n`,
    );
    if (i % 3 === 0) server.signal("SIGHUP");
    await sleep(i % 4 === 0 ? 200 : 10);
  }
  await until("the last one", 5000, async () => (await statusOf(server, "/s11/mpegts")) === 200 || undefined);
  assert.equal(await statusOf(server, "/s10/mpegts"), 404);
  assert.deepEqual((await server.streams()).map((stream) => stream.name).sort(), ["changing", "one", "s11"]);
  await one.check();
  assert.deepEqual(
    server.log.filter((line) => line.message.includes("died")),
    [],
  );
});

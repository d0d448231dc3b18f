import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { readHttp } from "./kit/capture.ts";
import { LivePublisher, openSocket, viewersInBothWorkers, whyNotPiece } from "./kit/live.ts";
import { repoRoot } from "./kit/paths.ts";
import { run } from "./kit/programs.ts";
import { freePort, TestServer, until } from "./kit/server.ts";

const ONE = "stream one { publish_enabled; }\n";

async function publishOne(server: TestServer, bitrate = 1_000_000): Promise<LivePublisher> {
  const publisher = new LivePublisher(server.url("/one/mpegts"), { bitrate });
  await until("stream one", 5000, async () => (await server.stream("one")).running || undefined);
  return publisher;
}

test("SIGTERM: viewers in both workers get all that was published, and the exit status is 0", async (t) => {
  const server = await TestServer.start(t, ONE);
  const publisher = await publishOne(server);
  const viewers = await viewersInBothWorkers(server, "one");
  await until(
    "some media",
    3000,
    () => viewers.every((viewer) => viewer.bytes().length > 50_000) || undefined,
  );
  publisher.stall();
  publisher.sendFrame();
  const { length } = publisher.sent;
  await until(
    "it to be taken in",
    3000,
    async () => (await server.stream("one")).bytesIn === length || undefined,
  );
  const started = performance.now();
  assert.equal(await server.stop(), 0);
  t.diagnostic(`ended after ${Math.round(performance.now() - started)} ms`);
  assert.equal(await publisher.status, 503);
  for (const [i, viewer] of viewers.entries()) {
    await until(`viewer ${i} to be ended`, 1000, () => viewer.ended || undefined);
    assert.equal(whyNotPiece(viewer.bytes(), publisher.sent), undefined, `viewer ${i}`);
    assert.ok(publisher.sent.subarray(-1000).equals(viewer.bytes().subarray(-1000)), `the end, viewer ${i}`);
  }
  assert.deepEqual(quiet(server), []);
});

for (const workers of [0, 1]) {
  test(`SIGINT ends it as well, with workers ${workers}`, async (t) => {
    const server = await TestServer.start(t, ONE, { workers });
    const publisher = await publishOne(server);
    const viewer = await readHttp(server.url("/one/mpegts"));
    await until("some media", 3000, () => viewer.bytes().length > 20_000 || undefined);
    server.signal("SIGINT");
    assert.equal(await server.exited, 0);
    await until("the viewer to be ended", 1000, () => viewer.ended || undefined);
    publisher.stall();
    assert.deepEqual(quiet(server), []);
  });
}

test("a viewer that never reads and a request that waits hold up nothing", async (t) => {
  const server = await TestServer.start(t, `${ONE}stream silent { publish_enabled; }\n`);
  const publisher = await publishOne(server, 40_000_000);
  const sleeper = await openSocket(server.port);
  sleeper.on("error", () => {});
  sleeper.pause();
  sleeper.write("GET /one/mpegts HTTP/1.1\r\nHost: x\r\n\r\n");
  const waiting = fetch(server.url("/silent/index.m3u8")).catch(() => undefined);
  await until("the sleeper to fall behind", 10_000, async () => {
    return (await server.sessions()).some((session) => session.lagBytes > 1_000_000) || undefined;
  });
  const started = performance.now();
  assert.equal(await server.stop(), 0);
  t.diagnostic(`ended after ${Math.round(performance.now() - started)} ms`);
  publisher.stall();
  await waiting;
  sleeper.destroy();
});

test("a second SIGTERM ends it at once", async (t) => {
  const server = await TestServer.start(t, ONE);
  const publisher = await publishOne(server);
  const viewer = await readHttp(server.url("/one/mpegts"));
  server.signal("SIGTERM");
  await server.waitFor("stopping", 2000);
  server.signal("SIGTERM");
  assert.equal(await server.exited, 1);
  publisher.stall();
  viewer.close();
});

/** Runs a server that is expected to end by itself. */
function serveIn(t: TestContext, text: string, data: (folder: string) => string) {
  const folder = mkdtempSync(join(tmpdir(), "millrace-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "millrace.conf");
  writeFileSync(file, text);
  const args = [
    join(repoRoot, "apps/server/bin/millrace.js"),
    "serve",
    "--config",
    file,
    "--data",
    data(folder),
  ];
  return run(process.execPath, [...args, "--log-format", "json"], 15_000);
}

test("a port that is taken ends the start with a clear message", async (t) => {
  const holder = createServer();
  const port = await new Promise<number>((resolve) => {
    holder.listen(0, () => resolve((holder.address() as { port: number }).port));
  });
  t.after(() => void holder.close());
  const { status, stdout, stderr } = await serveIn(t, `http ${port};\n${ONE}`, (folder) =>
    join(folder, "data"),
  );
  assert.equal(status, 1);
  assert.match(stdout, new RegExp(`"error".*port ${port}.*(in use|EADDRINUSE)`));
  assert.equal(stderr, "");
});

test("a second server on the same port does not share it silently", async (t) => {
  const server = await TestServer.start(t, ONE);
  const { status, stdout } = await serveIn(t, `http ${server.port};\n${ONE}`, (folder) =>
    join(folder, "data"),
  );
  assert.equal(status, 1);
  assert.match(stdout, new RegExp(`port ${server.port}`));
});

test("a data folder that cannot be written ends the start with a clear message", async (t) => {
  const port = await freePort();
  const { status, stdout, stderr } = await serveIn(t, `http ${port};\n${ONE}`, (folder) => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    return join(file, "data");
  });
  assert.equal(status, 1);
  assert.match(stdout, /"error".*data folder.*file\/data/);
  assert.equal(stderr, "");
});

test("a configuration with errors starts nothing", async (t) => {
  const { status, stdout } = await serveIn(t, "stream one {\n  publish_enabld;\n}\n", (folder) =>
    join(folder, "data"),
  );
  assert.equal(status, 1);
  assert.match(stdout, /millrace\.conf:2:3.*publish_enabled/);
});

/** What should not be in the log of a server that ended in good order. */
function quiet(server: TestServer): string[] {
  const bad = server.log.filter((line) => line.level === "error").map((line) => line.message);
  return server.stderr === "" ? bad : [...bad, server.stderr];
}

import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { readHttp } from "./kit/capture.ts";
import { framesIn, RtmpClient } from "./kit/rtmp-client.ts";
import { complaints, gapIn, LiveFrames, running } from "./kit/rtmp-live.ts";
import { freePort, TestServer, until } from "./kit/server.ts";

async function workersOf(
  server: TestServer,
  stream: string,
  kind: "play" | "publish",
): Promise<Set<string | undefined>> {
  const sessions = (await server.sessions()).filter((each) => each.stream === stream && each.kind === kind);
  return new Set(sessions.map((session) => session.id.split(".")[0]));
}

test("publishers and players are refused with a reason", async (t) => {
  const port = await freePort();
  const server = await TestServer.start(
    t,
    `rtmp 127.0.0.1:${port};
     stream one { publish_enabled; password secret; }
     stream shut { input udp://127.0.0.1:${await freePort()}; }`,
  );
  const cases = [
    ["publish", "static/one", "NetStream.Publish.Unauthorized"],
    ["publish", "static/one?password=wrong", "NetStream.Publish.Unauthorized"],
    ["publish", "static/unknown", "NetStream.Publish.BadName"],
    ["publish", "static/shut", "NetStream.Publish.Unauthorized"],
    ["publish", "static/..", "NetStream.Publish.BadName"],
    ["play", "static/unknown", "NetStream.Play.StreamNotFound"],
    ["play", "other/one", "NetStream.Play.StreamNotFound"],
    ["play", "static/a//../b", "NetStream.Play.StreamNotFound"],
  ] as const;
  for (const [word, name, wanted] of cases) {
    const { client, code } = await RtmpClient.ask(t, port, { word, name });
    assert.equal(code, wanted, `${word} ${name}`);
    await until(`${word} ${name} to be hung up on`, 3000, () => client.closed || undefined);
  }
  const first = await LiveFrames.start(t, port, { name: "static/one?password=secret" });
  await running(server, "one");
  for (let i = 0; i < 4; i++) {
    const { code } = await RtmpClient.ask(t, port, { word: "publish", name: "static/one?password=secret" });
    assert.equal(code, "NetStream.Publish.BadName", "the second publisher");
  }
  assert.equal(first.client.closed, false);
  // When the first one is gone there is room again.
  first.stop();
  first.client.close();
  await until("the stream to be free", 5000, async () => {
    const { client, code } = await RtmpClient.ask(t, port, {
      word: "publish",
      name: "static/one?password=secret",
    });
    client.close();
    return code === "NetStream.Publish.Start" || undefined;
  });
  assert.deepEqual(complaints(server), []);
});

test("publishers and players in either worker: every player gets every frame", async (t) => {
  const port = await freePort();
  const server = await TestServer.start(t, `rtmp 127.0.0.1:${port};\nlive chats { }`);
  const names: string[] = [];
  const seen = new Set<string | undefined>();
  await until("a publisher in each worker", 20_000, async () => {
    const name = `chats/room${names.length}`;
    await LiveFrames.start(t, port, { name });
    await running(server, name);
    for (const worker of await workersOf(server, name, "publish")) seen.add(worker);
    names.push(name);
    return seen.size === 2 || undefined;
  });
  for (const name of [names[0] as string, names.at(-1) as string]) {
    const recordings: (() => Buffer)[] = [];
    await until(`players of ${name} in each worker`, 20_000, async () => {
      const [flv, player] = await Promise.all([
        readHttp(server.url(`/${name}.flv`)),
        RtmpClient.play(t, port, name),
      ]);
      t.after(() => flv.close());
      recordings.push(
        () => flv.bytes(),
        () => player.bytes,
      );
      return (await workersOf(server, name, "play")).size === 2 || undefined;
    });
    for (const [i, bytes] of recordings.entries()) {
      await until(`player ${i} of ${name}`, 8000, () => framesIn(bytes()).length >= 30 || undefined);
      assert.equal(gapIn(framesIn(bytes())), undefined, `player ${i} of ${name}`);
      // FLV that promises no sound.
      if (i % 2 === 0) assert.equal(bytes().subarray(0, 5).toString("hex"), "464c560101");
    }
  }
  assert.deepEqual(complaints(server), []);
});

test("a reload adds an RTMP port and takes it away, and leaves the other's clients alone", async (t) => {
  const [kept, added] = [await freePort(), await freePort()];
  const streams = "live chats { }";
  const server = await TestServer.start(t, `rtmp 127.0.0.1:${kept};\n${streams}`);
  await LiveFrames.start(t, kept, { name: "chats/a" });
  await running(server, "chats/a");
  const player = await RtmpClient.play(t, kept, "chats/a");
  server.rewrite(`rtmp 127.0.0.1:${kept};\nrtmp 127.0.0.1:${added};\n${streams}`);
  server.signal("SIGHUP");
  const other = await until("the new port", 8000, () =>
    RtmpClient.play(t, added, "chats/a").catch(() => undefined),
  );
  await until("frames from the new port", 8000, () => framesIn(other.bytes).length > 10 || undefined);
  server.rewrite(`rtmp 127.0.0.1:${kept};\n${streams}`);
  server.signal("SIGHUP");
  await until("its clients to be hung up on", 8000, () => other.closed || undefined);
  await until(
    "the port to be shut",
    8000,
    () =>
      new Promise<true | undefined>((resolve) => {
        const probe = connect(added, "127.0.0.1", () => resolve(undefined));
        probe.once("error", () => resolve(true));
        probe.once("connect", () => probe.destroy());
      }),
  );
  const { length } = framesIn(player.bytes);
  await until("frames after both", 8000, () => framesIn(player.bytes).length > length + 10 || undefined);
  assert.equal(gapIn(framesIn(player.bytes)), undefined);
  assert.deepEqual(complaints(server), []);
});

/** A player over HTTP that does not read until it is told to. */
async function sleepingFlv(t: TestContext, port: number, path: string): Promise<Socket> {
  const socket = await new Promise<Socket>((resolve) => {
    const opened = connect(port, "127.0.0.1", () => resolve(opened));
  });
  t.after(() => socket.destroy());
  socket.on("error", () => {});
  socket.pause();
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
  return socket;
}

test("players that stop reading hold up nobody, and go on at a later key frame", async (t) => {
  const port = await freePort();
  const server = await TestServer.start(t, `rtmp 127.0.0.1:${port};\nlive chats { }`);
  // 40 Mbit/s: more than sockets hold.
  const publisher = await LiveFrames.start(t, port, { name: "chats/a", frameBytes: 200_000 });
  await running(server, "chats/a");
  const sleepers = [
    (await RtmpClient.play(t, port, "chats/a")).socket.pause(),
    await sleepingFlv(t, server.port, "/chats/a.flv"),
  ];
  const good = await RtmpClient.play(t, port, "chats/a");
  await until("the good player to see 150 frames", 20_000, () => {
    return framesIn(good.bytes).length >= 150 || undefined;
  });
  publisher.stop();
  const last = publisher.generator.frames - 1;
  await until("the last one", 8000, () => framesIn(good.bytes).at(-1) === last || undefined);
  assert.equal(gapIn(framesIn(good.bytes)), undefined);
  const { memoryBytes } = await server.stream("chats/a");
  assert.ok(memoryBytes < 120_000_000, `${memoryBytes} bytes in the lanes`);
  await until("the sleepers to be behind", 8000, async () => {
    const sessions = await server.sessions();
    return (
      sessions.filter(({ kind, lagBytes }) => kind === "play" && lagBytes > 4_000_000).length === 2 ||
      undefined
    );
  });
  // They wake up.
  for (const [i, sleeper] of sleepers.entries()) {
    const parts: Buffer[] = [];
    sleeper.on("data", (part: Buffer) => parts.push(part));
    sleeper.resume();
    const frames = await until(`sleeper ${i} to catch up`, 10_000, () => {
      publisher.client.send(publisher.generator.next());
      const found = framesIn(Buffer.concat(parts));
      return (found.at(-1) ?? 0) > last ? found : undefined;
    });
    const leaps = frames.filter((frame, at) => at > 0 && frame !== (frames[at - 1] as number) + 1);
    assert.ok(leaps.length > 0, "it did not miss anything");
    assert.deepEqual(
      leaps.filter((frame) => frame % 25 !== 0),
      [],
      "it goes on at key frames",
    );
  }
  assert.deepEqual(complaints(server), []);
});

test("a push goes on when the server it goes to was killed and comes back", async (t) => {
  const [from, to] = [await freePort(), await freePort()];
  const there = `rtmp 127.0.0.1:${to};\nstream copy { publish_enabled; }`;
  const first = await TestServer.start(t, there, { workers: 1 });
  const server = await TestServer.start(
    t,
    `rtmp 127.0.0.1:${from};
     stream one { publish_enabled; push rtmp://127.0.0.1:${to}/static/copy; }
     stream pulled { input rtmp://127.0.0.1:${to}/static/copy; }`,
  );
  await LiveFrames.start(t, from, { name: "static/one" });
  await running(first, "copy");
  await running(server, "pulled");
  first.signal("SIGKILL");
  await first.exited;
  const second = await TestServer.start(t, there, { workers: 1 });
  await running(second, "copy");
  const player = await RtmpClient.play(t, to, "static/copy");
  await until(
    "frames from the one that came back",
    8000,
    () => framesIn(player.bytes).length > 10 || undefined,
  );
  assert.equal(gapIn(framesIn(player.bytes)), undefined);
  // What is pulled from it comes back as well.
  const flv = await readHttp(server.url("/pulled.flv"));
  t.after(() => flv.close());
  const newest = framesIn(player.bytes).at(-1) as number;
  await until(
    "the pulled stream to come back",
    20_000,
    () => (framesIn(flv.bytes()).at(-1) ?? 0) > newest || undefined,
  );
  assert.deepEqual(complaints(server), []);
});

test("SIGTERM ends it in good order with publishers, players, inputs and pushes", async (t) => {
  const [port, to] = [await freePort(), await freePort()];
  const other = await TestServer.start(t, `rtmp 127.0.0.1:${to};\nstream copy { publish_enabled; }`);
  const server = await TestServer.start(
    t,
    `rtmp 127.0.0.1:${port};
     stream one { publish_enabled; push rtmp://127.0.0.1:${to}/static/copy; }
     stream pulled { input rtmp://127.0.0.1:${to}/static/copy; }`,
  );
  const publisher = await LiveFrames.start(t, port, { name: "static/one" });
  await running(other, "copy");
  await running(server, "pulled");
  const players = [
    await RtmpClient.play(t, port, "static/one"),
    await RtmpClient.play(t, port, "static/pulled"),
  ];
  const flv = await readHttp(server.url("/pulled/flv"));
  for (const player of players)
    await until("some frames", 8000, () => framesIn(player.bytes).length > 5 || undefined);
  const silent = await RtmpClient.connect(t, port, "static");
  assert.equal(await server.stop(), 0);
  for (const client of [publisher.client, silent, ...players])
    await until("the clients to be hung up on", 3000, () => client.closed || undefined);
  await until("the viewer to be ended", 3000, () => flv.ended || undefined);
  await until("the push to be gone over there", 5000, async () => {
    return (await other.sessions()).length === 0 || undefined;
  });
  assert.deepEqual(complaints(server), []);
});

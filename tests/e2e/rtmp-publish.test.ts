import assert from "node:assert/strict";
import { test } from "node:test";
import { framesIn, RtmpClient } from "./kit/rtmp-client.ts";
import { complaints, gapIn, LiveFrames, messagesIn, running } from "./kit/rtmp-live.ts";
import { freePort, TestServer, until } from "./kit/server.ts";

test("a second publisher takes the first one's place where the file says so", async (t) => {
  const port = await freePort();
  const server = await TestServer.start(
    t,
    `rtmp 127.0.0.1:${port};
     stream one { publish_enabled; publish_takeover; }
     live chats { publish_takeover; }`,
  );
  for (const name of ["static/one", "chats/a"]) {
    const stream = name.replace("static/", "");
    let before = await LiveFrames.start(t, port, { name });
    await running(server, stream);
    const player = await RtmpClient.play(t, port, name);
    await until("frames of the first", 8000, () => framesIn(player.bytes).length > 5 || undefined);
    // Whichever worker it comes to.
    for (const from of [10_000, 20_000, 30_000]) {
      const next = await LiveFrames.start(t, port, { name, from });
      await before.client.waitFor("another publisher took over");
      await until("the one before to be hung up on", 3000, () => before.client.closed || undefined);
      await until(`frames from ${from} on`, 8000, () => {
        return framesIn(player.bytes).filter((frame) => frame >= from).length > 10 || undefined;
      });
      assert.equal(gapIn(framesIn(player.bytes).filter((frame) => frame >= from)), undefined);
      before.stop();
      before = next;
    }
    assert.equal(player.closed, false);
    assert.equal(before.client.bytes.includes("ReconnectRequest"), false);
  }
  assert.deepEqual(complaints(server), []);
});

test("a publisher above max_bitrate is cut off and told why, and others are not", async (t) => {
  const port = await freePort();
  const server = await TestServer.start(
    t,
    `rtmp 127.0.0.1:${port};
     stream small { publish_enabled; max_bitrate 500; }
     live chats { max_bitrate 500; }
     stream any { publish_enabled; }`,
  );
  // 25 frames a second: 800 kbit/s and 400 kbit/s.
  const over = await Promise.all(
    ["static/small", "chats/a"].map((name) => LiveFrames.start(t, port, { name, frameBytes: 4000 })),
  );
  const under = [
    await LiveFrames.start(t, port, { name: "chats/b", frameBytes: 2000 }),
    await LiveFrames.start(t, port, { name: "static/any", frameBytes: 40_000 }),
  ];
  for (const { client } of over) {
    await until("the publisher to be cut off", 15_000, () => client.closed || undefined);
    assert.ok(client.bytes.includes("NetStream.Publish.Failed"));
    assert.ok(client.bytes.includes("more than 500 kbit/s"));
  }
  await server.waitFor("rtmp publisher cut off", 2000);
  assert.deepEqual(
    under.map(({ client }) => client.closed),
    [false, false],
  );
  // A limit that a reload brings holds for those who publish.
  server.rewrite(
    `rtmp 127.0.0.1:${port};\nstream any { publish_enabled; max_bitrate 1000; }\nlive chats { }`,
  );
  server.signal("SIGHUP");
  await until("the other to be cut off", 15_000, () => under[1]?.client.closed || undefined);
  assert.equal(under[0]?.client.closed, false);
  assert.deepEqual(complaints(server), []);
});

test("one connection publishes two streams and plays two, each in its message stream", async (t) => {
  const port = await freePort();
  const server = await TestServer.start(t, `rtmp 127.0.0.1:${port};\nlive chats { }`);
  const publisher = await RtmpClient.connect(t, port, "chats");
  publisher.createStream();
  publisher.request("publish", "a", 1);
  publisher.request("publish", "b", 2);
  new LiveFrames(t, publisher, { streamId: 1 });
  new LiveFrames(t, publisher, { streamId: 2, from: 300_000, frameBytes: 70_000 });
  await running(server, "chats/a");
  await running(server, "chats/b");

  const player = await RtmpClient.connect(t, port, "chats");
  for (let i = 0; i < 3; i++) player.createStream();
  player.request("play", "a", 1);
  player.request("play", "b", 3);
  const framesOf = (streamId: number): number[] => {
    const payloads = messagesIn(player.bytes).filter((each) => each.streamId === streamId && each.type === 9);
    return framesIn(Buffer.concat(payloads.map(({ payload }) => payload)));
  };
  await until("both streams", 8000, () => {
    return (framesOf(1).length > 20 && framesOf(3).length > 20) || undefined;
  });
  for (const [streamId, first] of [
    [1, 0],
    [3, 300_000],
  ] as const) {
    const frames = framesOf(streamId);
    assert.equal(gapIn(frames), undefined);
    assert.ok(
      frames.every((frame) => frame >= first && frame < first + 100_000),
      `stream ${streamId}`,
    );
  }
  // One of them ends, and another that nobody may play is refused: the connection stays for the rest.
  player.deleteStream(1);
  player.request("play", "unknown", 2);
  await player.waitFor("NetStream.Play.StreamNotFound");
  const { length } = framesOf(3);
  await until("the other to go on", 8000, () => framesOf(3).length > length + 20 || undefined);
  assert.equal(gapIn(framesOf(3)), undefined);
  await until("the books to say so", 3000, async () => {
    const plays = (await server.sessions()).filter(({ kind }) => kind === "play");
    return (plays.length === 1 && plays[0]?.stream === "chats/b") || undefined;
  });
  publisher.deleteStream(2);
  await until("the publication to end", 5000, async () => {
    const left = (await server.sessions()).filter(({ kind }) => kind === "publish");
    return (left.length === 1 && left[0]?.stream === "chats/a") || undefined;
  });
  assert.equal(publisher.closed, false);
  assert.deepEqual(complaints(server), []);
});

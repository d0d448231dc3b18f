import assert from "node:assert/strict";
import { test } from "node:test";
import { FarServer } from "../../protocols/rtmp/src/far-server.test-support.ts";
import { readHttp } from "./kit/capture.ts";
import { FlvGenerator, framesIn, RtmpClient } from "./kit/rtmp-client.ts";
import { complaints, gapIn, LiveFrames, messagesIn, running } from "./kit/rtmp-live.ts";
import { freePort, TestServer, until } from "./kit/server.ts";

/** What a client says that knows how to reconnect (Enhanced RTMP v2, `capsEx`). */
const KNOWS_RECONNECT = { fields: { capsEx: 1 } } as const;

test("a push under a publish prefix goes on under the whole name, to several places", async (t) => {
  const far = [await FarServer.start(t), await FarServer.start(t)] as const;
  const port = await freePort();
  const server = await TestServer.start(
    t,
    `rtmp 127.0.0.1:${port};
     live pushed {
       push rtmp://127.0.0.1:${far[0].port}/client43/%s;
       push rtmp://127.0.0.1:${far[1].port}/live/instance//%s-copy?key=1;
     }`,
  );
  await LiveFrames.start(t, port, { name: "pushed/one" });
  await LiveFrames.start(t, port, { name: "pushed/two" });
  await until(
    "all pushes",
    8000,
    () => (far[0].clients.length === 2 && far[1].clients.length === 2) || undefined,
  );
  for (const each of far)
    await until("frames", 8000, () => each.clients.every(({ video }) => video.length > 10) || undefined);
  const published = (each: FarServer): string[] =>
    each.lines.filter((line) => line.startsWith("publish ")).sort();
  assert.deepEqual(published(far[0]), ["publish client43/pushed/one", "publish client43/pushed/two"]);
  assert.deepEqual(published(far[1]), [
    "publish live/instance/pushed/one-copy",
    "publish live/instance/pushed/two-copy",
  ]);
  assert.deepEqual(complaints(server), []);
});

test("a push that is asked to reconnect moves at a key frame: the two servers have every frame once", async (t) => {
  const [first, second] = [await FarServer.start(t), await FarServer.start(t)];
  const port = await freePort();
  const server = await TestServer.start(
    t,
    `rtmp 127.0.0.1:${port};
     stream one { publish_enabled; push rtmp://127.0.0.1:${first.port}/live/cam; }`,
  );
  await LiveFrames.start(t, port, { name: "static/one" });
  const framesAt = ({ clients }: FarServer): number[] =>
    framesIn(Buffer.concat(clients.flatMap(({ video }) => video)));
  await until("frames at the first", 8000, () => framesAt(first).length > 30 || undefined);
  assert.ok(first.clients[0]?.session.requestReconnect({ tcUrl: `rtmp://127.0.0.1:${second.port}/other` }));
  await until("frames at the second", 8000, () => framesAt(second).length > 30 || undefined);
  assert.equal(first.clients[0]?.lines.at(-1), "close");
  assert.deepEqual(second.lines.slice(0, 2), ["connect other", "publish other/cam"]);
  assert.equal((framesAt(second)[0] as number) % 25, 0, "it begins with a key frame");
  assert.equal(gapIn([...framesAt(first), ...framesAt(second)]), undefined);
  await server.waitFor("rtmp push moved", 1000);
  assert.deepEqual(complaints(server), []);
});

test("an input that is asked to reconnect goes there, and its viewers stay", async (t) => {
  const play = (from: number) => {
    const generator = new FlvGenerator({ frameBytes: 2000, from });
    return ({ session }: FarServer["clients"][number]): void => {
      const send = ({ type, timestampMs, body }: ReturnType<FlvGenerator["next"]>): void =>
        session.sendMedia({ type, streamId: 1, timestampMs }, body);
      send(generator.config);
      const timer = setInterval(() => (session.closed ? clearInterval(timer) : send(generator.next())), 40);
      t.after(() => clearInterval(timer));
    };
  };
  const second = await FarServer.start(t, { onStart: play(100_000) });
  const first = await FarServer.start(t, { onStart: play(0) });
  const server = await TestServer.start(t, `stream one { input rtmp://127.0.0.1:${first.port}/live/cam; }`);
  await running(server, "one");
  const viewer = await readHttp(server.url("/one.flv"));
  t.after(() => viewer.close());
  await until("frames of the first", 8000, () => framesIn(viewer.bytes()).length > 10 || undefined);
  assert.ok(first.clients[0]?.session.requestReconnect({ tcUrl: `rtmp://127.0.0.1:${second.port}/live` }));
  await until("frames of the second", 8000, () => {
    return framesIn(viewer.bytes()).filter((frame) => frame >= 100_000).length > 10 || undefined;
  });
  assert.equal(viewer.ended, false);
  assert.equal(server.log.filter(({ message }) => message === "input lost").length, 0);
  assert.deepEqual(complaints(server), []);
});

test("clients that know how are asked to reconnect when the server stops", async (t) => {
  const port = await freePort();
  const server = await TestServer.start(t, `rtmp 127.0.0.1:${port};\nstream one { publish_enabled; }`);
  const publisher = await RtmpClient.publish(t, port, "static/one", KNOWS_RECONNECT);
  new LiveFrames(t, publisher);
  await running(server, "one");
  const players = [
    await RtmpClient.play(t, port, "static/one", KNOWS_RECONNECT),
    await RtmpClient.play(t, port, "static/one"),
  ];
  for (const player of players)
    await until("frames", 8000, () => framesIn(player.bytes).length > 3 || undefined);
  assert.equal(await server.stop(), 0);
  const wasAsked = ({ bytes }: RtmpClient): boolean =>
    messagesIn(bytes).some(
      ({ type, streamId, payload }) =>
        type === 20 &&
        streamId === 0 &&
        Buffer.from(payload).includes("NetConnection.Connect.ReconnectRequest"),
    );
  for (const client of [publisher, ...players])
    await until("the clients to be hung up on", 3000, () => client.closed || undefined);
  assert.deepEqual([publisher, ...players].map(wasAsked), [true, true, false]);
});

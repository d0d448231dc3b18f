import assert from "node:assert/strict";
import { test } from "node:test";
import { readHttp } from "./kit/capture.ts";
import { framesIn, RtmpClient } from "./kit/rtmp-client.ts";
import { complaints, gapIn, LiveFrames, running } from "./kit/rtmp-live.ts";
import { freePort, TestServer, until } from "./kit/server.ts";

async function has(server: TestServer, stream: string): Promise<boolean> {
  return (await server.streams()).some(({ name }) => name === stream);
}

test("a stream under a prefix is there while it is published, and some time after", async (t) => {
  const port = await freePort();
  const server = await TestServer.start(
    t,
    `rtmp 127.0.0.1:${port};
     live chats { clients_timeout 2; password secret; }
     stream fixed { publish_enabled; }`,
  );
  const asked = await RtmpClient.ask(t, port, { word: "play", name: "chats/room" });
  assert.equal(asked.code, "NetStream.Play.StreamNotFound", "nobody publishes it yet");
  const wrong = await RtmpClient.ask(t, port, { word: "publish", name: "chats/room" });
  assert.equal(wrong.code, "NetStream.Publish.Unauthorized");
  assert.equal(await has(server, "chats/room"), false);

  const first = await LiveFrames.start(t, port, { name: "chats/a/b?password=secret" });
  await running(server, "chats/a/b");
  const player = await RtmpClient.play(t, port, "chats/a//b");
  await until("frames", 8000, () => framesIn(player.bytes).length > 10 || undefined);
  // The publisher leaves, and comes back: the player stays.
  first.stop();
  first.client.close();
  const second = await LiveFrames.start(t, port, { name: "chats/a/b?password=secret", from: 10_000 });
  await until("frames of the second", 8000, () => {
    return framesIn(player.bytes).filter((frame) => frame >= 10_000).length > 10 || undefined;
  });
  assert.equal(gapIn(framesIn(player.bytes).filter((frame) => frame >= 10_000)), undefined);
  // All leave: it is forgotten.
  player.close();
  second.stop();
  second.client.close();
  await until("the stream to go", 10_000, async () => !(await has(server, "chats/a/b")) || undefined);
  // One that stands in the file stays.
  assert.equal(await has(server, "fixed"), true);
  const fixed = await LiveFrames.start(t, port, { name: "static/fixed" });
  await running(server, "fixed");
  fixed.stop();
  assert.deepEqual(complaints(server), []);
});

test("an input over RTMP is fetched while somebody watches, from over RTMP or HTTP", async (t) => {
  const [origin, edge] = [await freePort(), await freePort()];
  const far = await TestServer.start(t, `rtmp 127.0.0.1:${origin};\nlive chats { }`, { workers: 1 });
  const server = await TestServer.start(
    t,
    `rtmp 127.0.0.1:${edge};
     ondemand one { input rtmp://127.0.0.1:${origin}/chats/a; clients_timeout 1; }
     rewrite far/* { input rtmp://127.0.0.1:${origin}/chats/%s; clients_timeout 1; }`,
  );
  await LiveFrames.start(t, origin, { name: "chats/a" });
  await running(far, "chats/a");
  const playersThere = async (): Promise<number> =>
    (await far.sessions()).filter(({ kind }) => kind === "play").length;
  for (const name of ["static/one", "far/a"]) {
    assert.equal(await playersThere(), 0, name);
    const player = await RtmpClient.play(t, edge, name);
    const flv = await readHttp(server.url(`/${name.replace("static/", "")}.flv`));
    t.after(() => flv.close());
    for (const bytes of [() => player.bytes, () => flv.bytes()]) {
      await until(`frames of ${name}`, 8000, () => framesIn(bytes()).length > 10 || undefined);
      assert.equal(gapIn(framesIn(bytes())), undefined, name);
    }
    assert.equal(await playersThere(), 1, "one connection for both");
    player.close();
    flv.close();
    await until("the input to be left", 10_000, async () => (await playersThere()) === 0 || undefined);
  }
  assert.deepEqual(complaints(server), []);
});

test("an input that cannot be had is given up after retry_limit", async (t) => {
  const [nobody, edge] = [await freePort(), await freePort()];
  const server = await TestServer.start(
    t,
    `rtmp 127.0.0.1:${edge};
     ondemand one { input rtmp://127.0.0.1:${nobody}/live/cam; retry_limit 1; }`,
  );
  const player = await RtmpClient.play(t, edge, "static/one");
  await until("the player to be hung up on", 20_000, () => player.closed || undefined);
  assert.equal(framesIn(player.bytes).length, 0);
  assert.ok(player.bytes.includes("NetStream.Play.Stop"));
  assert.deepEqual(complaints(server), []);
});

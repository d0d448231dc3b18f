import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { FLV_TAG_HEADER_BYTES, FLV_TAG_TRAILER_BYTES } from "../../packages/flv/src/index.ts";
import { framesIn } from "./kit/rtmp-client.ts";
import { complaints, gapIn, LiveFrames, running } from "./kit/rtmp-live.ts";
import { freePort, TestServer, until } from "./kit/server.ts";

/** The messages that come, in order, and the code and reason that it is closed with. */
interface Opened {
  readonly messages: Buffer[];
  closed: string | undefined;
}

async function open(t: TestContext, url: string): Promise<Opened> {
  const socket = new WebSocket(url.replace("http:", "ws:"));
  socket.binaryType = "arraybuffer";
  t.after(() => socket.close());
  const opened: Opened = { messages: [], closed: undefined };
  socket.onmessage = ({ data }) => opened.messages.push(Buffer.from(data as ArrayBuffer));
  socket.onclose = ({ code, reason }) => {
    opened.closed = `${code} ${reason}`;
  };
  await until("the WebSocket", 8000, () => socket.readyState !== WebSocket.CONNECTING || undefined);
  return opened;
}

/** How many whole tags a message has; a fraction where it has a part of one. */
function tagsIn(message: Buffer): number {
  let [tags, at] = [0, 0];
  while (at < message.length) {
    const size = FLV_TAG_HEADER_BYTES + message.readUIntBE(at + 1, 3) + FLV_TAG_TRAILER_BYTES;
    if (at + size > message.length) return tags + 0.5;
    at += size;
    tags++;
  }
  return tags;
}

test("FLV over WebSocket: the file header, then whole tags, under both names, and the end", async (t) => {
  const port = await freePort();
  const streams = "live chats { }\nstream one { publish_enabled; }";
  const server = await TestServer.start(t, `rtmp 127.0.0.1:${port};\n${streams}`);
  // Larger than a slab of the lane, now and then.
  await LiveFrames.start(t, port, { name: "chats/a", frameBytes: 300_000 });
  await LiveFrames.start(t, port, { name: "static/one" });
  await running(server, "chats/a");
  await running(server, "one");
  for (const path of ["/chats/a.flv", "/chats/a/flv", "/one.flv", "/one/flv"]) {
    const { messages } = await open(t, server.url(path));
    await until(`frames of ${path}`, 8000, () => framesIn(Buffer.concat(messages)).length > 30 || undefined);
    assert.equal(messages[0]?.toString("hex"), "464c5601010000000900000000");
    const counts = messages.slice(1).map(tagsIn);
    assert.deepEqual(
      counts.filter((count) => count < 1 || !Number.isInteger(count)),
      [],
      path,
    );
    assert.equal(gapIn(framesIn(Buffer.concat(messages))), undefined, path);
  }
  const sessions = (await server.sessions()).filter(({ protocol }) => protocol === "ws-flv");
  assert.ok(sessions.length > 0 && sessions.every(({ bytes }) => bytes > 10_000));
  const none = await open(t, server.url("/unknown.flv"));
  assert.match(none.closed ?? "", /^1006/);
  const last = await open(t, server.url("/one.flv"));
  await until("frames", 8000, () => last.messages.length > 3 || undefined);
  server.rewrite(`rtmp 127.0.0.1:${port};\nlive chats { }`);
  server.signal("SIGHUP");
  await until("the end of the stream", 8000, () => last.closed);
  assert.equal(last.closed, "1000 the stream has ended");
  assert.deepEqual(complaints(server), []);
});

/** A client that shakes hands by itself and reads when it is told to. */
async function sleeper(t: TestContext, port: number, path: string): Promise<Socket> {
  const socket = await new Promise<Socket>((resolve) => {
    const opened = connect(port, "127.0.0.1", () => resolve(opened));
  });
  t.after(() => socket.destroy());
  socket.on("error", () => {});
  socket.pause();
  const head = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13";
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: x\r\n${head}\r\nSec-WebSocket-Key: MTIzNDU2Nzg5MDEyMzQ1Ng==\r\n\r\n`,
  );
  return socket;
}

test("a WebSocket that is not read goes on at a later key frame, and holds up nobody", async (t) => {
  const port = await freePort();
  const server = await TestServer.start(t, `rtmp 127.0.0.1:${port};\nlive chats { }`);
  const publisher = await LiveFrames.start(t, port, { name: "chats/a", frameBytes: 200_000 });
  await running(server, "chats/a");
  const asleep = await sleeper(t, server.port, "/chats/a.flv");
  const good = await open(t, server.url("/chats/a.flv"));
  const seen = (): number[] => framesIn(Buffer.concat(good.messages));
  await until("the good one to see 150 frames", 20_000, () => seen().length >= 150 || undefined);
  publisher.stop();
  const last = publisher.generator.frames - 1;
  await until("the last one", 8000, () => seen().at(-1) === last || undefined);
  assert.equal(gapIn(seen()), undefined);
  await until("the sleeper to be behind", 8000, async () => {
    return (await server.sessions()).some(({ lagBytes }) => lagBytes > 4_000_000) || undefined;
  });
  const parts: Buffer[] = [];
  asleep.on("data", (part: Buffer) => parts.push(part));
  asleep.resume();
  const frames = await until("it to catch up", 10_000, () => {
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
  assert.deepEqual(complaints(server), []);
});

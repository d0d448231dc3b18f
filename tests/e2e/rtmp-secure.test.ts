import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { TEST_CERTIFICATE, TEST_KEY } from "../../protocols/rtmp/src/certificate.test-support.ts";
import { FarServer } from "../../protocols/rtmp/src/far-server.test-support.ts";
import { framesIn, RtmpClient } from "./kit/rtmp-client.ts";
import { complaints, gapIn, LiveFrames, running } from "./kit/rtmp-live.ts";
import { freePort, TestServer, until } from "./kit/server.ts";

const TLS = { cert: TEST_CERTIFICATE, key: TEST_KEY };
const SECURE = { secure: true } as const;

/** A server whose file begins with a certificate. */
async function startServer(t: TestContext, text: string): Promise<TestServer> {
  const server = await TestServer.start(t, "");
  const [certificate, key] = [join(server.folder, "cert.pem"), join(server.folder, "key.pem")];
  writeFileSync(certificate, TEST_CERTIFICATE);
  writeFileSync(key, TEST_KEY);
  server.rewrite(`certificate ${certificate};\ncertificate_key ${key};\n${text}`);
  server.signal("SIGHUP");
  return server;
}

/** Publishes and plays in every combination of ways; all players see all frames. */
async function crossed(
  t: TestContext,
  ways: readonly { readonly port: number; readonly secure: boolean }[],
): Promise<void> {
  for (const [i, { port, secure }] of ways.entries()) {
    const name = `chats/room${i}`;
    const publisher = await until("the port", 8000, () =>
      RtmpClient.publish(t, port, name, { secure }).catch(() => undefined),
    );
    new LiveFrames(t, publisher);
    const players = await Promise.all(
      ways.map((way) =>
        until(`a player of ${name}`, 8000, () =>
          RtmpClient.play(t, way.port, name, way).catch(() => undefined),
        ),
      ),
    );
    for (const player of players) {
      await until(`frames of ${name}`, 8000, () => framesIn(player.bytes).length > 20 || undefined);
      assert.equal(gapIn(framesIn(player.bytes)), undefined);
    }
  }
}

test("rtmps publishes and plays what rtmp does, and goes with a reload", async (t) => {
  const [plain, secure] = [await freePort(), await freePort()];
  const server = await startServer(t, `rtmp 127.0.0.1:${plain};\nrtmps 127.0.0.1:${secure};\nlive chats { }`);
  await crossed(t, [
    { port: plain, secure: false },
    { port: secure, secure: true },
  ]);
  const player = await RtmpClient.play(t, secure, "chats/room0", SECURE);
  server.rewrite(`rtmp 127.0.0.1:${plain};\nlive chats { }`);
  server.signal("SIGHUP");
  await until("its clients to be hung up on", 8000, () => player.closed || undefined);
  assert.deepEqual(complaints(server), []);
});

test("the HTTP and HTTPS ports take RTMP in as well, without a line of its own", async (t) => {
  const https = await freePort();
  const server = await startServer(t, `https 127.0.0.1:${https};\nlive chats { }`);
  await crossed(t, [
    { port: server.port, secure: false },
    { port: https, secure: true },
  ]);
  // HTTP goes on beside it.
  assert.equal((await server.stream("chats/room0")).running, true);
  const player = await RtmpClient.play(t, server.port, "chats/room0");
  assert.equal(await server.stop(), 0);
  await until("the player to be hung up on", 3000, () => player.closed || undefined);
  assert.deepEqual(complaints(server), []);
});

test("inputs and pushes over rtmps look at certificates, unless any will do", async (t) => {
  const far = await FarServer.start(t, { tls: TLS });
  const [port, secure] = [await freePort(), await freePort()];
  await startServer(t, `rtmps 127.0.0.1:${secure};\nlive chats { }`);
  const publisher = await until("the port", 8000, () =>
    RtmpClient.publish(t, secure, "chats/a", SECURE).catch(() => undefined),
  );
  new LiveFrames(t, publisher);
  const to = `rtmps://localhost:${far.port}`;
  const server = await TestServer.start(
    t,
    `rtmp 127.0.0.1:${port};
     stream wary { input rtmps://127.0.0.1:${secure}/chats/a; push ${to}/live/wary; }
     stream trusting {
       input rtmps://127.0.0.1:${secure}/chats/a insecure;
       push ${to}/live/trusting insecure;
       push ${to}/live/wary;
     }`,
  );
  await running(server, "trusting");
  await until("the push", 8000, () => far.lines.includes("publish live/trusting") || undefined);
  const player = await RtmpClient.play(t, port, "static/trusting");
  await until("frames", 8000, () => framesIn(player.bytes).length > 20 || undefined);
  assert.equal(gapIn(framesIn(player.bytes)), undefined);
  const wary = await server.stream("wary");
  assert.equal(wary.running, false);
  assert.match(wary.inputs[0]?.lastError ?? "", /self-signed.*insecure/);
  const pushes = (await server.stream("trusting")).pushes as { url: string; lastError?: string }[];
  assert.match(pushes.find(({ url }) => url.endsWith("wary"))?.lastError ?? "", /self-signed.*insecure/);
  assert.equal(far.lines.includes("publish live/wary"), false);
  assert.deepEqual(complaints(server), []);
});

import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import type { MillraceError } from "@millrace/model";
import { TEST_CERTIFICATE, TEST_KEY } from "./certificate.test-support.ts";
import { type DialOptions, dialRtmp } from "./dial.ts";
import { FarServer } from "./far-server.test-support.ts";
import { adobeServer, llnwServer } from "./session/auth-server.test-support.ts";
import { parseRtmpUrl } from "./session/url.ts";

const TLS = { key: TEST_KEY, cert: TEST_CERTIFICATE };

/** Dials until the test aborts; the promise is that of `dialRtmp`. */
function dial(t: TestContext, url: string, options: Partial<DialOptions> = {}) {
  const abort = new AbortController();
  t.after(() => abort.abort());
  const ready: (() => void)[] = [];
  let connections = 0;
  const done = dialRtmp({
    target: parseRtmpUrl(url),
    mode: "publish",
    nowMs: () => Math.floor(performance.now()),
    signal: abort.signal,
    events: {},
    ...options,
    onReady: (session, socket) => {
      connections++;
      options.onReady?.(session, socket);
      for (const tell of ready.splice(0)) tell();
    },
  });
  const whenReady = Promise.race([new Promise<void>((resolve) => ready.push(resolve)), done]);
  // Who does not wait for either looks at `done` alone.
  whenReady.catch(() => {});
  return { abort, done, whenReady, connections: () => connections };
}

async function codeOf(done: Promise<void>): Promise<string> {
  return done.then(
    () => "no error",
    (error: MillraceError) => `${error.code}: ${error.message}`,
  );
}

suite("credentials, against a server of our own by the published descriptions", () => {
  const account = { user: "me", password: "secret" };
  for (const [name, server, app] of [
    ["adobe", adobeServer(account), "live"],
    ["adobe with opaque", adobeServer(account, "b3BhcXVl"), "live"],
    ["llnw", llnwServer(account), "live"],
    ["llnw, application of two segments", llnwServer(account), "live/x"],
  ] as const) {
    test(name, async (t) => {
      const far = await FarServer.start(t, { onConnect: ({ app: given }) => server.judge(given) });
      const url = (password: string): string => `rtmp://me:${password}@127.0.0.1:${far.port}/${app}//cam`;
      const good = dial(t, url("secret"));
      await good.whenReady;
      assert.equal(far.clients.length, 3, "one connection to be refused, one for the challenge");
      assert.equal(far.clients[2]?.lines.at(-1), `publish ${app}/cam`);
      good.abort.abort();
      await good.done;
      assert.match(await codeOf(dial(t, url("wrong")).done), /^rtmp\.unauthorized: .*/);
      assert.match(
        await codeOf(dial(t, url("wrong").replace("me:", "you:")).done),
        /^rtmp\.unauthorized: .*nosuchuser/,
      );
      const anonymous = dial(t, `rtmp://127.0.0.1:${far.port}/${app}//cam`);
      assert.match(await codeOf(anonymous.done), /^rtmp\.unauthorized: the server wants a name/);
      assert.ok(far.clients.every(({ info }) => info?.app.includes("secret") === false));
    });
  }
});

suite("rtmps", () => {
  test("a certificate that nobody signed is refused, unless any will do", async (t) => {
    const far = await FarServer.start(t, { tls: TLS });
    const url = `rtmps://127.0.0.1:${far.port}/live/cam`;
    assert.match(await codeOf(dial(t, url).done), /^rtmp\.connection: .*self-signed.*insecure/);
    assert.deepEqual(far.lines, []);
    const secure = dial(t, url, { insecure: true });
    await secure.whenReady;
    assert.deepEqual(far.lines, ["connect live", "publish live/cam"]);
    secure.abort.abort();
    await secure.done;
  });

  test("a server that speaks no TLS is a failure, not a hang", async (t) => {
    const far = await FarServer.start(t);
    const url = `rtmps://127.0.0.1:${far.port}/live/cam`;
    assert.match(await codeOf(dial(t, url, { insecure: true }).done), /^rtmp\.connection: /);
  });
});

suite("a server that asks to reconnect", () => {
  test("a player goes where it is sent, application and all", async (t) => {
    const second = await FarServer.start(t);
    const first = await FarServer.start(t, {
      onStart: ({ session }) => {
        session.requestReconnect({ tcUrl: `rtmp://127.0.0.1:${second.port}/other`, description: "x" });
      },
    });
    const playing = dial(t, `rtmp://127.0.0.1:${first.port}/live/cam`, { mode: "play" });
    await playing.whenReady;
    while (playing.connections() < 2) await new Promise(setImmediate);
    assert.deepEqual(second.lines, ["connect other", "play other/cam"]);
    assert.deepEqual(first.lines, ["connect live", "play live/cam", "stop", "close"]);
    playing.abort.abort();
    await playing.done;
  });

  test("a publisher moves when it likes, and stays until then", async (t) => {
    const second = await FarServer.start(t);
    const first = await FarServer.start(t, {
      onStart: ({ session }) => {
        session.requestReconnect({ tcUrl: `rtmp://127.0.0.1:${second.port}/live` });
      },
    });
    let move = (): void => assert.fail("not asked");
    const asked = Promise.withResolvers<void>();
    const publishing = dial(t, `rtmp://127.0.0.1:${first.port}/live/cam`, {
      onMove: (given) => {
        move = given;
        asked.resolve();
      },
    });
    await asked.promise;
    assert.deepEqual([first.clients[0]?.socket.destroyed, second.clients.length], [false, 0]);
    move();
    while (publishing.connections() < 2) await new Promise(setImmediate);
    assert.deepEqual(second.lines, ["connect live", "publish live/cam"]);
    // A second call comes too late to do anything.
    move();
    publishing.abort.abort();
    await publishing.done;
    assert.deepEqual([first.clients.length, second.clients.length], [1, 1]);
  });

  test("one that does it again and again is left", async (t) => {
    const far: FarServer = await FarServer.start(t, {
      onStart: ({ session }) => void session.requestReconnect(),
    });
    const playing = dial(t, `rtmp://127.0.0.1:${far.port}/live/cam`, { mode: "play" });
    assert.match(await codeOf(playing.done), /^rtmp\.reconnect: /);
    assert.equal(far.clients.length, 6);
  });
});

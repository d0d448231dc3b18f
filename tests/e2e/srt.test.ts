import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { freeUdpPort } from "../contract/index.ts";
import { LossyRelay } from "../netem/kit/lossy-relay.ts";
import { TsGenerator } from "./kit/generator.ts";
import { TestServer, until } from "./kit/server.ts";
import { playSrt, publishSrt, sha256, streamSrt } from "./kit/srt.ts";

for (const lossPercent of [0, 5]) {
  test(`what is published leaves bit for bit at ${lossPercent} % loss, from either worker`, async (t) => {
    const port = await freeUdpPort();
    const server = await TestServer.start(t, `srt 127.0.0.1:${port};\nstream one { publish_enabled; }`);
    const target = { target: port, both: { lossPercent, delayMs: 10 } };
    const latency = 400;
    const relays = [
      await LossyRelay.start(t, { ...target, seed: 1 }),
      await LossyRelay.start(t, { ...target, seed: 2 }),
      await LossyRelay.start(t, { ...target, seed: 3 }),
    ];
    const url = (i: number): string => `srt://127.0.0.1:${relays[i]?.port}`;
    const publisher = await publishSrt(t, url(0), { streamid: "publish:one", latency });
    // The first frames tell the server what it gets; players join before the ones that count.
    await streamSrt([publisher], 0.2);
    await until("the stream", 5000, async () => (await server.stream("one")).running || undefined);
    await sleep(latency + 200);
    const players = await Promise.all([
      playSrt(t, url(1), { streamid: "#!::r=one", latency }),
      playSrt(t, url(2), { streamid: "one", latency }),
    ]);
    const sent = await streamSrt([publisher], 6);
    for (const [i, player] of players.entries()) {
      await until(`player ${i} to get everything`, 5000, () => player.length >= sent.length || undefined);
      assert.equal(player.lost, 0, `player ${i} lost packets`);
      assert.equal(
        sha256(player.bytes()),
        sha256(sent),
        `player ${i}: ${player.length} of ${sent.length} bytes`,
      );
    }
    assert.equal(publisher.numbers()["pktSndDropTotal"], 0);
    if (lossPercent > 0) assert.ok(Number(publisher.numbers()["pktRetransTotal"]) > 10);
    await publisher.end();
  });
}

test("strangers are refused with a reason", async (t) => {
  const port = await freeUdpPort();
  const waiting = await freeUdpPort();
  await TestServer.start(
    t,
    `srt 127.0.0.1:${port} passphrase=0123456789;
     stream one { publish_enabled; password secret; srt_publish 127.0.0.1:${waiting}; }
     stream shut { publish_enabled; }`,
  );
  const url = `srt://127.0.0.1:${port}`;
  const passphrase = "0123456789";
  const cases = [
    [{ streamid: "publish:one:me:secret", passphrase: "something else" }, /1010/],
    [{ streamid: "publish:one:me:secret" }, /1011/],
    [{ streamid: "publish:one", passphrase }, /2403/],
    [{ streamid: "#!::r=one,m=publish,password=wrong", passphrase }, /2403/],
    [{ streamid: "publish:unknown", passphrase }, /2404/],
    [{ streamid: "#!{r=one}", passphrase }, /1004/],
    [{ passphrase }, /2400/],
  ] as const;
  for (const [options, code] of cases) {
    await assert.rejects(publishSrt(t, url, options), code, JSON.stringify(options));
  }
  const first = await publishSrt(t, url, { streamid: "publish:one:me:secret", passphrase });
  first.write(new TsGenerator({ bitrate: 1_000_000 }).nextFrame());
  await assert.rejects(publishSrt(t, url, { streamid: "publish:one:me:secret", passphrase }), /2409/);
  await assert.rejects(playSrt(t, `srt://127.0.0.1:${waiting}`, { streamid: "read:one" }), /2405/);
  await first.end();
});

test("ports of one stream need no stream-ID, and a reload leaves others' connections alone", async (t) => {
  const [publishing, playing, other] = [await freeUdpPort(), await freeUdpPort(), await freeUdpPort()];
  const one = `stream one { publish_enabled; srt_publish 127.0.0.1:${publishing}; srt_play 127.0.0.1:${playing}; }`;
  const server = await TestServer.start(t, one);
  const publisher = await publishSrt(t, `srt://127.0.0.1:${publishing}`);
  await streamSrt([publisher], 0.4);
  const player = await playSrt(t, `srt://127.0.0.1:${playing}`);
  await streamSrt([publisher], 1);
  await until("the first bytes", 5000, () => player.length > 0 || undefined);
  server.rewrite(`${one}\nstream two { publish_enabled; srt_play 127.0.0.1:${other}; }`);
  server.signal("SIGHUP");
  await until(
    "the new stream",
    5000,
    async () => (await server.streams()).some((s) => s.name === "two") || undefined,
  );
  const before = player.length;
  const sent = await streamSrt([publisher], 1);
  await until("the bytes after the reload", 5000, () => player.length >= before + sent.length || undefined);
  assert.equal(player.lost, 0);
  const sessions = await server.sessions();
  const mine = sessions.find((session) => session.kind === "play");
  assert.ok(Number(mine?.details?.["pktSentUniqueTotal"]) > 100, JSON.stringify(mine));
  await publisher.end();
});

test("one leg of a stream that is pushed and pulled may restart", async (t) => {
  const port = await freeUdpPort();
  const server = await TestServer.start(
    t,
    `stream from { publish_enabled; push srt://127.0.0.1:${port}?latency=100; }
     stream to { input srt://127.0.0.1:${port}?mode=listener; }`,
  );
  const entrance = await freeUdpPort();
  server.rewrite(
    `srt 127.0.0.1:${entrance};
     stream from { publish_enabled; push srt://127.0.0.1:${port}?latency=100; }
     stream to { input srt://127.0.0.1:${port}?mode=listener; }`,
  );
  server.signal("SIGHUP");
  const publisher = await until("the new port", 5000, () =>
    publishSrt(t, `srt://127.0.0.1:${entrance}`, { streamid: "publish:from", conntimeo: 300 }).catch(
      () => undefined,
    ),
  );
  await streamSrt([publisher], 2);
  const info = await until("the second stream", 5000, async () => {
    const found = await server.stream("to");
    return found.bytesIn > 100_000 ? found : undefined;
  });
  assert.ok(Number(info.inputs[0]?.details?.["pktRecvTotal"]) > 50);
  const { pushes } = await server.stream("from");
  assert.ok(Number(pushes[0]?.["pktSentTotal"]) > 50, JSON.stringify(pushes));
  await publisher.end();
});

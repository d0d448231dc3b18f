import assert from "node:assert/strict";
import { test } from "node:test";
import { freeUdpPort } from "../contract/index.ts";
import { LossyRelay } from "../netem/kit/lossy-relay.ts";
import { TestServer, until } from "./kit/server.ts";
import { playSrt, publishSrt, sha256, streamSrt } from "./kit/srt.ts";

const LATENCY = 300;

for (const type of ["broadcast", "backup"] as const) {
  test(`a ${type} group loses a leg under load and nothing else, in either direction`, async (t) => {
    const port = await freeUdpPort();
    const server = await TestServer.start(t, `srt 127.0.0.1:${port};\nstream one { publish_enabled; }`);
    const way = { target: port, both: { delayMs: 10, lossPercent: 1 } };
    const publishing = [
      await LossyRelay.start(t, way),
      await LossyRelay.start(t, { ...way, seed: 2 }),
    ] as const;
    const playing = [await LossyRelay.start(t, way), await LossyRelay.start(t, { ...way, seed: 3 })] as const;
    const group = (ways: readonly [LossyRelay, LossyRelay]) => ({
      url: `srt://127.0.0.1:${ways[0].port}`,
      options: { group: type, weight: 10, nodes: [`127.0.0.1:${ways[1].port}/5`], latency: LATENCY },
    });
    const out = group(publishing);
    const publisher = await publishSrt(t, out.url, { ...out.options, streamid: "publish:one" });
    await until("both legs of the publisher", 5000, () => publisher.numbers()["legs"] === 2 || undefined);
    await streamSrt([publisher], 0.4);
    await until("the stream", 5000, async () => (await server.stream("one")).running || undefined);
    await until("a quiet moment", 2000, async () => {
      const { bytesIn } = await server.stream("one");
      await new Promise((resolve) => setTimeout(resolve, LATENCY + 100));
      return (await server.stream("one")).bytesIn === bytesIn || undefined;
    });
    const into = group(playing);
    const player = await playSrt(t, into.url, { ...into.options, streamid: "read:one" });
    await until("both legs of the player", 5000, () => player.numbers()["legs"] === 2 || undefined);
    const before = player.length;
    const first = await streamSrt([publisher], 2, 1);
    publishing[0].cut();
    playing[0].cut();
    const second = await streamSrt([publisher], 4, 51);
    const sent = Buffer.concat([first, second]);
    await until(
      "the player to get everything",
      5000,
      () => player.length - before >= sent.length || undefined,
    );
    assert.equal(player.lost, 0);
    assert.equal(sha256(player.bytes().subarray(before)), sha256(sent));
    const mine = (await server.sessions()).find((session) => session.kind === "publish");
    assert.equal(mine?.details?.["groupLost"], 0, JSON.stringify(mine?.details));
    await publisher.end();
  });
}

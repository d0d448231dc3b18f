import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { needs } from "../e2e/kit/programs.ts";
import { freePort, TestServer, until } from "../e2e/kit/server.ts";
import { Background } from "./kit/background.ts";
import { assertStretch, encodeUnique, readCoded } from "./kit/coded.ts";
import { nginxCycles } from "./kit/nginx-cycles.ts";
import { NginxRtmp, needsNginxRtmp } from "./kit/nginx-rtmp.ts";

const SECONDS = 4;
/** A young heap grows by itself; a connection whose buffers stay takes more than a megabyte. */
const MOST_GROWN_MB = 24;

test("pushed to nginx and fetched back again: each coded frame and its times are the same", async (t) => {
  if (!needsNginxRtmp(t) || !needs(t, "ffmpeg")) return;
  const nginx = await NginxRtmp.start(t);
  const port = await freePort();
  const server = await TestServer.start(
    t,
    `rtmp 127.0.0.1:${port};
     stream one { publish_enabled; push ${nginx.url("copy")}; }
     stream back { input ${nginx.url("copy")}; }`,
  );
  const file = join(server.folder, "sent.flv");
  await encodeUnique(file, { seconds: 25 });
  const sent = await readCoded(file);
  const publisher = Background.start(t, "ffmpeg", [
    ...["-v", "error", "-nostdin", "-re", "-i", file, "-c", "copy", "-f", "flv"],
    `rtmp://127.0.0.1:${port}/static/one`,
  ]);
  await until("the stream to come back", 15_000, async () => {
    if (!publisher.running) throw new Error(publisher.stderr);
    return (await server.stream("back")).running || undefined;
  });
  const ways = [nginx.url("copy"), `rtmp://127.0.0.1:${port}/static/back`, server.url("/back/mpegts")];
  await Promise.all(
    ways.map(async (way) => {
      assertStretch(await readCoded(way, { seconds: SECONDS }), sent, { what: way });
    }),
  );
});

test("nginx is killed and restored: pushes and inputs come back each time, and nothing is left over", async (t) => {
  if (!needsNginxRtmp(t) || !needs(t, "ffmpeg")) return;
  const [cycles, streams] = [6, 4];
  const { samples, server } = await nginxCycles(t, { cycles, streams });
  const [first, last] = [samples[0], samples.at(-1)];
  assert.ok(first !== undefined && last !== undefined);
  assert.ok(
    last.pushRetries - first.pushRetries >= cycles * streams,
    `${last.pushRetries} retries of pushes`,
  );
  assert.ok(last.inputRetries - first.inputRetries >= cycles * streams, `${last.inputRetries} of inputs`);
  assert.deepEqual(
    samples.map(({ sessions }) => sessions),
    samples.map(() => streams),
  );
  const grownMb = last.rssMb - first.rssMb;
  assert.ok(grownMb < MOST_GROWN_MB, `memory grew by ${grownMb} MB: ${JSON.stringify(samples)}`);
  assert.deepEqual(
    server.log.filter(({ level }) => level === "error"),
    [],
  );
  assert.equal(server.stderr, "");
});

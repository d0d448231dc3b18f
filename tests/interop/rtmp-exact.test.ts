import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, type TestContext, test } from "node:test";
import { needs } from "../e2e/kit/programs.ts";
import { freePort, TestServer, until } from "../e2e/kit/server.ts";
import {
  assertStretch,
  type Coded,
  encodeUnique,
  readCoded,
  secondsOf,
  type Tolerance,
} from "./kit/coded.ts";
import { FILE_PUBLISHERS, type FilePublisher, needsLibrary } from "./kit/rtmp-file-publishers.ts";
import { PLAYERS } from "./kit/rtmp-programs.ts";

/** How long the file is, and how much each player takes of it. */
const FILE_S = 14;
const SECONDS = 4;
/** VLC gives frames times of its own, by its clock. */
const VLC: Tolerance = { video: 100, audio: 100 };

/** Its multiplexer moves the first picture far away, which confuses who reads the next ones; their bytes count here. */
async function readVlc(file: string): Promise<Coded> {
  const { video, audio } = await readCoded(file, { allowed: /^\[(h264|framehash)\]/ });
  return { video: video.slice(4), audio };
}

/** Every program that publishes, against every one that plays: each coded frame goes through bit for bit. */
describe("RTMP: each publisher's frames with each player", { concurrency: 1 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "millrace-rtmp-exact-"));
  const file = join(folder, "sent.flv");

  after(() => rmSync(folder, { recursive: true, force: true }));

  async function through(t: TestContext, publisher: FilePublisher): Promise<void> {
    if (!needs(t, "ffmpeg") || !needs(t, publisher.program) || !needsLibrary(t, publisher)) return;
    if (!existsSync(file)) await encodeUnique(file, { seconds: FILE_S });
    const sent = await readCoded(await publisher.multiplexed(file));
    const port = await freePort();
    const server = await TestServer.start(t, `rtmp 127.0.0.1:${port};\nlive chats { }`);
    const url = `rtmp://127.0.0.1:${port}/chats/room`;
    const running = publisher.start(t, file, url);
    await until("the stream", 10_000, async () => {
      if (!running.running) throw new Error(`${publisher.name} ended: ${running.stderr}`);
      return (await server.streams()).some((stream) => stream.running) || undefined;
    });
    const check = (seen: Coded, player: string, off: Tolerance = {}): void => {
      const what = `${publisher.name} to ${player}`;
      assertStretch(seen, sent, { what, off });
      assert.ok(secondsOf(seen.video) > SECONDS - 1, `${what}: ${secondsOf(seen.video)} s of pictures`);
      assert.ok(secondsOf(seen.audio) > SECONDS - 1, `${what}: ${secondsOf(seen.audio)} s of sound`);
    };
    const read = [
      ["FFmpeg", url],
      ["FFmpeg over HTTP-FLV", server.url("/chats/room.flv")],
      ["FFmpeg over HTTP-TS", server.url("/chats/room/mpegts")],
    ] as const;
    await Promise.all([
      ...read.map(([name, way]) =>
        t.test(name, async () => check(await readCoded(way, { seconds: SECONDS }), name)),
      ),
      ...PLAYERS.map((player) =>
        t.test(player.name, async (each) => {
          if (!needs(each, player.program)) return;
          const recorded = await player.record({ url, folder, seconds: SECONDS });
          check(
            player.program === "cvlc" ? await readVlc(recorded.file) : await readCoded(recorded.file),
            player.name,
            player.program === "cvlc" ? VLC : {},
          );
        }),
      ),
    ]);
    assert.deepEqual(
      server.log.filter((line) => line.level === "error"),
      [],
    );
  }

  for (const publisher of FILE_PUBLISHERS)
    test(publisher.name, { concurrency: 8 }, (t) => through(t, publisher));
});

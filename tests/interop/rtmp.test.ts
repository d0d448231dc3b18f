import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { needs, run } from "../e2e/kit/programs.ts";
import { freePort, TestServer, until } from "../e2e/kit/server.ts";
import { Background } from "./kit/background.ts";
import { encodeFile, FPS, startEncoder } from "./kit/encoder.ts";
import { PLAYERS, PUBLISHERS, type RtmpPlayer, type RtmpPublisher } from "./kit/rtmp-programs.ts";
import { assertInSync, type Seen, spanOf, unevenSteps, watch } from "./kit/viewer.ts";

/** What is watched of each. */
const SECONDS = 3;
const H264_AAC = { video: "h264", audio: "aac" } as const;

interface RtmpServer {
  readonly server: TestServer;
  readonly port: number;
  url(path: string): string;
}

async function startServer(t: Pick<TestContext, "after">, text: string): Promise<RtmpServer> {
  const port = await freePort();
  const server = await TestServer.start(t, `rtmp 127.0.0.1:${port};\n${text}`);
  return { server, port, url: (path) => `rtmp://127.0.0.1:${port}/${path}` };
}

async function running({ server }: RtmpServer, stream: string, publisher: Background): Promise<void> {
  await until(`stream ${stream}`, 10_000, async () => {
    if (!publisher.running) throw new Error(`${publisher.program} ended: ${publisher.stderr}`);
    return (await server.streams()).some(({ name, running: on }) => name === stream && on) || undefined;
  });
}

/** All there, whole and even; H.264 and AAC unless said otherwise. */
function assertGood(
  { codecs, video, audio, complaints }: Seen,
  what: string,
  expected: { codecs?: readonly string[]; unsettled?: number | undefined } = {},
): void {
  assert.deepEqual(codecs, expected.codecs ?? ["h264", "aac"], what);
  assert.deepEqual(complaints, [], what);
  assert.ok(Math.abs(video.length - SECONDS * FPS) <= 1, `${what}: ${video.length} pictures`);
  assert.deepEqual(unevenSteps(video.slice(expected.unsettled ?? 0), 1 / FPS), [], what);
  assert.ok(spanOf(audio) > SECONDS - 0.5, `${what}: ${spanOf(audio)} s of sound`);
}

async function publishAndWatch(t: TestContext, publisher: RtmpPublisher): Promise<void> {
  if (!needs(t, publisher.program) || !needs(t, "ffmpeg")) return;
  const rtmp = await startServer(t, "stream cam { publish_enabled; password secret; }\nlive chats { }");
  const encoders = {
    cam: publisher.start(t, rtmp.url("static/cam?password=secret")),
    "chats/room": publisher.start(t, rtmp.url("chats/room")),
  };
  for (const [name, encoder] of Object.entries(encoders)) await running(rtmp, name, encoder);
  const http = ["/cam.flv", "/cam/mpegts", "/chats/room/flv"].map((path) => rtmp.server.url(path));
  const ways = [rtmp.url("static/cam"), rtmp.url("chats/room"), ...http];
  const seen = await Promise.all(ways.map((url) => watch(url, { seconds: SECONDS })));
  for (const [i, each] of seen.entries()) {
    const way = ways[i] as string;
    assertGood(each, way);
    if (publisher.program === "ffmpeg") assertInSync(each.video, each.audio, way);
  }
  for (const encoder of Object.values(encoders)) assert.ok(encoder.running, encoder.stderr);
}

describe("programs publish over RTMP", { concurrency: 2 }, () => {
  for (const publisher of PUBLISHERS) test(publisher.name, (t) => publishAndWatch(t, publisher));

  test("FFmpeg is told why it may not", async (t) => {
    if (!needs(t, "ffmpeg")) return;
    const rtmp = await startServer(t, "stream cam { publish_enabled; password secret; }");
    for (const path of ["static/cam?password=wrong", "static/cam", "static/other"]) {
      const encoder = startEncoder(t, H264_AAC, { url: rtmp.url(path), format: "flv" });
      assert.notEqual(await encoder.exited, 0, path);
      assert.match(encoder.stderr, /Server error: /, path);
    }
  });
});

describe("programs play RTMP and HTTP-FLV", { concurrency: 3 }, () => {
  let rtmp: RtmpServer;
  const ends: (() => unknown)[] = [];
  const suite = { after: (end: () => unknown) => void ends.push(end) };
  const folder = mkdtempSync(join(tmpdir(), "millrace-rtmp-"));

  before(async () => {
    rtmp = await startServer(suite as Pick<TestContext, "after">, "live chats { }");
    const encoder = startEncoder(suite as TestContext, H264_AAC, {
      url: rtmp.url("chats/room"),
      format: "flv",
    });
    await running(rtmp, "chats/room", encoder);
  });
  after(async () => {
    for (const end of ends.reverse()) await end();
    rmSync(folder, { recursive: true, force: true });
  });

  async function playInto(
    t: TestContext,
    { program, unsettled, record }: RtmpPlayer,
    url: string,
  ): Promise<void> {
    if (!needs(t, program) || !needs(t, "ffmpeg")) return;
    const { file, stderr } = await record({ url, folder, seconds: SECONDS });
    const seen = await watch(file, { seconds: SECONDS }).catch((error: Error) => {
      throw new Error(`${error.message}\n${program}: ${stderr}`);
    });
    assertGood(seen, program, { unsettled });
    assertInSync(seen.video, seen.audio, program);
  }

  for (const player of PLAYERS) test(player.name, (t) => playInto(t, player, rtmp.url("chats/room")));
  for (const player of PLAYERS.filter(({ program }) => program === "cvlc"))
    test(`${player.name} over HTTP`, (t) => playInto(t, player, rtmp.server.url("/chats/room.flv")));
});

const CHILD = fileURLToPath(new URL("./kit/rtmp-ffmpeg8-child.ts", import.meta.url));

/** FFmpeg 8 copies what it plays into a file. */
async function ffmpeg8Record(url: string, file: string): Promise<string> {
  const args = [CHILD, url, file, "mpegts", String(SECONDS + 1)];
  const { status, stderr } = await run(process.execPath, args, 16_000);
  assert.equal(status, 0, `${url}: ${stderr}`);
  assert.doesNotMatch(stderr, /error|corrupt|invalid|missing/i, url);
  return file;
}

describe("FFmpeg 8 publishes and plays enhanced RTMP", () => {
  test("HEVC and AAC", async (t) => {
    if (!needs(t, "ffmpeg")) return;
    try {
      await import("node-av/lib");
    } catch {
      t.skip("package missing: node-av");
      return;
    }
    const rtmp = await startServer(t, "stream cam { publish_enabled; }");
    const { server } = rtmp;
    const file = join(server.folder, "file.mpegts");
    await encodeFile(file, { video: "hevc", audio: "aac" }, 16);
    const args = [CHILD, file, rtmp.url("static/cam"), "flv", "60"];
    const publisher = Background.start(t, process.execPath, args);
    await running(rtmp, "cam", publisher);
    const files = await Promise.all([
      ffmpeg8Record(rtmp.url("static/cam"), join(server.folder, "rtmp.mpegts")),
      ffmpeg8Record(server.url("/cam.flv"), join(server.folder, "flv.mpegts")),
    ]);
    const played = [server.url("/cam/mpegts"), ...files];
    assert.ok(publisher.running, publisher.stderr);
    for (const [i, way] of ["HTTP-TS", "RTMP", "HTTP-FLV"].entries()) {
      const seen = await watch(played[i] as string, { seconds: SECONDS });
      assertGood(seen, way, { codecs: ["hevc", "aac"] });
      assertInSync(seen.video, seen.audio, way);
    }
  });
});

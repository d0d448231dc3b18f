import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { packetsOf, readHttp } from "../e2e/kit/capture.ts";
import { fixture } from "../e2e/kit/paths.ts";
import { needs } from "../e2e/kit/programs.ts";
import { freePort, TestServer, until } from "../e2e/kit/server.ts";
import { Background } from "./kit/background.ts";
import { untilListening } from "./kit/bound.ts";
import { FPS, startEncoder } from "./kit/encoder.ts";
import { assertInSync, unevenSteps, watch } from "./kit/viewer.ts";

const SECONDS = 4;
const CAPTURE = fixture("h264-aac.mpegts");

/** Watches a stream both ways: it is whole, and sound and picture go together. */
async function assertPlays(server: TestServer): Promise<void> {
  const urls = [server.url("/one/mpegts"), server.url("/one/index.m3u8")];
  for (const [i, seen] of (
    await Promise.all(urls.map((url) => watch(url, { seconds: SECONDS })))
  ).entries()) {
    const way = i === 0 ? "HTTP-TS" : "HLS";
    assert.deepEqual(seen.codecs, ["h264", "aac"], way);
    assert.deepEqual(seen.complaints, [], way);
    assert.ok(Math.abs(seen.video.length - SECONDS * FPS) <= 1, `${way}: ${seen.video.length} pictures`);
    assert.deepEqual(unevenSteps(seen.video, 1 / FPS), [], way);
    assertInSync(seen.video, seen.audio, way);
  }
}

/** The first bytes that a viewer of a stream gets are the capture. */
async function assertBringsCapture(server: TestServer, feed?: () => void): Promise<void> {
  const capture = packetsOf(CAPTURE);
  const viewer = await readHttp(server.url("/one/mpegts"));
  feed?.();
  await until("the capture", 8000, () => viewer.bytes().length >= capture.length || undefined);
  assert.ok(viewer.bytes().subarray(0, capture.length).equals(capture), "packet for packet");
  viewer.close();
}

const H264_AAC = { video: "h264", audio: "aac" } as const;

describe("pulled from ffmpeg", { concurrency: 2 }, () => {
  test("tshttp:// from ffmpeg -listen 1", async (t) => {
    if (!needs(t, "ffmpeg")) return;
    const port = await freePort();
    const url = `http://127.0.0.1:${port}/live.ts`;
    startEncoder(t, H264_AAC, { url, options: ["-listen", "1"] });
    await untilListening(port);
    const server = await TestServer.start(t, `stream one { input ts${url}; segment_duration 1; }`);
    await assertPlays(server);
  });

  test("tstcp:// from a listening ffmpeg", async (t) => {
    if (!needs(t, "ffmpeg")) return;
    const port = await freePort();
    startEncoder(t, H264_AAC, { url: `tcp://127.0.0.1:${port}?listen` });
    await untilListening(port);
    const input = `input tstcp://127.0.0.1:${port}`;
    const server = await TestServer.start(t, `stream one { ${input}; segment_duration 1; }`);
    await assertPlays(server);
  });

  test("tstcp:// waits for an ffmpeg that connects", async (t) => {
    if (!needs(t, "ffmpeg")) return;
    const port = await freePort();
    const input = `input tstcp://127.0.0.1:${port}?mode=listener`;
    const server = await TestServer.start(t, `stream one { ${input}; segment_duration 1; }`);
    await untilListening(port);
    startEncoder(t, H264_AAC, { url: `tcp://127.0.0.1:${port}` });
    await assertPlays(server);
  });
});

/** nginx with one folder of files. */
async function startNginx(t: TestContext, extra = ""): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-nginx-"));
  // Run by root, nginx reads files as somebody else.
  chmodSync(folder, 0o755);
  mkdirSync(join(folder, "files"));
  writeFileSync(join(folder, "files", "capture.mpegts"), packetsOf(CAPTURE));
  const port = await freePort();
  const temp = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join(" ");
  const config = `daemon off; pid ${folder}/pid; error_log stderr error; worker_processes 1;
    events { }
    http { access_log off; ${temp} types { video/mp2t mpegts; }
      server { listen 127.0.0.1:${port}; root ${folder}/files; ${extra} } }`;
  writeFileSync(join(folder, "nginx.conf"), config);
  const nginx = Background.start(t, "nginx", [
    "-e",
    "stderr",
    "-p",
    folder,
    "-c",
    join(folder, "nginx.conf"),
  ]);
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  await untilListening(port).catch((error: Error) => {
    throw new Error(`${error.message}: ${nginx.stderr}`);
  });
  return port;
}

test("tshttp:// from a file that nginx serves, at the rate it is served", async (t) => {
  if (!needs(t, "nginx")) return;
  const port = await startNginx(t, "location = /moved { return 302 /capture.mpegts; } limit_rate 200k;");
  const input = `input tshttp://127.0.0.1:${port}/moved`;
  const server = await TestServer.start(t, `ondemand one { ${input}; }`);
  await assertBringsCapture(server);
  // The file is over after two seconds, and is fetched again.
  await until("the file to be fetched again", 8000, async () => {
    const [source] = (await server.stream("one")).inputs;
    return (source?.bytes ?? 0) > 2 * packetsOf(CAPTURE).length || undefined;
  }).catch(() => assert.fail("the file was not fetched again"));
});

test("tshttp:// names what nginx answers instead of a stream", async (t) => {
  if (!needs(t, "nginx")) return;
  const port = await startNginx(t);
  const server = await TestServer.start(t, `stream one { input tshttp://127.0.0.1:${port}/missing.mpegts; }`);
  const error = await until(
    "the reason",
    5000,
    async () => (await server.stream("one")).inputs[0]?.lastError,
  );
  assert.match(error, /404/);
});

test("tstcp:// from a listening nc", async (t) => {
  if (!needs(t, "nc")) return;
  const port = await freePort();
  const input = `input tstcp://127.0.0.1:${port}`;
  const server = await TestServer.start(t, `ondemand one { ${input}; }`);
  Background.start(t, "sh", ["-c", `nc -l 127.0.0.1 ${port} < ${CAPTURE}`]);
  await untilListening(port);
  await assertBringsCapture(server);
});

test("tstcp:// waits for an nc that connects", async (t) => {
  if (!needs(t, "nc")) return;
  const port = await freePort();
  const server = await TestServer.start(t, `stream one { input tstcp://127.0.0.1:${port}?mode=listener; }`);
  await untilListening(port);
  await assertBringsCapture(server, () => {
    Background.start(t, "sh", ["-c", `nc -N 127.0.0.1 ${port} < ${CAPTURE}`]);
  });
});

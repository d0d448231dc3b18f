import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { needs, run } from "../e2e/kit/programs.ts";
import { freePort, TestServer, until } from "../e2e/kit/server.ts";
import { assertStretch, type Coded, encodeUnique, readCoded, secondsOf } from "./kit/coded.ts";
import { FILE_PUBLISHERS, type FilePublisher } from "./kit/rtmp-file-publishers.ts";
import { PLAYERS } from "./kit/rtmp-programs.ts";

const FILE_S = 14;
const SECONDS = 4;
const RTMP2SRC = "GStreamer's rtmp2src";
/** A certificate for this machine that nobody vouches for; the names of its file and of the key's. */
async function selfSigned(folder: string): Promise<readonly [string, string]> {
  const [certificate, key] = [join(folder, "certificate.pem"), join(folder, "key.pem")];
  const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const name = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
  const { status, stderr } = await run(
    "openssl",
    ["req", ...kind, ...name, "-keyout", key, "-out", certificate],
    10_000,
  );
  assert.equal(status, 0, stderr);
  return [certificate, key];
}

async function publishAndPlay(t: TestContext, from: FilePublisher): Promise<void> {
  const { name, program } = from;
  for (const each of ["ffmpeg", "gst-launch-1.0", "openssl", program]) if (!needs(t, each)) return;
  const folder = mkdtempSync(join(tmpdir(), "millrace-rtmps-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [certificate, key] = await selfSigned(folder);
  const port = await freePort();
  const server = await TestServer.start(
    t,
    `rtmps 127.0.0.1:${port};
     certificate ${certificate};
     certificate_key ${key};
     live chats { }`,
  );
  const url = `rtmps://127.0.0.1:${port}/chats/room`;
  const file = join(folder, "sent.flv");
  await encodeUnique(file, { seconds: FILE_S });
  const sent = await readCoded(await from.multiplexed(file));
  const publisher = from.start(t, file, url);
  await until("the stream", 10_000, async () => {
    if (!publisher.running) throw new Error(`${name} ended: ${publisher.stderr}`);
    return (await server.streams()).some((stream) => stream.running) || undefined;
  });
  const player = PLAYERS.find((each) => each.name === RTMP2SRC);
  assert.ok(player !== undefined);
  const check = async (way: string, coded: Promise<Coded>): Promise<void> => {
    const [what, seen] = [`${name} to ${way}`, await coded];
    assertStretch(seen, sent, { what });
    assert.ok(secondsOf(seen.video) > SECONDS - 1, `${what}: ${secondsOf(seen.video)} s`);
  };
  await Promise.all([
    check("FFmpeg", readCoded(url, { seconds: SECONDS })),
    check("HTTP-FLV", readCoded(server.url("/chats/room.flv"), { seconds: SECONDS })),
    check(
      player.name,
      player.record({ url, folder, seconds: SECONDS }).then((recorded) => readCoded(recorded.file)),
    ),
  ]);
}

for (const publisher of FILE_PUBLISHERS)
  test(`${publisher.name} publishes within TLS, FFmpeg and GStreamer play`, (t) =>
    publishAndPlay(t, publisher));

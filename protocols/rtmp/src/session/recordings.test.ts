import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { findDigest, HANDSHAKE_BYTES, isSignedAnswer } from "../wire/handshake-digest.ts";
import { RtmpClientSession } from "./client.ts";
import { recording } from "./corpus.test-support.ts";
import { hmacSha256 } from "./hmac.ts";
import { ClientLog, plainRandom, ServerLog } from "./pipe.test-support.ts";
import { RtmpServerSession } from "./server.ts";
import { parseRtmpUrl } from "./url.ts";

/**
 * What our server makes of what a program sent, in a first piece and pieces of one length. Its answers go nowhere: the
 * program had those of another.
 */
function serve(name: string, piece: number, first = piece): string[] {
  const log = new ServerLog();
  const session = new RtmpServerSession({ send: () => {}, events: log, random: plainRandom }, 0);
  const bytes = recording(name);
  session.receive(bytes.subarray(0, first), 0);
  for (let at = first; at < bytes.length; at += piece) session.receive(bytes.subarray(at, at + piece), at);
  return log.lines.map((line) => (line.startsWith("data") ? line.slice(0, 21) : line));
}

function call(name: string, mode: "play" | "publish", piece: number): string[] {
  const log = new ClientLog();
  const target = parseRtmpUrl("rtmp://host/live/cam");
  const session = new RtmpClientSession(
    { mode, target, send: () => {}, events: log, random: plainRandom },
    0,
  );
  session.start();
  const bytes = recording(name);
  for (let at = 0; at < bytes.length; at += piece) session.receive(bytes.subarray(at, at + piece), at);
  return log.lines.map((line) => (line.startsWith("data") ? line.slice(0, 28) : line));
}

const CLIENTS: readonly { name: string; expected: string[] }[] = [
  {
    name: "ffmpeg-publish-client",
    expected: [
      "connect live rtmp://127.0.0.1:19400/live",
      "publish 1 live/cam ?password=x live",
      'data 0 ["onMetaData",',
      "video 1 0 41",
      "audio 1 0 7",
      "audio 1 0 71",
    ],
  },
  {
    name: "gst-publish-client",
    expected: [
      "connect live rtmp://127.0.0.1:19403/live",
      "publish 1 live/gst ? live",
      'data 0 ["onMetaData",',
      "video 1 0 41",
    ],
  },
  {
    name: "ffmpeg-play-client",
    expected: [
      "connect live rtmp://127.0.0.1:19401/live",
      "play 1 live/cam ? -2000",
      "buffer 1 3000",
      "stop 1",
    ],
  },
  {
    name: "rtmpdump-play-client",
    expected: [
      "connect live rtmp://127.0.0.1:19402/live",
      "buffer 0 300",
      "play 1 live/cam ? -1000",
      "buffer 1 36000000",
      "stop 1",
    ],
  },
  {
    name: "gst-play-client",
    expected: [
      "connect live rtmp://127.0.0.1:19404/live",
      "buffer 0 300",
      "play 1 live/cam ? -2",
      "buffer 1 30000",
    ],
  },
];

const SERVERS: readonly { name: string; mode: "play" | "publish"; expected: string[] }[] = [
  { name: "ffmpeg-publish-server", mode: "publish", expected: ["NetStream.Publish.Start", "ready"] },
  {
    name: "ffmpeg-play-server",
    mode: "play",
    expected: [
      "NetStream.Play.Start",
      "ready",
      'data 0 ["|RtmpSampleAccess",',
      'data 0 ["onMetaData",{"Serve',
      "audio 2902 7",
      "audio 2925 52",
    ],
  },
  {
    name: "rtmpdump-play-server",
    mode: "play",
    expected: [
      "NetStream.Play.Start",
      "ready",
      'data 0 ["|RtmpSampleAccess",',
      'data 0 ["onMetaData",{"Serve',
      "audio 7036 7",
      "audio 7060 53",
    ],
  },
];

suite("recordings", () => {
  for (const { name, expected } of CLIENTS) {
    test(`the server understands ${name}`, () => {
      assert.deepEqual(serve(name, 1e6), expected);
      assert.deepEqual(serve(name, 1), expected);
    });
  }
  test("the server understands ffmpeg wherever its bytes are cut in two", () => {
    const { name, expected } = CLIENTS[0] as { name: string; expected: string[] };
    const cuts = [1, 2, 1536, 1537, 1538, 3072, ...Array.from({ length: 1527 }, (_, i) => 3073 + i)];
    for (const cut of cuts) assert.deepEqual(serve(name, 1e6, cut), expected, `cut at ${cut}`);
  });
  for (const { name, mode, expected } of SERVERS) {
    test(`the client understands ${name}`, () => {
      assert.deepEqual(call(name, mode, 1e6).slice(0, 6), expected);
      assert.deepEqual(call(name, mode, 1).slice(0, 6), expected);
    });
  }
});

suite("digests of others", () => {
  const packet = (name: string, index: 0 | 1): Uint8Array =>
    recording(name).subarray(1 + index * HANDSHAKE_BYTES, 1 + (index + 1) * HANDSHAKE_BYTES);
  const c1 = packet("ffmpeg-play-client", 0);
  const s1 = packet("ffmpeg-play-server", 0);

  test("ffmpeg's and nginx' are found, and answer each other", () => {
    const client = findDigest(c1, "client", hmacSha256);
    const server = findDigest(s1, "server", hmacSha256);
    assert.ok(client !== undefined && server !== undefined);
    assert.ok(isSignedAnswer(packet("ffmpeg-play-server", 1), "server", client.digest, hmacSha256));
    assert.ok(isSignedAnswer(packet("ffmpeg-play-client", 1), "client", server.digest, hmacSha256));
    assert.ok(!isSignedAnswer(packet("ffmpeg-play-client", 1), "server", server.digest, hmacSha256));
  });

  test("there is none where nobody put one", () => {
    assert.equal(findDigest(c1, "server", hmacSha256), undefined);
    assert.equal(findDigest(packet("rtmpdump-play-client", 0), "client", hmacSha256), undefined);
  });
});

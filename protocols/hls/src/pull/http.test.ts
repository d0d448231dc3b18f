import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { gzipSync } from "node:zlib";
import { MillraceError } from "@millrace/model";
import { PACKET_SIZE } from "@millrace/mpegts";
import { countedTs, eventually, freeTcpPort, leavesNothingOpen } from "../../../../tests/contract/index.ts";
import { HlsServer, mediaPlaylist, type Served, sendBytes } from "./testing/hls-server.ts";
import { segmentsOf } from "./testing/media.ts";
import { play, serve, start } from "./testing/running.ts";

suite("HLS input: HTTP", () => {
  test("redirections, cookies, compressed playlists; credentials stay with their server", async () => {
    const other = await serve({ "/0": countedTs(100) });
    const server = await serve({
      "/list.m3u8": (_request, response) => {
        response.writeHead(302, {
          Location: "/real/list.m3u8",
          "Set-Cookie": ["session=abc; Path=/", "gone=1; Max-Age=0"],
        });
        response.end();
      },
      "/real/list.m3u8": (_request, response) => {
        response.writeHead(200, { "Content-Encoding": "gzip" });
        response.end(
          gzipSync(mediaPlaylist({ segments: ["0", `http://127.0.0.1:${other.port}/0`], end: true })),
        );
      },
      "/real/0": countedTs(100),
    });
    const url = server.url("/list.m3u8").replace("hls://", "hls://me:s%20cret@");
    const into = await play(url, { user_agent: "Tester", "header.Referer": "https://example.com" });
    assert.equal(into.length, 200 * PACKET_SIZE);
    const basic = `Basic ${Buffer.from("me:s cret").toString("base64")}`;
    const seen = server.requests.map(({ path, headers }) => [
      path,
      headers.cookie,
      headers.authorization,
      headers["user-agent"],
    ]);
    assert.deepEqual(seen, [
      ["/list.m3u8", undefined, basic, "Tester"],
      ["/real/list.m3u8", "session=abc", basic, "Tester"],
      ["/real/0", "session=abc", basic, "Tester"],
    ]);
    assert.equal(other.requests[0]?.headers.authorization, undefined);
    assert.equal(other.requests[0]?.headers.referer, "https://example.com");
  });

  test("connections are kept", async () => {
    const sockets = new Set<unknown>();
    const [segment] = segmentsOf(1) as [Uint8Array];
    const serving: Served = (request, response) => {
      sockets.add(request.socket);
      sendBytes(request, response, segment);
    };
    const server = await serve({
      "/list.m3u8": mediaPlaylist({ segments: ["0", "1", "2", "3"], end: true }),
      ...Object.fromEntries([0, 1, 2, 3].map((i) => [`/${i}`, serving])),
    });
    await play(server.url("/list.m3u8"));
    assert.equal(sockets.size, 1);
  });

  test("a server that is busy is asked again", async () => {
    let asked = 0;
    const server = await serve({
      "/list.m3u8": mediaPlaylist({ segments: ["0"], end: true }),
      "/0": (_request, response) => {
        asked++;
        if (asked < 3) response.writeHead(503).end();
        else response.end(countedTs(100));
      },
    });
    const into = await play(server.url("/list.m3u8"));
    assert.equal(into.length, 100 * PACKET_SIZE);
    assert.deepEqual(into.counters, { retries: 2 });
  });

  const refused: readonly { what: string; served: Served; code: string; message: RegExp }[] = [
    {
      what: "not found",
      served: (_q, response) => response.writeHead(403).end(),
      code: "hls.answer",
      message: /403/,
    },
    { what: "no playlist", served: "<html>", code: "playlist.not-hls", message: /./ },
    {
      what: "too many redirections",
      served: (_q, response) => response.writeHead(302, { Location: "/list.m3u8" }).end(),
      code: "hls.answer",
      message: /redirections/,
    },
    {
      what: "a redirection elsewhere",
      served: (_q, response) => response.writeHead(302, { Location: "file:///etc/passwd" }).end(),
      code: "hls.answer",
      message: /no HTTP address/,
    },
    { what: "too large", served: new Uint8Array(5 << 20), code: "hls.too-large", message: /4 MiB/ },
    {
      what: "too large once it is decompressed",
      served: (_q, response) =>
        response.writeHead(200, { "Content-Encoding": "gzip" }).end(gzipSync(new Uint8Array(5 << 20))),
      code: "hls.too-large",
      message: /4 MiB/,
    },
    {
      what: "key frames only",
      served: "#EXTM3U\n#EXT-X-I-FRAMES-ONLY\n#EXTINF:1,\n0\n",
      code: "hls.unsupported",
      message: /key frames/,
    },
  ];
  for (const { what, served, code, message } of refused) {
    test(`says what is wrong: ${what}`, async () => {
      const server = await serve({ "/list.m3u8": served });
      await assert.rejects(play(server.url("/list.m3u8")), (error: unknown) => {
        assert.ok(error instanceof MillraceError, String(error));
        assert.equal(error.code, code);
        assert.match(error.message, message);
        return true;
      });
    });
  }

  test("nobody listens", async () => {
    await assert.rejects(play(`hls://127.0.0.1:${await freeTcpPort()}/`), {
      code: "hls.connection",
      message: /nobody/,
    });
  });

  test("an answer that does not come, and one that does not go on", async () => {
    const server = await serve({
      "/silent": () => undefined,
      "/stuck": (_q, response) => void response.write("#EXTM3U\n"),
    });
    for (const path of ["/silent", "/stuck"]) {
      await assert.rejects(play(server.url(path), { response_timeout: 100 }), { code: "hls.timeout" });
    }
  });

  test("leaves nothing open when aborted in the middle of an answer, and between two", async () => {
    await leavesNothingOpen(async () => {
      const server = await HlsServer.open({
        "/live.m3u8": mediaPlaylist({ segments: ["0"] }),
        "/0": countedTs(100),
        "/stuck.m3u8": mediaPlaylist({ segments: ["stuck"], end: true }),
        "/stuck": (_q, response) => void response.write("G"),
      });
      const stuck = start(server.url("/stuck.m3u8"));
      await eventually(() => server.count("/stuck") > 0);
      await stuck.stop();
      const waiting = start(server.url("/live.m3u8"));
      await eventually(() => waiting.describe()["segments"] === 1);
      await waiting.stop();
      await server.close();
    });
  });
});

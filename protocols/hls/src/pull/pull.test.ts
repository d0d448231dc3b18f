import assert from "node:assert/strict";
import { createCipheriv } from "node:crypto";
import { suite, test } from "node:test";
import type { Options } from "@millrace/model";
import { PACKET_SIZE } from "@millrace/mpegts";
import { countedTs, eventually, protocolContract, type Sender } from "../../../../tests/contract/index.ts";
import { hls } from "../index.ts";
import { HlsServer, mediaPlaylist, type Served } from "./testing/hls-server.ts";
import { segmentsOf } from "./testing/media.ts";
import { play, serve, start } from "./testing/running.ts";

/** A live playlist to which segments are added, as a sender of the contract. */
async function live(): Promise<Sender> {
  const names: string[] = [];
  const server = await serve({});
  const publish = (): void => void server.files.set("/live.m3u8", mediaPlaylist({ segments: names }));
  publish();
  return {
    url: server.url("/live.m3u8"),
    async send(bytes) {
      const name = `${names.length}.ts`;
      server.files.set(`/${name}`, bytes.slice());
      names.push(name);
      publish();
    },
    async close() {
      await server.close();
    },
  };
}

protocolContract("HLS, pulled", {
  protocol: hls,
  input: {
    open: async () => ({ ...(await live()), options: { skip_stalled_check: true, paced: false } }),
    bad: [
      ["hls://"],
      ["hls:///list.m3u8"],
      ["hls://host:99999/"],
      ["hls://%zz:x@host/"],
      ["hls://127.0.0.1/", { "header.Bad Name": "x" }],
      ["hls://127.0.0.1/", { "header.X": "a\r\nInjected: b" }],
      ["hls://127.0.0.1/", { connect_timeout: 0 }],
      ["hls://127.0.0.1/", { bandwidth: 5 }],
    ],
    failing: async () => {
      const server = await HlsServer.open();
      setTimeout(() => void server.close(), 50);
      return { url: server.url("/nothing.m3u8"), code: "hls.answer" };
    },
  },
});

suite("HLS input: transport stream", () => {
  test("a VOD playlist is what its segments are, one behind the other, and ends", async () => {
    const segments = segmentsOf(3);
    const server = await serve({
      "/vod/list.m3u8": mediaPlaylist({ segments: ["a.ts", "../b.ts", "/c.ts"], end: true }),
      "/vod/a.ts": segments[0] as Uint8Array,
      "/b.ts": segments[1] as Uint8Array,
      "/c.ts": segments[2] as Uint8Array,
    });
    const into = await play(server.url("/vod/list.m3u8"));
    assert.deepEqual(into.bytes(), Buffer.concat(segments));
    assert.equal(into.breaks, 0);
    assert.deepEqual(into.counters, {});
  });

  test("paced: as long as it lasts, and even", async () => {
    const segments = segmentsOf(2, 1500);
    const server = await serve({
      "/list.m3u8": mediaPlaylist({ segments: ["0", "1"], end: true }),
      "/0": segments[0] as Uint8Array,
      "/1": segments[1] as Uint8Array,
    });
    const running = start(server.url("/list.m3u8"));
    const began = performance.now();
    await eventually(() => running.into.length > 0);
    const soon = running.into.length;
    await running.ended;
    // 3000 packets of 4 Mbit/s last 1.128 s.
    assert.ok(performance.now() - began > 1000);
    assert.ok(soon < 800 * PACKET_SIZE, `${soon} bytes at once`);
    assert.deepEqual(running.into.bytes(), Buffer.concat(segments));
  });

  test("byte ranges, also from servers that do not know them", async () => {
    const [one, two] = segmentsOf(2) as [Uint8Array, Uint8Array];
    const whole = Buffer.concat([one, two]);
    const segments = [`#EXT-X-BYTERANGE:${one.length}@0\nall.ts`, `#EXT-X-BYTERANGE:${two.length}\nall.ts`];
    for (const all of [whole, ((_: unknown, response) => response.end(whole)) as Served]) {
      const server = await serve({ "/list.m3u8": mediaPlaylist({ segments, end: true }), "/all.ts": all });
      assert.deepEqual((await play(server.url("/list.m3u8"))).bytes(), whole);
      assert.equal(server.requests.at(-1)?.headers.range, `bytes=${one.length}-${whole.length - 1}`);
    }
  });

  test("AES-128: by the IV that is given, by the number else; the key is fetched once", async () => {
    const segments = segmentsOf(3);
    const key = Buffer.from("00112233445566778899aabbccddeeff", "hex");
    const given = "0x000102030405060708090a0b0c0d0e0f";
    const encrypt = (bytes: Uint8Array, iv: Buffer): Buffer => {
      const cipher = createCipheriv("aes-128-cbc", key, iv);
      return Buffer.concat([cipher.update(bytes), cipher.final()]);
    };
    const byNumber = Buffer.alloc(16);
    byNumber.writeUInt32BE(8, 12);
    const server = await serve({
      "/list.m3u8": mediaPlaylist({
        sequence: 7,
        segments: [
          `#EXT-X-KEY:METHOD=AES-128,URI="key",IV=${given}\n0`,
          '#EXT-X-KEY:METHOD=AES-128,URI="key"\n1',
          "#EXT-X-KEY:METHOD=NONE\n2",
        ],
        end: true,
      }),
      "/key": key,
      "/0": encrypt(segments[0] as Uint8Array, Buffer.from(given.slice(2), "hex")),
      "/1": encrypt(segments[1] as Uint8Array, byNumber),
      "/2": segments[2] as Uint8Array,
    });
    assert.deepEqual((await play(server.url("/list.m3u8"))).bytes(), Buffer.concat(segments));
    assert.equal(server.count("/key"), 1);
  });

  const undecipherable = [
    { tag: '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="key"', message: /SAMPLE-AES/ },
    { tag: '#EXT-X-KEY:METHOD=AES-128,URI="key",KEYFORMAT="com.example"', message: /com\.example/ },
    { tag: '#EXT-X-KEY:METHOD=AES-128,URI="short"', message: /5 bytes/ },
    { tag: '#EXT-X-KEY:METHOD=AES-128,URI="missing"', message: /404/ },
    { tag: '#EXT-X-KEY:METHOD=AES-128,URI="file:///etc/passwd"', message: /no HTTP address/ },
  ];
  for (const { tag, message } of undecipherable) {
    test(`says why it cannot decrypt: ${tag}`, async () => {
      const server = await serve({
        "/list.m3u8": mediaPlaylist({ segments: [`${tag}\n0`], end: true }),
        "/0": countedTs(100),
        "/short": "short",
      });
      await assert.rejects(play(server.url("/list.m3u8")), { code: "hls.encrypted", message });
    });
  }

  test("gaps are left out, missing segments counted, breaks marked", async () => {
    const segments = segmentsOf(4);
    const server = await serve({
      "/list.m3u8": mediaPlaylist({
        segments: ["0", "#EXT-X-GAP\n1", "gone", "#EXT-X-DISCONTINUITY\n2", "3"],
        end: true,
      }),
      ...Object.fromEntries(segments.map((segment, i) => [`/${i}`, segment])),
    });
    const into = await play(server.url("/list.m3u8"));
    assert.deepEqual(
      into.bytes(),
      Buffer.concat([segments[0], segments[2], segments[3]].map((it) => it as Uint8Array)),
    );
    assert.equal(into.breaks, 1);
    assert.deepEqual(into.counters, { gaps: 1, notFound: 1, retries: 1 });
    assert.equal(server.count("/1"), 0);
  });

  test("a time that jumps back without a word is a break, too", async () => {
    const [first] = segmentsOf(1) as [Uint8Array];
    const server = await serve({
      "/list.m3u8": mediaPlaylist({ segments: ["0", "0"], end: true }),
      "/0": first,
    });
    assert.equal((await play(server.url("/list.m3u8"))).breaks, 1);
  });

  test("loops if told to, with a break at the seam", async () => {
    const [first] = segmentsOf(1, 50) as [Uint8Array];
    const server = await serve({ "/list.m3u8": mediaPlaylist({ segments: ["0"], end: true }), "/0": first });
    const running = start(server.url("/list.m3u8"), { loop: true });
    await eventually(() => running.into.length >= 3 * first.length);
    await running.stop();
    assert.ok(running.into.breaks >= 2);
    assert.deepEqual(running.into.bytes().subarray(0, 2 * first.length), Buffer.concat([first, first]));
  });

  test("segments that cannot be had, one after the other, end it", async () => {
    const segments = Array.from({ length: 9 }, (_, i) => `gone${i}`);
    const server = await serve({ "/list.m3u8": mediaPlaylist({ segments, end: true }) });
    await assert.rejects(play(server.url("/list.m3u8")), {
      code: "hls.segments",
      message: /5 segments.*404/,
    });
  });
});

suite("HLS input: the variant", () => {
  const MASTER = [
    "#EXTM3U",
    '#EXT-X-STREAM-INF:BANDWIDTH=2000000,CODECS="avc1.4d401e,mp4a.40.2",RESOLUTION=640x360,NAME="middle"',
    "2000.m3u8",
    '#EXT-X-STREAM-INF:BANDWIDTH=5000000,CODECS="avc1.4d401e,mp4a.40.2",RESOLUTION=1280x720',
    "5000.m3u8",
    '#EXT-X-STREAM-INF:BANDWIDTH=64000,CODECS="mp4a.40.2"',
    "64.m3u8",
    '#EXT-X-STREAM-INF:BANDWIDTH=800000,CODECS="avc1.4d401e,mp4a.40.2",RESOLUTION=320x180',
    "800.m3u8",
  ].join("\n");
  const cases: readonly [options: Options, chosen: string][] = [
    [{}, "5000"],
    [{ bandwidth: 3_000_000 }, "2000"],
    [{ bandwidth: 10_000 }, "800"],
    [{ variant: "1" }, "2000"],
    [{ variant: "3" }, "64"],
    [{ variant: "180p" }, "800"],
    [{ variant: "middle" }, "2000"],
  ];
  for (const [options, chosen] of cases) {
    test(`${JSON.stringify(options)} is ${chosen}`, async () => {
      const server = await serve({
        "/master.m3u8": MASTER,
        [`/${chosen}.m3u8`]: mediaPlaylist({ segments: ["0"], end: true }),
        "/0": countedTs(100),
      });
      assert.equal((await play(server.url("/master.m3u8"), options)).length, 100 * PACKET_SIZE);
    });
  }

  test("one that is not there is an error that names those that are", async () => {
    const server = await serve({ "/master.m3u8": MASTER });
    await assert.rejects(play(server.url("/master.m3u8"), { variant: "1080p" }), {
      code: "hls.unsupported",
      message: /middle, 720p, 3, 180p/,
    });
  });
});

import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { after, suite, test } from "node:test";
import type { StreamWriter } from "@millrace/engine";
import { type AccessUnit, MillraceError, type Options, type Track } from "@millrace/model";
import { eventually, freeTcpPort, leavesNothingOpen, testContext } from "../../../tests/contract/index.ts";
import { shout } from "./index.ts";
import { mp3Frames, type OnRequest, Station, withMetadata } from "./testing/station.ts";

const stations = new Set<Station>();
after(() => Promise.all([...stations].map((station) => station.close())));

async function open(onRequest: OnRequest): Promise<Station> {
  const station = await Station.open(onRequest);
  stations.add(station);
  return station;
}

class Writer implements StreamWriter {
  readonly units: AccessUnit[] = [];
  readonly counters: Record<string, number> = {};
  tracks: readonly Track[] = [];

  ts(): void {
    throw new Error("audio is no transport stream");
  }

  setTracks(tracks: readonly Track[]): void {
    this.tracks = tracks;
  }

  unit(unit: AccessUnit): void {
    this.units.push({ ...unit, data: unit.data.map((part) => part.slice()) });
  }

  discontinuity(): void {
    throw new Error("nothing breaks here");
  }

  count(name: string, by = 1): void {
    this.counters[name] = (this.counters[name] ?? 0) + by;
  }
}

function start(url: string, options: Options = {}) {
  const into = new Writer();
  const abort = new AbortController();
  const input = { url, scheme: "shout", priority: 1, sourceTimeoutMs: 60_000, options };
  const source = shout.pull?.(input, testContext());
  assert.ok(source !== undefined);
  const ended = source.run(into, abort.signal);
  ended.catch(() => undefined);
  const stop = (): Promise<void> => {
    abort.abort();
    return ended;
  };
  return { into, ended, stop, describe: () => source.describe?.() ?? {} };
}

async function play(url: string, options: Options = {}) {
  const running = start(url, { paced: false, ...options });
  await running.ended;
  return running;
}

/** The audio of all units. */
function audioOf({ units }: Writer): Buffer {
  return Buffer.concat(units.flatMap(({ data }) => data));
}

const AUDIO = mp3Frames(40);

function answering(head: string, body: Uint8Array | string = AUDIO): OnRequest {
  return (_, socket) => {
    socket.write(`${head.replaceAll("\n", "\r\n")}\r\n\r\n`);
    socket.end(body);
  };
}

suite("shout: what is received", () => {
  const heads = [
    "HTTP/1.0 200 OK\nContent-Type: audio/mpeg",
    "ICY 200 OK\nicy-name: x\ncontent-type:audio/mpeg",
    "HTTP/1.1 200\nContent-Type: application/octet-stream",
    "HTTP/1.1 200 OK\nContent-Length: 99999999999",
  ];
  for (const [i, head] of heads.entries()) {
    test(`frames with times: ${JSON.stringify(head)}`, async () => {
      const station = await open(answering(head));
      const running = start(station.url(), { paced: false });
      // The last promises more than there is.
      if (i < 3) await running.ended;
      else await assert.rejects(running.ended, { code: "shout.connection" });
      const { into } = running;
      assert.deepEqual(audioOf(into), Buffer.from(AUDIO));
      assert.deepEqual(
        into.units.map(({ dts }) => dts),
        Array.from({ length: 40 }, (_, n) => Math.round((n * 1152 * 90_000) / 44_100)),
      );
      assert.ok(into.units.every(({ key, track }) => key && track === into.tracks[0]?.id));
      assert.equal(into.tracks[0]?.codec, "mpa");
      assert.equal(into.tracks[0]?.audio?.sampleRate, 44_100);
      assert.deepEqual(into.counters, {});
    });
  }

  test("metadata is taken out of the audio, counted and shown", async () => {
    const texts = [
      "StreamTitle='One';",
      "",
      "StreamTitle='It's two';StreamUrl='';",
      "StreamTitle='It's two';",
    ];
    const body = withMetadata(AUDIO, 1000, texts);
    const head = "ICY 200 OK\nContent-Type: audio/mpeg\nicy-metaint: 1000\nicy-name: Radio\nicy-br: 128";
    const station = await open(answering(head, body));
    const { into, describe } = await play(station.url());
    assert.deepEqual(audioOf(into), Buffer.from(AUDIO));
    assert.deepEqual(into.counters, { metadata: 3, titles: 2 });
    assert.deepEqual(describe(), {
      station: "Radio",
      bitrateKbit: "128",
      title: "It's two",
      bufferedMs: 0,
      underruns: 0,
    });
    assert.match(station.requests[0] ?? "", /^GET \/live HTTP\/1\.0\r\n/);
    assert.match(station.requests[0] ?? "", /\r\nIcy-MetaData: 1\r\n/);
  });

  test("chunks, from servers that send them unasked", async () => {
    const parts = [AUDIO.subarray(0, 1000), AUDIO.subarray(1000)];
    const body = Buffer.concat([
      ...parts.flatMap((part) => [Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from("\r\n")]),
      Buffer.from("0\r\n\r\n"),
    ]);
    const station = await open(
      answering("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\nContent-Type: audio/mpeg", body),
    );
    assert.deepEqual(audioOf((await play(station.url())).into), Buffer.from(AUDIO));
  });

  test("paced: a burst is handed on in real time", async () => {
    const station = await open(answering("HTTP/1.0 200 OK\nContent-Type: audio/mpeg"));
    const began = performance.now();
    const { into, ended } = start(station.url());
    await ended;
    assert.equal(into.units.length, 40);
    // 40 frames last 1.045 s, the last of them begins at 1.019 s.
    assert.ok(performance.now() - began > 1000);
  });

  test("follows redirections and lists of stations; credentials stay with their server", async () => {
    const audio = await open(answering("ICY 200 OK\nContent-Type: audio/mpeg"));
    const list = `[playlist]\r\nNumberOfEntries=1\r\nFile1=http://127.0.0.1:${audio.port}/live\r\n`;
    const station = await open((head, socket) => {
      if (head.startsWith("GET /a ")) answering("HTTP/1.0 302 Found\nLocation: /listen.pls")(head, socket);
      else answering("HTTP/1.0 200 OK\nContent-Type: audio/x-scpls", list)(head, socket);
    });
    const { into } = await play(station.url("/a").replace("shout://", "shout://me:secret@"));
    assert.equal(into.units.length, 40);
    const basic = `Authorization: Basic ${Buffer.from("me:secret").toString("base64")}`;
    assert.deepEqual(
      [...station.requests, ...audio.requests].map((request) => request.includes(basic)),
      [true, true, false],
    );
  });
});

suite("shout: what goes wrong", () => {
  const bad: readonly [url: string, options?: Options][] = [
    ["shout://"],
    ["shout:///live"],
    ["shout://host:99999/"],
    ["shout://h/", { "header.Bad Name": "x" }],
    ["shout://h/", { "header.X": "a\r\nInjected: b" }],
    ["shout://h/", { connect_timeout: 0 }],
  ];
  for (const [url, options = {}] of bad) {
    test(`refuses ${url} ${JSON.stringify(options)}`, () => {
      const input = { url, scheme: "shout", priority: 1, sourceTimeoutMs: 60_000, options };
      assert.throws(() => shout.pull?.(input, testContext()), { code: "bad-url" });
    });
  }

  const answers: readonly [what: string, head: string, message: RegExp, body?: string][] = [
    ["a refusal", "HTTP/1.0 404 Not Found", /404 Not Found/],
    ["a page", "HTTP/1.0 200 OK\nContent-Type: text/html", /web page/],
    ["a transport stream", "HTTP/1.0 200 OK\nContent-Type: video/mp2t", /tshttp/],
    ["Ogg", "HTTP/1.0 200 OK\nContent-Type: application/ogg", /Ogg/],
    [
      "an HLS playlist",
      "HTTP/1.0 200 OK\nContent-Type: audio/mpegurl",
      /hls:\/\//,
      "#EXTM3U\n#EXT-X-VERSION:3\n",
    ],
    ["an empty list", "HTTP/1.0 200 OK\nContent-Type: audio/x-scpls", /names none/, "[playlist]"],
    ["another protocol", "SSH-2.0-OpenSSH", /neither HTTP nor ICY/],
    ["a redirection elsewhere", "HTTP/1.0 302 Found\nLocation: file:///etc/passwd", /not HTTP/],
    ["a loop", "HTTP/1.0 302 Found\nLocation: /live", /redirections/],
    ["nonsense about metadata", "ICY 200 OK\nicy-metaint: -4", /icy-metaint/],
    ["no audio", "HTTP/1.0 200 OK\nContent-Type: audio/mpeg", /no audio/, "x".repeat(2 << 20)],
  ];
  for (const [what, head, message, body] of answers) {
    test(`says what is wrong: ${what}`, async () => {
      const station = await open(answering(head, body));
      await assert.rejects(play(station.url()), (error: unknown) => {
        assert.ok(error instanceof MillraceError, String(error));
        assert.equal(error.code, "shout.answer");
        assert.match(error.message, message);
        return true;
      });
    });
  }

  test("nobody listens, no answer", async () => {
    await assert.rejects(play(`shout://127.0.0.1:${await freeTcpPort()}/`), {
      code: "shout.connection",
      message: /nobody listens/,
    });
    const silent = await open(() => undefined);
    await assert.rejects(play(silent.url(), { response_timeout: 100 }), { code: "shout.timeout" });
  });

  test("leaves nothing open when aborted: before, at once, in the middle", async () => {
    await leavesNothingOpen(async () => {
      let socket: Socket | undefined;
      const station = await Station.open((_, connection) => {
        socket = connection;
        connection.write("ICY 200 OK\r\nContent-Type: audio/mpeg\r\n\r\n");
        connection.write(AUDIO);
      });
      const input = {
        url: station.url(),
        scheme: "shout",
        priority: 1,
        sourceTimeoutMs: 60_000,
        options: {},
      };
      await shout.pull?.(input, testContext()).run(new Writer(), AbortSignal.abort());
      const soon = start(station.url());
      await soon.stop();
      const middle = start(station.url());
      await eventually(() => middle.into.units.length > 2);
      await middle.stop();
      await eventually(() => socket?.destroyed === true);
      await station.close();
    });
  });
});

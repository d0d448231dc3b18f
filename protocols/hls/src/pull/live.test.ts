import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { suite, test } from "node:test";
import type { Options } from "@millrace/model";
import { PACKET_SIZE } from "@millrace/mpegts";
import { countedTs, eventually } from "../../../../tests/contract/index.ts";
import { type HlsServer, mediaPlaylist, sendBytes } from "./testing/hls-server.ts";
import { type Running, serve, start as startUrl } from "./testing/running.ts";

function start(server: HlsServer, options: Options = {}): Running {
  return startUrl(server.url("/list.m3u8"), { paced: false, ...options });
}

/** A piece of a transport stream, by its number. */
function numbered(number: number, packets = 100): Uint8Array {
  return countedTs(packets, { from: number * packets });
}

function numbers(from: number, to: number): Uint8Array {
  return Buffer.concat(Array.from({ length: to - from }, (_, i) => numbered(from + i)));
}

/** Puts these segments, a tenth of a second each, on the server, and a playlist of them. */
function publish(server: HlsServer, from: number, to: number, head: readonly string[] = []): void {
  const segments = Array.from({ length: to - from }, (_, i) => `${from + i}`);
  for (const segment of segments) server.files.set(`/${segment}`, numbered(Number(segment)));
  server.files.set("/list.m3u8", mediaPlaylist({ segments, sequence: from, duration: 0.1, head }));
}

suite("live HLS input", () => {
  test("what was there before is played once the playlist has changed", async () => {
    const server = await serve();
    publish(server, 0, 30);
    const { into, stop, describe } = start(server);
    await eventually(() => describe()["segments"] === 20);
    await eventually(() => server.count("/list.m3u8") > 3);
    assert.equal(into.length, 0, "nobody knows whether its packager is alive");
    publish(server, 2, 32);
    await eventually(() => into.length === 22 * 100 * PACKET_SIZE);
    assert.deepEqual(into.bytes(), numbers(10, 32));
    await stop();
  });

  test("skip_stalled_check: at once", async () => {
    const server = await serve();
    publish(server, 0, 40);
    const { into, stop } = start(server, { skip_stalled_check: true });
    await eventually(() => into.length === 30 * 100 * PACKET_SIZE);
    assert.equal(server.count("/list.m3u8"), 1);
    await stop();
  });

  test("a playlist that does not change for three target durations ends the input", async () => {
    const server = await serve();
    publish(server, 0, 3);
    const { ended, into } = start(server);
    await assert.rejects(ended, { code: "hls.stalled" });
    assert.equal(into.length, 0);
  });

  test("a server that begins anew: another timeline, from its live edge", async () => {
    const server = await serve();
    publish(server, 1000, 1040);
    const { into, stop } = start(server, { skip_stalled_check: true });
    await eventually(() => into.length === 30 * 100 * PACKET_SIZE);
    publish(server, 0, 3);
    await eventually(() => into.length === 33 * 100 * PACKET_SIZE);
    assert.equal(into.breaks, 1);
    assert.equal(into.counters["restarts"], 1);
    await stop();
  });

  test("playlists that cannot be had for a while are got over", async () => {
    const server = await serve();
    publish(server, 0, 30);
    const { into, stop } = start(server, { skip_stalled_check: true });
    await eventually(() => into.length === 30 * 100 * PACKET_SIZE);
    let refused = 0;
    server.files.set("/list.m3u8", (_request, response) => {
      refused++;
      response.writeHead(500).end();
    });
    await eventually(() => refused >= 2);
    publish(server, 1, 31);
    await eventually(() => into.length === 31 * 100 * PACKET_SIZE);
    assert.ok((into.counters["retries"] ?? 0) >= 2);
    await stop();
  });
});

/** A server of parts, four to a segment, that answers requests for what is not there yet when it is. */
class PartServer {
  readonly #server: HlsServer;
  readonly #waiting: (() => void)[] = [];
  readonly deltas: string[] = [];
  parts: number;

  constructor(server: HlsServer, parts: number) {
    this.#server = server;
    this.parts = parts;
    server.files.set("/list.m3u8", (request, response) => this.#playlist(request, response));
    for (let i = 0; i < parts; i++) this.#put(i);
    this.#hint();
  }

  add(): void {
    this.#put(this.parts++);
    this.#hint();
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #put(part: number): void {
    this.#server.files.set(`/p${part}`, numbered(part));
    if (part % 4 === 3) this.#server.files.set(`/s${(part - 3) / 4}`, numbers(part - 3, part + 1));
  }

  /** The next part can be asked for before it is there. */
  #hint(): void {
    const next = this.parts;
    this.#server.files.set(`/p${next}`, (request, response) => {
      this.#waiting.push(() => sendBytes(request, response, numbered(next)));
    });
  }

  #playlist(request: IncomingMessage, response: ServerResponse): void {
    const query = new URLSearchParams((request.url ?? "").split("?")[1] ?? "");
    const wanted = Number(query.get("_HLS_msn") ?? 0) * 4 + Number(query.get("_HLS_part") ?? -1);
    const skip = query.get("_HLS_skip") === "YES";
    const answer = (): void => {
      if (this.parts <= wanted) this.#waiting.push(answer);
      else response.end(this.#text(skip));
    };
    answer();
  }

  #text(skip: boolean): string {
    const full = Math.floor(this.parts / 4);
    const first = Math.max(0, full - 20);
    // What is more than six target durations from the end.
    const skipped = skip ? Math.max(0, full - first - 7) : 0;
    const lines = [
      "#EXTM3U",
      "#EXT-X-VERSION:9",
      "#EXT-X-TARGETDURATION:1",
      "#EXT-X-PART-INF:PART-TARGET=0.25",
      "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=6,PART-HOLD-BACK=0.75",
      `#EXT-X-MEDIA-SEQUENCE:${first}`,
      ...(skipped > 0 ? [`#EXT-X-SKIP:SKIPPED-SEGMENTS=${skipped}`] : []),
    ];
    if (skipped > 0) this.deltas.push(`${skipped}`);
    for (let segment = first + skipped; segment <= full; segment++) {
      for (let part = segment * 4; part < Math.min(segment * 4 + 4, this.parts); part++)
        if (segment >= full - 2) lines.push(`#EXT-X-PART:DURATION=0.25,URI="p${part}",INDEPENDENT=YES`);
      if (segment < full) lines.push("#EXTINF:1,", `s${segment}`);
    }
    lines.push(`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="p${this.parts}"`, "");
    return lines.join("\n");
  }
}

suite("low-latency HLS input", () => {
  test("parts, asked for before they are there, each once; playlists as deltas", async () => {
    const server = await serve();
    const parts = new PartServer(server, 82);
    const { into, stop, describe } = start(server);
    await eventually(() =>
      server.requests.some(({ path, query }) => path === "/list.m3u8" && query.includes("_HLS_part")),
    );
    for (let i = 0; i < 12; i++) {
      const before = into.length;
      parts.add();
      await eventually(() => into.length > before);
    }
    assert.deepEqual(into.bytes(), numbers(79, 94));
    for (let part = 79; part < 94; part++) assert.equal(server.count(`/p${part}`), 1, `part ${part}`);
    const queries = server.requests.filter(({ path }) => path === "/list.m3u8").map(({ query }) => query);
    assert.deepEqual(queries.slice(0, 4), [
      "",
      "_HLS_msn=20&_HLS_part=2&_HLS_skip=YES",
      "_HLS_msn=20&_HLS_part=3&_HLS_skip=YES",
      "_HLS_msn=21&_HLS_part=0&_HLS_skip=YES",
    ]);
    assert.ok(parts.deltas.length >= 10, `${parts.deltas.length} delta updates`);
    assert.equal(describe()["kind"], "low-latency");
    await stop();
  });

  test("low_latency=off takes whole segments", async () => {
    const server = await serve();
    const parts = new PartServer(server, 40);
    const { into, stop } = start(server, { low_latency: false, skip_stalled_check: true });
    await eventually(() => into.length === 12 * 100 * PACKET_SIZE);
    for (let i = 0; i < 4; i++) parts.add();
    await eventually(() => into.length === 16 * 100 * PACKET_SIZE);
    assert.deepEqual(into.bytes(), numbers(28, 44));
    assert.ok(!server.requests.some(({ path }) => path.startsWith("/p")));
    await stop();
  });
});

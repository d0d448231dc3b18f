import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Bystander, badSyncs } from "./kit/bystander.ts";
import { PACKET, readHttp } from "./kit/capture.ts";
import { LivePublisher, openSocket, rawRequest, whyNotPiece } from "./kit/live.ts";
import { until } from "./kit/server.ts";

// Clients of the HTTP port that do what they should not: an answer or an end, no crash, no effect on others.
describe("bad clients", { concurrency: true }, () => {
  const bystander = new Bystander(() => {
    const streams = ["rubbish", "sleepy", "pipelined"].map((name) => `stream ${name} { publish_enabled; }\n`);
    return `${streams.join("")}live prefix { }\n`;
  });

  test("paths that climb, and paths that make no sense", async () => {
    const targets = [
      "/../etc/passwd",
      "/-/../../package.json",
      "/-/..%2f..%2fpackage.json",
      "/%2e%2e/%2e%2e/etc/passwd",
      "/innocent/..%5c..%5cindex.m3u8",
      "/innocent/%00/mpegts",
      "/%ff%fe/mpegts",
      "/%",
      "//etc/passwd",
      "/innocent/0-0.ts",
      "/innocent/99999999999999999999-1.ts",
      "*",
      `/${"a/".repeat(4000)}mpegts`,
      "/__proto__/mpegts",
      "/constructor/index.m3u8",
    ];
    for (const target of targets) {
      const { text } = await rawRequest(
        bystander.server.port,
        `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
      );
      assert.match(text, /^HTTP\/1\.1 4\d\d /, `${target.slice(0, 60)}: ${text.slice(0, 60)}`);
      assert.doesNotMatch(text, /root:|"name":/);
    }
    const answer = await rawRequest(
      bystander.server.port,
      "PUT /../x/mpegts HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 4\r\n\r\nabcd",
    );
    assert.match(answer.text, /^HTTP\/1\.1 400 /);
  });

  test("asking for streams that only a publisher could make makes none", async () => {
    for (let i = 0; i < 50; i++) {
      const path = i % 2 === 0 ? "mpegts" : "index.m3u8";
      assert.equal((await fetch(bystander.url(`/prefix/name${i}/${path}`))).status, 404);
    }
    const names = (await bystander.server.streams()).map((stream) => stream.name);
    assert.deepEqual(
      names.filter((name) => name.startsWith("prefix")),
      [],
    );
  });

  test("a request header of 10 MB is refused without reading it all", async () => {
    const socket = await openSocket(bystander.server.port);
    let answer = "";
    let closed = false;
    socket.on("data", (part) => {
      answer += part.toString("latin1");
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      closed = true;
    });
    socket.write("GET / HTTP/1.1\r\nHost: x\r\nX-Big: ");
    let written = 0;
    for (; written < 10_000_000 && !closed; written += 8192) {
      socket.write("a".repeat(8192));
      await sleep(1);
    }
    assert.match(answer, /^HTTP\/1\.1 431 /);
    assert.ok(written < 1_000_000, `${written} bytes were taken`);
    socket.destroy();
  });

  test("rubbish and smuggling on the HTTP port is answered 400 or cut", async () => {
    const requests: string[] = [
      "\r\n\r\n\r\n",
      "\u0000\u0001\u0002\u0003\u00ff".repeat(100),
      "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003",
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      "GET /\r\n\r\n",
      "GET / HTTP/9.9\r\n\r\n",
      "GET / HTTP/1.1\nHost: x\n\n\u0000",
      "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 30\r\n\r\nabc",
      "PUT /rubbish/mpegts HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
      "PUT /rubbish/mpegts HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
      "PUT /rubbish/mpegts HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
      "PUT /rubbish/mpegts HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n",
      "PUT /rubbish/mpegts HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\nabc\r\n",
      "GET / HTTP/1.1\r\nHost: x\r\nX: a\u0000b\r\n\r\n",
      "GET / HTTP/1.1\r\n folded: x\r\n\r\n",
      "TRACE / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
      "CONNECT example.com:80 HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: x\r\nExpect: 200-maybe\r\nConnection: close\r\n\r\n",
    ];
    for (const request of requests) {
      const { text } = await rawRequest(bystander.server.port, Buffer.from(request, "latin1"), 800);
      const status = /^HTTP\/1\.1 (\d+) /.exec(text)?.[1];
      const harmless = [
        "GET /\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade",
        "GET / HTTP/1.1\nHost",
      ];
      const wanted = harmless.some((start) => request.startsWith(start)) ? /^(200|400)?$/ : /^(4\d\d)?$/;
      assert.match(status ?? "", wanted, `${JSON.stringify(request.slice(0, 80))}: ${text.slice(0, 100)}`);
      assert.equal(text.split("HTTP/1.1 200").length <= 2, true);
    }
  });

  test("requests pipelined behind an endless answer do not get into it", async () => {
    const publisher = new LivePublisher(bystander.url("/pipelined/mpegts"), { bitrate: 1_000_000 });
    await bystander.running("pipelined");
    const socket = await openSocket(bystander.server.port);
    const parts: Buffer[] = [];
    socket.on("data", (part: Buffer) => parts.push(part));
    socket.on("error", () => {});
    const play = "GET /pipelined/mpegts HTTP/1.1\r\nHost: x\r\n\r\n";
    socket.write(play.repeat(2));
    await until("media", 3000, () => Buffer.concat(parts).length > 60_000 || undefined);
    const got = Buffer.concat(parts);
    const body = got.subarray(got.indexOf("\r\n\r\n") + 4);
    assert.equal(whyNotPiece(body, publisher.sent), undefined);
    const sessions = (await bystander.server.sessions()).filter(
      (each) => each.stream === "pipelined" && each.kind === "play",
    );
    assert.equal(sessions.length, 1);
    // A flood of them ends the connection.
    let closed = false;
    socket.on("close", () => {
      closed = true;
    });
    for (let i = 0; i < 200; i++) socket.write(play);
    await until("the connection to be cut", 3000, () => closed || undefined);
    await until("the viewer to be off the books", 3000, async () => {
      return (
        (await bystander.server.sessions()).every(
          (each) => each.stream !== "pipelined" || each.kind !== "play",
        ) || undefined
      );
    });
    assert.equal(await publisher.end(), 200);
  });

  test("1000 connections that send nothing, and some that dribble: others are served, they are cut in time", async (t) => {
    const sockets: Socket[] = [];
    for (let i = 0; i < 1000; i += 100) {
      sockets.push(
        ...(await Promise.all(Array.from({ length: 100 }, () => openSocket(bystander.server.port)))),
      );
    }
    let closed = 0;
    for (const socket of sockets) {
      socket.on("error", () => {});
      socket.on("close", () => closed++);
      socket.resume();
    }
    const dribble = setInterval(() => {
      for (const socket of sockets.slice(0, 20)) if (socket.writable) socket.write("X");
    }, 500);
    const started = performance.now();
    for (let i = 0; i < 20; i++) assert.equal((await fetch(bystander.url("/"))).status, 200);
    t.diagnostic(`20 requests beside them took ${Math.round(performance.now() - started)} ms`);
    await until("all of them to be cut", 30_000, () => closed === sockets.length || undefined);
    clearInterval(dribble);
  });

  test("a viewer that never reads falls behind, is counted, and costs a bounded amount of memory", async () => {
    const sleeper = await openSocket(bystander.server.port);
    sleeper.on("error", () => {});
    sleeper.pause();
    sleeper.write("GET /sleepy/mpegts HTTP/1.1\r\nHost: x\r\n\r\n");
    const publisher = new LivePublisher(bystander.url("/sleepy/mpegts"), { bitrate: 40_000_000 });
    await bystander.running("sleepy");
    const good = await readHttp(bystander.url("/sleepy/mpegts"));
    await until("the sleeper to fall behind", 15_000, async () => {
      const play = (await bystander.server.sessions()).filter(
        (each) => each.stream === "sleepy" && each.kind === "play",
      );
      return play.length === 2 && play.some((each) => each.lagBytes > 4_000_000) ? true : undefined;
    });
    // The lane keeps four seconds: after more than that it must have been left behind for good.
    await sleep(5000);
    const { memoryBytes } = await bystander.server.stream("sleepy");
    assert.ok(memoryBytes < 40_000_000, `${memoryBytes} bytes in the lanes`);
    publisher.stall();
    const last = publisher.sent.subarray(-PACKET);
    await until(
      "the good viewer to get everything",
      5000,
      () => good.bytes().subarray(-PACKET).equals(last) || undefined,
    );
    assert.equal(whyNotPiece(good.bytes(), publisher.sent), undefined);
    const lag =
      (await bystander.server.sessions()).find((each) => each.stream === "sleepy" && each.lagBytes > 0)
        ?.lagBytes ?? 0;
    assert.ok(
      lag < publisher.sent.length,
      `${lag} bytes behind, of ${publisher.sent.length} that there ever were`,
    );
    // It wakes up: what it gets is whole packets, with its skip counted.
    const parts: Buffer[] = [];
    sleeper.on("data", (part: Buffer) => parts.push(part));
    sleeper.resume();
    await until("the sleeper to be at the edge", 8000, async () => {
      publisher.sendFrame();
      const play = (await bystander.server.sessions()).filter(
        (each) => each.stream === "sleepy" && each.kind === "play",
      );
      return play.some((each) => each.skips > 0) && play.every((each) => each.lagBytes < 1_000_000)
        ? true
        : undefined;
    });
    const got = Buffer.concat(parts);
    assert.deepEqual(badSyncs(got.subarray(got.indexOf("\r\n\r\n") + 4)), []);
    sleeper.destroy();
    good.close();
    publisher.kill();
  });
});

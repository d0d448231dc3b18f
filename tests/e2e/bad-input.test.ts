import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Bystander, badSyncs } from "./kit/bystander.ts";
import { PACKET, packetsOf, publishHttp, readHttp, sendUdp } from "./kit/capture.ts";
import { TsGenerator } from "./kit/generator.ts";
import { pseudoRandom } from "./kit/live.ts";
import { fixture } from "./kit/paths.ts";
import { freeUdpPort, until } from "./kit/server.ts";

// Media that is broken in every way: clear counts, no crash, no effect on others.
describe("bad media", { concurrency: true }, () => {
  let udpPort = 0;
  let stallPort = 0;
  const bystander = new Bystander(async () => {
    udpPort = await freeUdpPort();
    stallPort = await freeUdpPort();
    const names = ["rubbish", "odd", "torn", "noisy", "crc", "dying", "churn"];
    return `${names.map((name) => `stream ${name} { publish_enabled; }`).join("\n")}
stream udp { input udp://127.0.0.1:${udpPort}; }
stream stalling { input udp://127.0.0.1:${stallPort} source_timeout=1; }
`;
  });

  test("rubbish over HTTP is counted, and media behind it goes on air", async () => {
    const random = pseudoRandom(1);
    const rubbish = Buffer.from(Array.from({ length: 200_000 }, () => Math.floor(random() * 256)));
    const publisher = publishHttp(bystander.url("/rubbish/mpegts"));
    publisher.write(rubbish);
    await until(
      "the rubbish to be counted",
      5000,
      async () => (await bystander.input("rubbish")).bytes >= 200_000 || undefined,
    );
    assert.equal((await bystander.server.stream("rubbish")).running, false);
    const generator = new TsGenerator({ bitrate: 1_000_000 });
    for (let i = 0; i < 30; i++) publisher.write(generator.nextFrame());
    await bystander.running("rubbish");
    assert.ok((await bystander.counter("rubbish", "rubbishBytes")) > 190_000);
    publisher.end();
    assert.equal(await publisher.status, 200);
  });

  test("a body cut anywhere comes out whole", async () => {
    const reader = await readHttp(bystander.url("/odd/mpegts"));
    const publisher = publishHttp(bystander.url("/odd/mpegts"));
    const capture = packetsOf(fixture("h264-aac.mpegts"));
    const sizes = [1, 187, 188, 189, 3, 1316, 47, 4096, 2, 191];
    for (let at = 0, i = 0; at < capture.length; i++) {
      const size = sizes[i % sizes.length] as number;
      publisher.write(capture.subarray(at, at + size));
      at += size;
      if (i % 40 === 0) await sleep(2);
    }
    publisher.end();
    assert.equal(await publisher.status, 200);
    await until("all of it", 3000, () => reader.bytes().length >= capture.length || undefined);
    assert.ok(reader.bytes().equals(capture));
    assert.equal(await bystander.counter("odd", "rubbishBytes"), 0);
    reader.close();
  });

  test("bytes lost in the middle of packets cost those packets only", async () => {
    const reader = await readHttp(bystander.url("/torn/mpegts"));
    const capture = packetsOf(fixture("h264-aac.mpegts"));
    const holes = [400, 900, 1400].filter((packet) => (packet + 30) * PACKET < capture.length);
    const publisher = publishHttp(bystander.url("/torn/mpegts"));
    let at = 0;
    for (const packet of holes) {
      publisher.write(capture.subarray(at, packet * PACKET + 60));
      at = packet * PACKET + 130;
      await sleep(20);
    }
    publisher.write(capture.subarray(at));
    publisher.end();
    assert.equal(await publisher.status, 200);
    const total = capture.length / PACKET;
    await until(
      "the rest",
      3000,
      () => reader.bytes().length / PACKET > total - 4 * holes.length - 1 || undefined,
    );
    const got = reader.bytes();
    assert.equal(got.length % PACKET, 0);
    assert.deepEqual(badSyncs(got), []);
    assert.ok(got.subarray(-20 * PACKET).equals(capture.subarray(-20 * PACKET)));
    assert.ok((await bystander.counter("torn", "rubbishBytes")) > 0);
    reader.close();
  });

  test("a capture with 1 % of its bytes corrupted stays on air, and the counters tell", async () => {
    const random = pseudoRandom(7);
    const capture = packetsOf(fixture("h264-aac.mpegts"));
    const noisy = Buffer.from(capture);
    for (let i = 0; i < noisy.length; i++) if (random() < 0.01) noisy[i] = Math.floor(random() * 256);
    const publisher = publishHttp(bystander.url("/noisy/mpegts"));
    const reader = await readHttp(bystander.url("/noisy/mpegts"));
    for (let round = 0; round < 3; round++) {
      for (let at = 0; at < noisy.length; at += 20_000) {
        publisher.write(noisy.subarray(at, at + 20_000));
        await sleep(2);
      }
    }
    await bystander.running("noisy");
    const { counters } = await bystander.input("noisy");
    for (const name of ["packets", "ccErrors", "transportErrors", "rubbishBytes"]) {
      assert.ok((counters[name] ?? 0) > 0, `${name} in ${JSON.stringify(counters)}`);
    }
    await until("media", 3000, () => reader.bytes().length > capture.length || undefined);
    assert.deepEqual(badSyncs(reader.bytes()), []);
    publisher.end();
    assert.equal(await publisher.status, 200);
    reader.close();
  });

  test("a table with a wrong CRC is counted and changes nothing", async () => {
    const publisher = publishHttp(bystander.url("/crc/mpegts"));
    const generator = new TsGenerator({ bitrate: 1_000_000, gop: 5 });
    for (let i = 0; i < 10; i++) publisher.write(generator.nextFrame());
    await bystander.running("crc");
    const tracks = (await bystander.server.stream("crc")).tracks;
    assert.equal(tracks.length, 1);
    for (let i = 0; i < 20; i++) {
      const frame = generator.nextFrame();
      // The generator begins key frames with PAT and PMT: another stream type, and the CRC no longer fits.
      if (i % 5 === 0) frame[PACKET + 5 + 12] = 0x24;
      publisher.write(frame);
    }
    await until(
      "the errors to be counted",
      3000,
      async () => (await bystander.counter("crc", "crcErrors")) >= 4 || undefined,
    );
    assert.deepEqual((await bystander.server.stream("crc")).tracks, tracks);
    publisher.end();
    assert.equal(await publisher.status, 200);
  });

  test("a publisher that dies in mid-packet leaves whole packets, and the next one goes on", async () => {
    const reader = await readHttp(bystander.url("/dying/mpegts"));
    for (let round = 0; round < 3; round++) {
      const publisher = publishHttp(bystander.url("/dying/mpegts"));
      const generator = new TsGenerator({ bitrate: 1_000_000, mark: round });
      const before = reader.bytes().length;
      for (let i = 0; i < 5; i++) publisher.write(generator.nextFrame());
      publisher.write(generator.nextFrame().subarray(0, 2 * PACKET + 77));
      await until(
        `media of round ${round}`,
        3000,
        () => reader.bytes().length > before + 4 * 5000 || undefined,
      );
      publisher.kill();
      await until("the place to be free", 3000, async () =>
        (await bystander.server.stream("dying")).running ? undefined : true,
      );
    }
    assert.equal(reader.bytes().length % PACKET, 0);
    assert.deepEqual(badSyncs(reader.bytes()), []);
    assert.equal(reader.ended, false);
    reader.close();
  });

  test("publishers that die at once do not keep the place", async () => {
    for (let i = 0; i < 60; i++) {
      const publisher = publishHttp(bystander.url("/churn/mpegts"));
      await sleep(i % 6);
      publisher.kill();
    }
    const status = await until("the place to be free", 5000, async () => {
      const publisher = publishHttp(bystander.url("/churn/mpegts"));
      publisher.write(new TsGenerator({ bitrate: 1_000_000 }).nextFrame());
      publisher.end();
      const answer = await publisher.status;
      return answer === 200 ? answer : undefined;
    });
    assert.equal(status, 200);
    await until("no publishers on the books", 2000, async () => {
      return (await bystander.server.sessions()).every((session) => session.stream !== "churn") || undefined;
    });
  });

  test("rubbish and half packets on the UDP port", async () => {
    const random = pseudoRandom(3);
    const socket = createSocket("udp4");
    for (let i = 0; i < 300; i++) {
      const length = [0, 1, 100, 187, 188, 189, 1316, 1400][i % 8] as number;
      const bytes = Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));
      await new Promise<void>((resolve) => socket.send(bytes, udpPort, "127.0.0.1", () => resolve()));
    }
    socket.close();
    await until(
      "rubbish to be counted",
      3000,
      async () => (await bystander.counter("udp", "rubbishBytes")) > 50_000 || undefined,
    );
    const generator = new TsGenerator({ bitrate: 4_000_000 });
    const media = Buffer.concat(Array.from({ length: 50 }, () => generator.nextFrame()));
    const reader = await readHttp(bystander.url("/udp/mpegts"));
    await sendUdp(media, { port: udpPort });
    await bystander.running("udp");
    await until("the media", 3000, () => reader.bytes().length > media.length / 2 || undefined);
    assert.deepEqual(badSyncs(reader.bytes()), []);
    reader.close();
  });

  test("an input that stalls is left, and taken up again; its viewer stays", async () => {
    const generator = new TsGenerator({ bitrate: 1_000_000 });
    const send = async (frames: number): Promise<void> => {
      for (let i = 0; i < frames; i++) {
        await sendUdp(generator.nextFrame(), { port: stallPort });
        await sleep(10);
      }
    };
    await send(40);
    const reader = await readHttp(bystander.url("/stalling/mpegts"));
    await bystander.running("stalling");
    await until(
      "the input to be given up",
      4000,
      async () => (await bystander.input("stalling")).retries > 0 || undefined,
    );
    assert.match((await bystander.input("stalling")).lastError ?? "", /no media for 1000 ms/);
    const before = reader.bytes().length;
    assert.ok(before > 0);
    await until("media again", 8000, async () => {
      await send(20);
      return reader.bytes().length > before + 20_000 || undefined;
    });
    assert.deepEqual(badSyncs(reader.bytes()), []);
    reader.close();
  });
});

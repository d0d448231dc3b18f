import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { eventually, fixturePath, freeTcpPort } from "../../../tests/contract/index.ts";
import { demux } from "../testing/units-kit.ts";
import { published, startThreads } from "../testing/worker-pair.ts";

interface Client {
  readonly socket: Socket;
  readonly bytes: () => Buffer;
}

/** A connection to one worker that was answered `ok`; what comes after the answer is `bytes`. */
async function open(port: number, worker: number, words: string): Promise<Client> {
  for (let i = 0; i < 200; i++) {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => undefined);
    let bytes = Buffer.alloc(0);
    socket.on("data", (part: Buffer) => {
      bytes = Buffer.concat([bytes, part]);
    });
    await once(socket, "connect");
    socket.write("who\n");
    await eventually(() => bytes.length >= 2);
    if (String(bytes) !== `${worker}\n`) {
      socket.destroy();
      continue;
    }
    bytes = Buffer.alloc(0);
    socket.write(`${words}\n`);
    await eventually(() => bytes.includes(10));
    assert.equal(String(bytes.subarray(0, 3)), "ok\n", String(bytes));
    return { socket, bytes: () => bytes.subarray(3) };
  }
  throw new Error(`no connection to worker ${worker}`);
}

test("units published in one thread reach players of a packaged lane in both", {
  timeout: 60_000,
}, async (t) => {
  const port = await freeTcpPort();
  await startThreads(t, [published("one"), published("two")], port);
  const capture = new Uint8Array(readFileSync(fixturePath("h264-aac.mpegts")));
  const { tracks, units } = demux(capture);
  const header = `<${tracks.map(({ codec, config }) => `${codec}${config ?? ""}`).join()}>`;
  for (const stream of ["one", "two"]) {
    const publisher = await open(port, 0, `publish-units ${stream}`);
    const players: Client[] = [];
    for (const worker of [0, 1]) players.push(await open(port, worker, `play-lines ${stream}`));
    for (let at = 0; at < capture.length; at += 9000) {
      publisher.socket.write(capture.subarray(at, at + 9000));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const video = tracks.find((track) => track.kind === "video")?.id;
    const first = units.findIndex((unit) => unit.key && unit.track === video);
    // What the demultiplexer has not seen the end of is not there yet.
    const whole = Buffer.concat(units.slice(first).flatMap((unit) => [...unit.data]));
    const least = whole.length - 40_000;
    assert.ok(least > 100_000);
    await eventually(() => players.every((player) => player.bytes().length > least), {
      what: () => players.map((player) => player.bytes().length).join(),
    });
    for (const player of players) {
      const got = player.bytes();
      const at = got.lastIndexOf(header);
      assert.ok(at >= 0, "the header came");
      const rest = got.subarray(at + header.length);
      assert.ok(rest.length > least && whole.includes(rest), "what follows is whole");
    }
    publisher.socket.destroy();
    for (const player of players) player.socket.destroy();
  }
});

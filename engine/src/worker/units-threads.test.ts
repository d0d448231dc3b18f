import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { Demuxer, PACKET_SIZE } from "@millrace/mpegts";
import { eventually, fixturePath, freeTcpPort } from "../../../tests/contract/index.ts";
import { lineHeader } from "../testing/line-packaging.ts";
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

/** The header for each set of tracks that the capture announces: AAC's configuration is known after the first picture. */
function headersOf(capture: Uint8Array): Buffer[] {
  const headers: Buffer[] = [];
  const demuxer = new Demuxer({
    onTracks: (tracks) => {
      if (tracks.length > 0) headers.push(lineHeader(tracks));
    },
    onUnit: () => undefined,
  });
  demuxer.push(capture, 0, Math.floor(capture.length / PACKET_SIZE));
  return headers;
}

/** What a player got between headers, and how many headers there were. */
function withoutHeaders(bytes: Buffer, headers: readonly Buffer[]): { media: Buffer; count: number } {
  const parts: Buffer[] = [];
  let count = 0;
  let from = 0;
  for (;;) {
    const found = headers
      .map((header) => ({ at: bytes.indexOf(header, from), length: header.length }))
      .filter(({ at }) => at >= 0)
      .toSorted((a, b) => a.at - b.at)[0];
    parts.push(bytes.subarray(from, found?.at));
    if (found === undefined) return { media: Buffer.concat(parts), count };
    from = found.at + found.length;
    count++;
  }
}

test("units published in one thread reach players of a packaged lane in both", {
  timeout: 60_000,
}, async (t) => {
  const port = await freeTcpPort();
  await startThreads(t, [published("one"), published("two")], port);
  const capture = new Uint8Array(readFileSync(fixturePath("h264-aac.mpegts")));
  const { tracks, units } = demux(capture);
  const headers = headersOf(capture);
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
    const mediaOf = (player: Client): Buffer => withoutHeaders(player.bytes(), headers).media;
    await eventually(() => players.every((player) => mediaOf(player).length > least), {
      what: () => players.map((player) => mediaOf(player).length).join(),
    });
    for (const player of players) {
      const got = player.bytes();
      const { media, count } = withoutHeaders(got, headers);
      assert.ok(count > 0 && headers.some((header) => header.equals(got.subarray(0, header.length))));
      assert.ok(got.includes(headers.at(-1)!), "the header of all tracks came");
      assert.ok(media.equals(whole.subarray(0, media.length)), "what lies between headers is whole");
    }
    publisher.socket.destroy();
    for (const player of players) player.socket.destroy();
  }
});

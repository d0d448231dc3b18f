import assert from "node:assert/strict";
import { test } from "node:test";
import { mp3Frames, Station, withMetadata } from "../../protocols/shout/src/testing/station.ts";
import { PACKET, readHttp } from "./kit/capture.ts";
import { TestServer, until } from "./kit/server.ts";
import { continuityErrors, timestampsOf } from "./kit/ts-check.ts";

const WAIT_MS = 20_000;
/** What a burst of five seconds has, and how often the rest follows. */
const BURST_FRAMES = 190;
const FRAME_MS = (1152 * 1000) / 44_100;

test("a radio station is a stream like any other", async (t) => {
  const station = await Station.open((_, socket) => {
    socket.write("ICY 200 OK\r\nicy-name: Test FM\r\nContent-Type: audio/mpeg\r\nicy-metaint: 417\r\n\r\n");
    socket.write(withMetadata(mp3Frames(BURST_FRAMES), 417, ["StreamTitle='First';"]));
    const began = performance.now();
    let sent = 0;
    const timer = setInterval(() => {
      for (; sent < (performance.now() - began) / FRAME_MS; sent++)
        socket.write(withMetadata(mp3Frames(1), 417, []));
    }, 50);
    socket.once("close", () => clearInterval(timer));
  });
  t.after(() => station.close());
  const server = await TestServer.start(t, `stream radio { input ${station.url()}; }`);
  const { tracks, inputs } = await until("the station", WAIT_MS, async () => {
    const stream = await server.stream("radio");
    return stream.running && stream.tracks.length > 0 ? stream : undefined;
  });
  assert.deepEqual(
    tracks.map(({ codec }) => codec),
    ["mpa"],
  );
  assert.equal(inputs[0]?.details?.["station"], "Test FM");
  assert.equal(inputs[0]?.details?.["title"], "First");
  const reading = await readHttp(server.url("/radio/mpegts"));
  t.after(() => reading.close());
  const stamps = await until("two seconds of it", WAIT_MS, () => {
    const bytes = reading.bytes();
    const whole = bytes.subarray(0, bytes.length - (bytes.length % PACKET));
    assert.deepEqual(continuityErrors(whole), []);
    for (let pid = 0x20; pid < 0x1fff; pid++) {
      const found = timestampsOf(whole, pid);
      if (found.length > 1 && (found.at(-1) as number) - (found[0] as number) > 180_000) return found;
    }
    return undefined;
  });
  for (let i = 1; i < stamps.length; i++) assert.ok((stamps[i] as number) > (stamps[i - 1] as number));
});

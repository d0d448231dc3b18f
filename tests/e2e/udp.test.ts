import assert from "node:assert/strict";
import { test } from "node:test";
import { packetsOf, readHttp, readUdp, sendUdp } from "./kit/capture.ts";
import { sharedMedia } from "./kit/paths.ts";
import { freePort, TestServer, until } from "./kit/server.ts";

/** A real broadcast capture: 1080i H.264, three E-AC-3, two DVB subtitles, null packets. */
const CAPTURE = "ts/eac3/test-026.ts";

for (const pacing of ["off", "pcr"]) {
  test(`a real capture over UDP leaves over HTTP-TS and UDP packet for packet (pacing ${pacing})`, async (t) => {
    const file = sharedMedia(t, CAPTURE);
    if (file === undefined) return;
    const [input, output] = [await freePort(), await freePort()];
    const option = pacing === "off" ? "?pacing=off" : "";
    const server = await TestServer.start(
      t,
      `stream cap { input udp://127.0.0.1:${input}; push udp://127.0.0.1:${output}${option}; hls_off; }`,
    );
    const receiver = await readUdp(output);
    t.after(() => receiver.close());
    const viewers = [await readHttp(server.url("/cap/mpegts"))];
    await until("a viewer in each of the two workers", 5000, async () => {
      viewers.push(await readHttp(server.url("/cap/mpegts")));
      const workers = new Set((await server.sessions()).map((session) => session.id.split(".")[0]));
      return workers.size === 2 || undefined;
    });
    const capture = packetsOf(file);
    await sendUdp(capture, { port: input });
    for (const [i, viewer] of viewers.entries()) {
      await until(
        `viewer ${i} to get all`,
        5000,
        () => viewer.bytes().length >= capture.length || undefined,
      ).catch(() => {});
      assert.ok(
        viewer.bytes().equals(capture),
        `viewer ${i}: ${viewer.bytes().length} of ${capture.length} bytes`,
      );
      viewer.close();
    }
    const received = (): Buffer => Buffer.concat(receiver.datagrams);
    await until("the datagrams", 8000, () => received().length >= capture.length || undefined).catch(
      () => {},
    );
    assert.ok(received().equals(capture), `UDP: ${received().length} of ${capture.length} bytes`);
    assert.ok(
      receiver.datagrams.slice(0, -1).every((datagram) => datagram.length === 7 * 188),
      "seven packets each",
    );
    const [source] = (await server.stream("cap")).inputs;
    assert.equal(source?.counters["ccErrors"], 0);
  });
}

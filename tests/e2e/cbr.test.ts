import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { test } from "node:test";
import { TsAnalyser } from "@millrace/mpegts";
import { PACKET } from "./kit/capture.ts";
import { sharedMedia } from "./kit/paths.ts";
import { freePort, TestServer } from "./kit/server.ts";

const RATE = 6_000_000;

test("multicast output at cbr= has a constant rate and frequent, accurate PCRs", async (t) => {
  const file = sharedMedia(t, "ts/h264-aac/test-072.ts");
  if (file === undefined) return;
  const port = await freePort();
  const group = "239.255.42.1";
  const socket = createSocket({ type: "udp4", reuseAddr: true, recvBufferSize: 4 << 20 });
  const arrivals: { ms: number; data: Buffer }[] = [];
  socket.on("message", (data) => arrivals.push({ ms: performance.now(), data }));
  await new Promise<void>((resolve) => socket.bind(port, group, resolve));
  socket.addMembership(group, "127.0.0.1");
  t.after(() => socket.close());
  await TestServer.start(
    t,
    `stream tv {
       input file://${file};
       push udp://${group}:${port}?cbr=${RATE / 1000}&pcr=35&interface=127.0.0.1&multicast_loop=true;
       hls_off;
     }`,
    { workers: 1 },
  );
  await new Promise((resolve) => setTimeout(resolve, 9000));
  // The first second is start-up.
  const steady = arrivals.filter(({ ms }) => ms > (arrivals[0]?.ms ?? 0) + 1500);
  const bytes = Buffer.concat(steady.map(({ data }) => data));
  assert.ok(steady.length > 1000, `${steady.length} datagrams`);

  // By the stream's own clock: between two PCRs lie as many bits as the rate says.
  const analyser = new TsAnalyser();
  analyser.push(bytes, 0, bytes.length / PACKET);
  const report = analyser.report();
  const [pcr] = report.pcr;
  assert.ok(pcr?.interval !== undefined && pcr.accuracy !== undefined, "the analyser sees a constant rate");
  assert.ok(pcr.interval.maxMs <= 40, `PCR interval ${pcr.interval.maxMs} ms`);
  assert.ok(Math.abs((report.bitrate ?? 0) / RATE - 1) < 0.001, `rate by PCR ${report.bitrate}`);
  // ISO/IEC 13818-1 §2.4.2.2 allows ±500 ns.
  assert.ok(pcr.accuracy.maxNs <= 500, `PCR accuracy ${pcr.accuracy.maxNs} ns`);
  t.diagnostic(`PCR accuracy ${JSON.stringify(pcr.accuracy)}, interval ${JSON.stringify(pcr.interval)}`);

  // By the wall clock, in windows of 100 ms; a busy machine may delay this receiver, never the sum.
  const start = steady[0]?.ms ?? 0;
  const windows = new Map<number, number>();
  for (const { ms, data } of steady) {
    const window = Math.floor((ms - start) / 100);
    windows.set(window, (windows.get(window) ?? 0) + data.length * 8);
  }
  const whole = [...windows.values()].slice(1, -1);
  const within = whole.filter(
    (bits) => Math.abs(bits / (RATE / 10) - 1) <= 0.01 + (7 * PACKET * 8) / (RATE / 10),
  );
  t.diagnostic(`${within.length} of ${whole.length} windows of 100 ms within 1 % (one datagram of slack)`);
  const seconds = ((steady[steady.length - 1]?.ms ?? 0) - start) / 1000;
  const mean = (bytes.length * 8) / seconds;
  assert.ok(Math.abs(mean / RATE - 1) < 0.01, `mean rate ${mean}`);
});

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { compile } from "../compile.ts";
import { type Served, startMillrace } from "../millrace.ts";
import { freePort, freeUdpPorts, LOAD_CORE, type Program, start, waitForAnswer } from "../program.ts";
import { APP, waitForPort } from "../rtmp/contestant.ts";
import { publisherWords } from "../srt/servers.ts";
import { syntheticTs } from "../synthetic-ts.ts";

const BITS_PER_SECOND = 4_000_000;
const MEDIA_S = 30;
const START_MS = 20_000;
/** How long a stream waits for an input before it takes the other one. */
const TIMEOUT_S = 2;

export interface MixedField {
  readonly served: Served;
  readonly rtmpPort: number;
  readonly srtPort: number;
  /** Where a stream is sent over UDP. */
  readonly udpPort: number;
  readonly bitsPerSecond: number;
  /** Ends the first of two inputs, and a publisher; resolves when both are back. */
  failInputs(milliseconds: number): Promise<void>;
}

/**
 * A server with a stream from each kind of input: `ts` over HTTP, `live/r` over RTMP, `s` over SRT, `u` over UDP with a second
 * input behind it. `live/f` is published over RTMP and watched by nobody who stays.
 */
export async function startField(
  folder: string,
  workers: number,
  stack: AsyncDisposableStack,
): Promise<MixedField> {
  const media = join(folder, "soak.mpegts");
  writeFileSync(media, syntheticTs(BITS_PER_SECOND, MEDIA_S));
  const rtmpPort = await freePort();
  const first = await freeUdpPorts(4);
  const [second, udpPort, srtPort] = [first + 1, first + 2, first + 3];
  const core = workers > 1 ? { core: -1 } : {};
  const config = [
    `rtmp 127.0.0.1:${rtmpPort};`,
    `srt 127.0.0.1:${srtPort};`,
    `stream ts { publish_enabled; push udp://127.0.0.1:${udpPort}; }`,
    "stream s { publish_enabled; }",
    `stream ${APP}/r { publish_enabled; }`,
    `stream ${APP}/f { publish_enabled; }`,
    `stream u { url udp://127.0.0.1:${first}; url udp://127.0.0.1:${second}; source_timeout ${TIMEOUT_S}; }`,
  ];
  const served = stack.use(await startMillrace(folder, config, { workers, ...core }));
  await waitForPort(rtmpPort, served.server);
  const rate = String(BITS_PER_SECOND);
  const run = (name: Parameters<typeof compile>[0], words: readonly string[]) =>
    start(LOAD_CORE, compile(name, folder), words);
  const udp = (port: number) => run("udp-feeder", ["127.0.0.1", String(port), media, rate, "1"]);
  const rtmp = (name: string) => run("rtmp-feeder", ["127.0.0.1", String(rtmpPort), APP, name, rate, "1"]);
  const published = { port: srtPort, streamId: "#!::r=s,m=publish", media, bitsPerSecond: BITS_PER_SECOND };
  await served.feed("/ts/mpegts", { bitsPerSecond: BITS_PER_SECOND, count: 1 });
  stack.use(run("srt-feeder", publisherWords({ ...published, count: 1 })));
  stack.use(rtmp("r"));
  stack.use(udp(second));
  const failing: Program[] = [udp(first), rtmp("f")];
  stack.defer(async () => {
    for (const program of failing) await program[Symbol.asyncDispose]();
  });
  const url = `http://127.0.0.1:${served.port}`;
  for (const path of ["/ts/mpegts", `/${APP}/r.flv`, "/s/mpegts", "/u/mpegts"])
    await Promise.race([waitForAnswer(url + path, START_MS), served.server.ended]);
  const failInputs = async (milliseconds: number): Promise<void> => {
    for (const program of failing.splice(0)) await program[Symbol.asyncDispose]();
    await new Promise((done) => void setTimeout(done, milliseconds));
    failing.push(udp(first), rtmp("f"));
  };
  return { served, rtmpPort, srtPort, udpPort, bitsPerSecond: BITS_PER_SECOND, failInputs };
}

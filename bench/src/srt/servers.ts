import { compile } from "../compile.ts";
import { BenchError } from "../errors.ts";
import { familyOf } from "../measure.ts";
import { startMillrace } from "../millrace.ts";
import { freeUdpPorts, hasProgram, LOAD_CORE, type Program, SERVER_CORE, start } from "../program.ts";

export type SrtServerName = "millrace" | "srt-live-transmit" | "ffmpeg";

/** One stream over SRT, for as many receivers as were asked for. */
export interface SrtServer extends AsyncDisposable {
  /** Receiver i goes to `port` + i × `portStep`, with this stream-ID. */
  readonly port: number;
  readonly portStep: number;
  readonly streamId: string;
  /** The processes whose CPU time counts. */
  pids(): number[];
  /** The process that brings the stream. */
  readonly feederPid: number;
}

export interface SrtField {
  /** For everything that is written. */
  readonly folder: string;
  readonly bitsPerSecond: number;
  /** A file of the stream, long enough for a whole measurement. */
  readonly media: string;
  readonly receivers: number;
}

/** Of every connection, both ways; what libsrt takes unless told otherwise. */
export const LATENCY_MS = 120;

/** More ffmpegs than this need more than a core; what a gigabyte costs does not depend on their number. */
const MOST_FFMPEGS = 10;

export const srtServers: Readonly<Record<SrtServerName, (field: SrtField) => Promise<SrtServer>>> = {
  millrace: runMillrace,
  "srt-live-transmit": runLiveTransmit,
  ffmpeg: runFfmpeg,
};

/** How many receivers are put on this server where `receivers` are asked for. */
export function receiversOn(server: SrtServerName, receivers: number): number {
  return server === "ffmpeg" ? Math.min(receivers, MOST_FFMPEGS) : receivers;
}

/** The words of `srt-feeder.c`. */
export function publisherWords(options: {
  port: number;
  streamId: string;
  media: string;
  bitsPerSecond: number;
  count: number;
}): string[] {
  const { port, streamId, media, bitsPerSecond, count } = options;
  return ["127.0.0.1", port, streamId, media, bitsPerSecond, count, LATENCY_MS].map(String);
}

async function runMillrace({ folder, bitsPerSecond, media }: SrtField): Promise<SrtServer> {
  const port = await freeUdpPorts(1);
  const stack = new AsyncDisposableStack();
  try {
    const lines = [`srt 127.0.0.1:${port};`, "stream bench { publish_enabled; }"];
    const { server } = stack.use(await startMillrace(folder, lines));
    const words = publisherWords({
      port,
      streamId: "#!::r=bench,m=publish",
      media,
      bitsPerSecond,
      count: 1,
    });
    const feeder = stack.use(start(LOAD_CORE, compile("srt-feeder", folder), words));
    await feeder.line((line) => line.includes('"feeding"'));
    const pids = () => familyOf(server.pid);
    const place = { port, portStep: 0, streamId: "#!::r=bench,m=request" };
    return { ...place, pids, feederPid: feeder.pid, [Symbol.asyncDispose]: () => stack.disposeAsync() };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

async function runLiveTransmit(field: SrtField): Promise<SrtServer> {
  return await runRelays(field, "srt-live-transmit", (udpPort, srtPort) => [
    "-q",
    `udp://127.0.0.1:${udpPort}?rcvbuf=2000000`,
    `srt://127.0.0.1:${srtPort}?mode=listener&latency=${LATENCY_MS}`,
  ]);
}

/** Looks at a second of the stream only, so that it starts soon. Its latency is in microseconds. */
async function runFfmpeg(field: SrtField): Promise<SrtServer> {
  const input = (port: number) =>
    `udp://127.0.0.1:${port}?buffer_size=2000000&fifo_size=50000&overrun_nonfatal=1`;
  return await runRelays(field, "ffmpeg", (udpPort, srtPort) =>
    [
      "-nostdin",
      "-nostats",
      "-loglevel",
      "quiet",
      "-analyzeduration",
      "1000000",
      "-i",
      input(udpPort),
    ].concat(
      ["-c", "copy", "-f", "mpegts"],
      `srt://127.0.0.1:${srtPort}?mode=listener&latency=${LATENCY_MS * 1000}&pkt_size=1316`,
    ),
  );
}

/** One process for each receiver, which reads the stream from a UDP port of its own and serves one caller. */
async function runRelays(
  { folder, bitsPerSecond, media, receivers }: SrtField,
  command: string,
  words: (udpPort: number, srtPort: number) => string[],
): Promise<SrtServer> {
  if (!hasProgram(command)) throw new BenchError("bench.tool", `${command} is not installed`);
  const first = await freeUdpPorts(2 * receivers);
  const stack = new AsyncDisposableStack();
  const relays: Program[] = [];
  try {
    for (let i = 0; i < receivers; i += 1)
      relays.push(stack.use(start(SERVER_CORE, command, words(first + i, first + receivers + i))));
    const feed = ["127.0.0.1", first, media, bitsPerSecond, receivers].map(String);
    const feeder = stack.use(start(LOAD_CORE, compile("udp-feeder", folder), feed));
    await Promise.race([feeder.line((line) => line === "feeding"), ...relays.map((relay) => relay.ended)]);
    const pids = () => relays.map((relay) => relay.pid);
    const place = { port: first + receivers, portStep: 1, streamId: "" };
    return { ...place, pids, feederPid: feeder.pid, [Symbol.asyncDispose]: () => stack.disposeAsync() };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

/**
 * FFmpeg 8 (node-av) in a process of its own, one step of it at a time.
 *
 * `publish FILE URL`: sends a transport-stream file to a URL in real time, multiplexed anew.
 * `play URL SECONDS`: decodes so much, prints a line of JSON: codecs, units decoded by codec, units that failed.
 */
import { AV_LOG_WARNING, AVMEDIA_TYPE_AUDIO, AVMEDIA_TYPE_VIDEO } from "node-av/constants";
import {
  Codec,
  CodecContext,
  FFmpegError,
  FormatContext,
  Frame,
  Log,
  Packet,
  type Stream,
} from "node-av/lib";

function check(call: string, code: number): void {
  FFmpegError.throwIfError(code, call);
}

/** Seconds of a time stamp of a stream. */
function seconds(value: bigint, stream: Stream): number {
  return (Number(value) * stream.timeBase.num) / stream.timeBase.den;
}

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function openInput(url: string): FormatContext {
  const input = new FormatContext();
  check("open", input.openInputSync(url));
  check("find stream info", input.findStreamInfoSync());
  return input;
}

function publish(file: string, url: string): void {
  const input = openInput(file);
  const output = new FormatContext();
  check("allocate", output.allocOutputContext2(null, "mpegts", url));
  check("open the output", output.openOutputSync());
  for (const stream of input.streams) {
    check("copy the parameters", stream.codecpar.copy(output.newStream(null).codecpar));
  }
  check("write the header", output.writeHeaderSync());
  const packet = new Packet();
  packet.alloc();
  const started = performance.now();
  let first = Number.NaN;
  while (input.readFrameSync(packet) >= 0) {
    const stream = input.streams[packet.streamIndex] as Stream;
    const time = seconds(packet.dts, stream);
    if (Number.isNaN(first)) first = time;
    const waitMs = (time - first) * 1000 - (performance.now() - started);
    if (waitMs > 0) sleep(waitMs);
    packet.rescaleTs(stream.timeBase, (output.streams[packet.streamIndex] as Stream).timeBase);
    check("write", output.interleavedWriteFrameSync(packet));
    packet.unref();
  }
  check("write the trailer", output.writeTrailerSync());
  output.closeOutputSync();
}

interface Decoder {
  readonly context: CodecContext;
  readonly name: string;
  decoded: number;
  failed: number;
}

function openDecoder({ codecpar }: Stream): Decoder | undefined {
  if (codecpar.codecType !== AVMEDIA_TYPE_VIDEO && codecpar.codecType !== AVMEDIA_TYPE_AUDIO)
    return undefined;
  const codec = Codec.findDecoder(codecpar.codecId);
  if (codec === null) return undefined;
  const context = new CodecContext();
  context.allocContext3(codec);
  check("set the decoder up", context.parametersToContext(codecpar));
  context.threadCount = 1;
  check("open the decoder", context.open2Sync(codec));
  return { context, name: codec.name ?? "", decoded: 0, failed: 0 };
}

function play(url: string, wantedSeconds: number): void {
  const input = openInput(url);
  const decoders = input.streams.map(openDecoder);
  const packet = new Packet();
  packet.alloc();
  const frame = new Frame();
  frame.alloc();
  let first = Number.NaN;
  while (input.readFrameSync(packet) >= 0) {
    const decoder = decoders[packet.streamIndex];
    const time = seconds(packet.dts, input.streams[packet.streamIndex] as Stream);
    if (Number.isNaN(first)) first = time;
    if (time - first > wantedSeconds) break;
    if (decoder !== undefined) {
      if (decoder.context.sendPacketSync(packet) < 0) decoder.failed++;
      while (decoder.context.receiveFrameSync(frame) >= 0) decoder.decoded++;
    }
    packet.unref();
  }
  const known = decoders.filter((decoder) => decoder !== undefined);
  console.log(JSON.stringify(known.map(({ name, decoded, failed }) => ({ name, decoded, failed }))));
}

Log.setLevel(AV_LOG_WARNING);
const [what, ...args] = process.argv.slice(2);
if (what === "publish") publish(args[0] as string, args[1] as string);
else play(args[0] as string, Number(args[1]));
// What is open goes with the process.
process.exit(0);

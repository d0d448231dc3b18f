/**
 * FFmpeg 8 (node-av) in a process of its own: `INPUT OUTPUT FORMAT SECONDS` copies audio and video in real time. In FLV, codecs
 * that it did not have at first go as enhanced RTMP has them.
 */
import { AV_LOG_WARNING, AVMEDIA_TYPE_AUDIO, AVMEDIA_TYPE_VIDEO } from "node-av/constants";
import { FFmpegError, FormatContext, Log, Packet, type Stream } from "node-av/lib";

function check(call: string, code: number): void {
  FFmpegError.throwIfError(code, call);
}

function isMedia({ codecpar: { codecType } }: Stream): boolean {
  return codecType === AVMEDIA_TYPE_VIDEO || codecType === AVMEDIA_TYPE_AUDIO;
}

function openInput(url: string): FormatContext {
  const input = new FormatContext();
  check("open", input.openInputSync(url));
  check("find stream info", input.findStreamInfoSync());
  return input;
}

/** An output with a stream for each that is given. */
function openOutput(url: string, format: string, streams: readonly Stream[]): FormatContext {
  const output = new FormatContext();
  check("allocate", output.allocOutputContext2(null, format, url));
  check("open the output", output.openOutputSync());
  for (const stream of streams) {
    const { codecpar } = output.newStream(null);
    check("copy the parameters", stream.codecpar.copy(codecpar));
    // The tag of one format means nothing in another.
    codecpar.codecTag = 0;
  }
  check("write the header", output.writeHeaderSync());
  return output;
}

function copy(from: string, to: string, { format, seconds }: { format: string; seconds: number }): void {
  const input = openInput(from);
  const streams = input.streams.filter(isMedia);
  const output = openOutput(to, format, streams);
  const packet = new Packet();
  packet.alloc();
  const started = performance.now();
  let first = Number.NaN;
  for (; input.readFrameSync(packet) >= 0; packet.unref()) {
    const index = streams.findIndex((stream) => stream.index === packet.streamIndex);
    const stream = streams[index];
    if (stream === undefined) continue;
    const timeMs = (Number(packet.dts) * 1000 * stream.timeBase.num) / stream.timeBase.den;
    if (Number.isNaN(first)) first = timeMs;
    if (timeMs - first > seconds * 1000) break;
    const waitMs = timeMs - first - (performance.now() - started);
    if (waitMs > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, waitMs);
    packet.streamIndex = index;
    packet.rescaleTs(stream.timeBase, (output.streams[index] as Stream).timeBase);
    check("write", output.interleavedWriteFrameSync(packet));
  }
  check("write the trailer", output.writeTrailerSync());
  output.closeOutputSync();
}

Log.setLevel(AV_LOG_WARNING);
const [from, to, format, seconds] = process.argv.slice(2);
copy(from as string, to as string, { format: format as string, seconds: Number(seconds) });
// What is open goes with the process.
process.exit(0);

/**
 * FFmpeg 8 (node-av) in a process of its own: `URL SECONDS MEASURE` decodes so much of the first picture and sound that there
 * are, and prints a line of JSON: the frames of each, `[[pts, level], …]`, seconds. Warnings go to standard error.
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

const LEAST_DB = -1000;

function check(call: string, code: number): void {
  if (code < 0) console.error(`cannot ${call}`);
  FFmpegError.throwIfError(code, call);
}

/** Brightness of the first plane, 8 bits a point. */
function brightness(frame: Frame): number {
  const [plane] = frame.data ?? [];
  const [stride = 0] = frame.linesize;
  let sum = 0;
  for (let y = 0; y < frame.height; y++)
    for (let x = 0; x < frame.width; x++) sum += plane?.[y * stride + x] ?? 0;
  return sum / (frame.width * frame.height);
}

/** Loudness of what is in the first plane, whatever its form, in decibels of full scale. */
function loudness(frame: Frame): number {
  const [plane] = frame.extendedData ?? frame.data ?? [];
  if (plane === undefined) return Number.NaN;
  const { nbSamples, format } = frame;
  // AVSampleFormat: 1 and 6 are integers of 16 bits, 2 and 7 of 32, 3 and 8 floating points.
  const kind = Number(format) % 5;
  const bytes = kind === 1 ? 2 : 4;
  const count = Math.min(nbSamples, Math.floor(plane.length / bytes));
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const value =
      kind === 1
        ? plane.readInt16LE(i * 2) / 0x8000
        : kind === 2
          ? plane.readInt32LE(i * 4) / 0x8000_0000
          : plane.readFloatLE(i * 4);
    sum += value * value;
  }
  return sum === 0 || count === 0 ? LEAST_DB : 10 * Math.log10(sum / count);
}

class Track {
  readonly index: number;
  readonly frames: [number, number][] = [];
  readonly #stream: Stream;
  readonly #context = new CodecContext();
  readonly #level: (frame: Frame) => number;

  constructor(stream: Stream, level: (frame: Frame) => number) {
    this.index = stream.index;
    this.#stream = stream;
    this.#level = level;
    const codec = Codec.findDecoder(stream.codecpar.codecId);
    if (codec === null) throw new Error("there is no decoder");
    this.#context.allocContext3(codec);
    check("set the decoder up", this.#context.parametersToContext(stream.codecpar));
    this.#context.threadCount = 1;
    this.#context.pktTimebase = stream.timeBase;
    check("open the decoder", this.#context.open2Sync(codec));
  }

  decode(packet: Packet, frame: Frame): void {
    if (this.#context.sendPacketSync(packet) < 0) console.error("[error] a packet is not decoded");
    const { num, den } = this.#stream.timeBase;
    while (this.#context.receiveFrameSync(frame) >= 0) {
      this.frames.push([(Number(frame.bestEffortTimestamp) * num) / den, this.#level(frame)]);
      frame.unref();
    }
  }

  /** Frames of the first seconds; undefined until all of them are there. */
  first(seconds: number): [number, number][] | undefined {
    const from = this.frames[0]?.[0] ?? Number.NaN;
    const end = this.frames.findIndex(([pts]) => pts >= from + seconds - 0.001);
    return end < 0 ? undefined : this.frames.slice(0, end);
  }
}

Log.setLevel(AV_LOG_WARNING);
const [url = "", seconds = "1", measure = "true"] = process.argv.slice(2);
const input = new FormatContext();
check("open", input.openInputSync(url));
check("find stream info", input.findStreamInfoSync());
const found = (type: number): Stream | undefined =>
  input.streams.find(({ codecpar }) => codecpar.codecType === type);
const none = (): number => 0;
const [picture, sound] = [found(AVMEDIA_TYPE_VIDEO), found(AVMEDIA_TYPE_AUDIO)];
const video = picture && new Track(picture, measure === "true" ? brightness : none);
const audio = sound && new Track(sound, measure === "true" ? loudness : none);
const tracks = [video, audio].filter((track) => track !== undefined);
const packet = new Packet();
packet.alloc();
const frame = new Frame();
frame.alloc();
const isDone = (): boolean => tracks.every((track) => track.first(Number(seconds)) !== undefined);
while (!isDone() && input.readFrameSync(packet) >= 0) {
  tracks.find(({ index }) => index === packet.streamIndex)?.decode(packet, frame);
  packet.unref();
}
const framesOf = (track: Track | undefined): unknown => track?.first(Number(seconds)) ?? track?.frames ?? [];
process.stdout.write(JSON.stringify({ video: framesOf(video), audio: framesOf(audio) }), () => {
  // What is open goes with the process.
  process.exit(0);
});

/**
 * An encoder for low delay in a process of its own: `URL FORMAT FPS GOP`. Its picture shows UTC of the moment when it was
 * drawn, as blocks for programs (`clock-code.ts`) and as digits for people; a beep begins with every second.
 */
import {
  AV_CHANNEL_LAYOUT_STEREO,
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AV_LOG_ERROR,
  AV_PICTURE_TYPE_I,
  AV_PICTURE_TYPE_NONE,
  AV_PIX_FMT_YUV420P,
  AV_SAMPLE_FMT_FLTP,
  FF_ENCODER_AAC,
  FF_ENCODER_LIBX264,
} from "node-av/constants";
import { Codec, CodecContext, FormatContext, Frame, Log, Packet, Rational, type Stream } from "node-av/lib";
import { fillBeep } from "../../../protocols/fake/src/beep.ts";
import { check, setOptions } from "../../../protocols/fake/src/ffmpeg-calls.ts";
import { AAC_FRAME_SAMPLES, SAMPLE_RATE } from "../../../protocols/fake/src/settings.ts";
import { type Plane, TextLine } from "../../../protocols/fake/src/text-line.ts";
import { paintCode } from "./clock-code.ts";

const WIDTH = 640;
const HEIGHT = 360;
const DIGITS_SCALE = 8;
const GREY = 96;
const TONE_HZ = 1000;
/** Time of the first frame: AAC has a frame ahead of it, and there are no negative times in FLV. */
const START_S = 1;
/** Every frame goes out at once, so that nothing is held back for the sake of the order. */
const FORMAT_OPTIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  flv: { flvflags: "no_duration_filesize" },
  mpegts: { pes_payload_size: "0", max_delay: "0" },
};

function openEncoder(name: typeof FF_ENCODER_LIBX264 | typeof FF_ENCODER_AAC) {
  const codec = Codec.findEncoderByName(name);
  if (codec === null) throw new Error(`no encoder ${name}`);
  const context = new CodecContext();
  context.allocContext3(codec);
  context.threadCount = 1;
  return { codec, context };
}

function openVideo(fps: number, gop: number, isHeaderApart: boolean): CodecContext {
  const { codec, context } = openEncoder(FF_ENCODER_LIBX264);
  context.width = WIDTH;
  context.height = HEIGHT;
  context.pixelFormat = AV_PIX_FMT_YUV420P;
  context.timeBase = new Rational(1, fps);
  context.framerate = new Rational(fps, 1);
  context.bitRate = 1_000_000n;
  context.gopSize = gop;
  context.maxBFrames = 0;
  if (isHeaderApart) context.flags = AV_CODEC_FLAG_GLOBAL_HEADER;
  setOptions(context, {
    preset: "ultrafast",
    tune: "zerolatency",
    profile: "baseline",
    "forced-idr": "1",
    "x264-params": "scenecut=0",
  });
  check("avcodec_open2 (libx264)", context.open2Sync(codec));
  return context;
}

function openAudio(isHeaderApart: boolean): CodecContext {
  const { codec, context } = openEncoder(FF_ENCODER_AAC);
  context.sampleRate = SAMPLE_RATE;
  context.sampleFormat = AV_SAMPLE_FMT_FLTP;
  context.channelLayout = AV_CHANNEL_LAYOUT_STEREO;
  context.timeBase = new Rational(1, SAMPLE_RATE);
  context.bitRate = 96_000n;
  if (isHeaderApart) context.flags = AV_CODEC_FLAG_GLOBAL_HEADER;
  setOptions(context, { aac_coder: "fast" });
  check("avcodec_open2 (aac)", context.open2Sync(codec));
  return context;
}

function planeOf(frame: Frame, index: number): Plane {
  const bytes = frame.data?.[index];
  const stride = frame.linesize[index];
  if (bytes === undefined || stride === undefined) throw new Error("a frame without planes");
  return { bytes, stride };
}

function openPicture(): Frame {
  const frame = new Frame();
  frame.alloc();
  frame.format = AV_PIX_FMT_YUV420P;
  frame.width = WIDTH;
  frame.height = HEIGHT;
  check("av_frame_get_buffer", frame.getBuffer(0));
  planeOf(frame, 0).bytes.fill(GREY);
  for (const chroma of [1, 2]) planeOf(frame, chroma).bytes.fill(128);
  return frame;
}

function openSamples(): Frame {
  const frame = new Frame();
  frame.alloc();
  frame.format = AV_SAMPLE_FMT_FLTP;
  frame.nbSamples = AAC_FRAME_SAMPLES;
  frame.sampleRate = SAMPLE_RATE;
  frame.channelLayout = AV_CHANNEL_LAYOUT_STEREO;
  check("av_frame_get_buffer", frame.getBuffer(0));
  return frame;
}

/** The packets of both encoders in one output. */
class Output {
  readonly #format = new FormatContext();
  readonly #streams = new Map<CodecContext, Stream>();
  readonly #packet = new Packet();

  constructor(url: string, format: string, encoders: readonly CodecContext[]) {
    check("allocate", this.#format.allocOutputContext2(null, format, url));
    check("open the output", this.#format.openOutputSync());
    for (const encoder of encoders) {
      const stream = this.#format.newStream(null);
      check("the parameters", encoder.parametersFromContext(stream.codecpar));
      stream.timeBase = encoder.timeBase;
      this.#streams.set(encoder, stream);
    }
    setOptions(this.#format, { flush_packets: "1", ...FORMAT_OPTIONS[format] });
    check("write the header", this.#format.writeHeaderSync());
    this.#packet.alloc();
  }

  /** Encodes a frame, and sends what can be sent in the order of times. */
  encode(encoder: CodecContext, frame: Frame): void {
    check("send a frame", encoder.sendFrameSync(frame));
    const stream = this.#streams.get(encoder);
    if (stream === undefined) throw new Error("an encoder without a stream");
    while (encoder.receivePacketSync(this.#packet) >= 0) {
      this.#packet.streamIndex = stream.index;
      this.#packet.rescaleTs(encoder.timeBase, stream.timeBase);
      check("write", this.#format.interleavedWriteFrameSync(this.#packet));
      this.#packet.unref();
    }
  }
}

function run(url: string, format: string, { fps, gop }: { fps: number; gop: number }): void {
  const isHeaderApart = format === "flv";
  const video = openVideo(fps, gop, isHeaderApart);
  const audio = openAudio(isHeaderApart);
  const output = new Output(url, format, [video, audio]);
  const picture = openPicture();
  const luma = planeOf(picture, 0);
  const digitsWidth = TextLine.width(12, DIGITS_SCALE);
  const digits = new TextLine({ x: (WIDTH - digitsWidth) >> 1, y: HEIGHT / 2, scale: DIGITS_SCALE });
  const samples = openSamples();
  const channels = [0, 1].map((i) => {
    const { bytes } = planeOf(samples, i);
    return new Float32Array(bytes.buffer, bytes.byteOffset, AAC_FRAME_SAMPLES);
  });
  const startedMs = performance.now() - START_S * 1000;
  const lateSamples = Math.round(((Date.now() % 1000) * SAMPLE_RATE) / 1000);
  const pause = new Int32Array(new SharedArrayBuffer(4));
  let sample = START_S * SAMPLE_RATE;
  for (let index = START_S * fps; ; index++) {
    const waitMs = startedMs + (index * 1000) / fps - performance.now();
    if (waitMs > 0) Atomics.wait(pause, 0, 0, waitMs);
    const nowMs = Date.now();
    paintCode(luma, WIDTH, nowMs);
    digits.draw(luma, new Date(nowMs).toISOString().slice(11, 23));
    picture.pts = BigInt(index);
    picture.pictType = index % gop === 0 ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
    output.encode(video, picture);
    // Sound is there when it has been heard.
    for (; (sample + AAC_FRAME_SAMPLES) * fps <= index * SAMPLE_RATE; sample += AAC_FRAME_SAMPLES) {
      for (const channel of channels) fillBeep(channel, sample + lateSamples, TONE_HZ);
      samples.pts = BigInt(sample);
      output.encode(audio, samples);
    }
  }
}

Log.setLevel(AV_LOG_ERROR);
const [url, format, fps, gop] = process.argv.slice(2);
run(url as string, format as string, { fps: Number(fps), gop: Number(gop) });

import {
  AV_CHANNEL_LAYOUT_STEREO,
  AV_PICTURE_TYPE_I,
  AV_PICTURE_TYPE_NONE,
  AV_PIX_FMT_YUV420P,
  AV_SAMPLE_FMT_FLTP,
  AVCOL_PRI_BT709,
  AVCOL_RANGE_MPEG,
  AVCOL_SPC_BT709,
  AVCOL_TRC_BT709,
  FF_ENCODER_AAC,
  FF_ENCODER_LIBX264,
} from "node-av/constants";
import { Codec, CodecContext, Frame, Packet, Rational } from "node-av/lib";
import { fillBeep } from "./beep.ts";
import { ClockPicture, type Face, type Planes } from "./clock-picture.ts";
import { encoderFailed } from "./errors.ts";
import { check, setOptions } from "./ffmpeg-calls.ts";
import { AAC_FRAME_SAMPLES, type ClockSettings, SAMPLE_RATE } from "./settings.ts";

/** Takes a coded packet; its time base is the encoder's. The packet is reused after the call. */
export type PacketTaker = (packet: Packet, encoder: CodecContext) => void;

/**
 * Draws, sounds and encodes the clock, frame by frame, with FFmpeg's synchronous interface. Nothing is allocated per
 * frame on FFmpeg's side: one picture and one frame of samples are filled again and again.
 */
export class ClockEncoder {
  readonly video: CodecContext;
  readonly audio: CodecContext;
  readonly #settings: ClockSettings;
  readonly #take: PacketTaker;
  readonly #picture: Frame;
  readonly #samples: Frame;
  readonly #packet = new Packet();
  readonly #clock: ClockPicture;
  readonly #left: Float32Array;
  readonly #right: Float32Array;

  constructor(settings: ClockSettings, take: PacketTaker) {
    this.#settings = settings;
    this.#take = take;
    this.video = openVideo(settings);
    this.audio = openAudio(settings);
    this.#packet.alloc();
    this.#picture = allocPicture(settings);
    this.#samples = allocSamples();
    this.#clock = new ClockPicture(planesOf(this.#picture), settings);
    this.#clock.paint();
    this.#left = samplesOf(this.#samples, 0);
    this.#right = samplesOf(this.#samples, 1);
  }

  /** @param index frame number: the frame's time is `index / fps` seconds. Whole GOPs start with a key frame. */
  encodePicture(index: number, face: Face): void {
    this.#clock.update(face);
    this.#picture.pts = BigInt(index);
    this.#picture.pictType = index % this.#settings.gop === 0 ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
    check("avcodec_send_frame (video)", this.video.sendFrameSync(this.#picture));
    this.#drain(this.video);
  }

  /**
   * @param start number of the first sample: its time is `start / SAMPLE_RATE` seconds
   * @param offset samples since the last full second of the clock shown
   */
  encodeSamples(start: number, offset: number): void {
    fillBeep(this.#left, offset, this.#settings.toneHz);
    this.#right.set(this.#left);
    this.#samples.pts = BigInt(start);
    check("avcodec_send_frame (audio)", this.audio.sendFrameSync(this.#samples));
    this.#drain(this.audio);
  }

  close(): void {
    for (const part of [this.#packet, this.#picture, this.#samples]) part.free();
    for (const encoder of [this.video, this.audio]) encoder.freeContext();
  }

  #drain(encoder: CodecContext): void {
    // Any negative code is "no more packets for now" or the end; a real fault shows at the next send.
    while (encoder.receivePacketSync(this.#packet) >= 0) {
      this.#take(this.#packet, encoder);
      this.#packet.unref();
    }
  }
}

function openVideo(settings: ClockSettings): CodecContext {
  const codec = Codec.findEncoderByName(FF_ENCODER_LIBX264);
  if (codec === null) throw encoderFailed("finding the encoder libx264", -1);
  const context = new CodecContext();
  context.allocContext3(codec);
  context.width = settings.width;
  context.height = settings.height;
  context.pixelFormat = AV_PIX_FMT_YUV420P;
  context.timeBase = new Rational(1, settings.fps);
  context.framerate = new Rational(settings.fps, 1);
  context.bitRate = BigInt(settings.videoBitrate);
  context.rcMaxRate = BigInt(settings.videoBitrate);
  context.rcBufferSize = settings.videoBitrate;
  context.gopSize = settings.gop;
  context.maxBFrames = 0;
  context.threadCount = 1;
  context.colorRange = AVCOL_RANGE_MPEG;
  context.colorSpace = AVCOL_SPC_BT709;
  context.colorPrimaries = AVCOL_PRI_BT709;
  context.colorTrc = AVCOL_TRC_BT709;
  setOptions(context, {
    preset: "superfast",
    tune: "zerolatency",
    profile: "main",
    "forced-idr": "1",
    "x264-params": "scenecut=0:aud=1",
  });
  check("avcodec_open2 (libx264)", context.open2Sync(codec));
  return context;
}

function openAudio(settings: ClockSettings): CodecContext {
  const codec = Codec.findEncoderByName(FF_ENCODER_AAC);
  if (codec === null) throw encoderFailed("finding the encoder aac", -1);
  const context = new CodecContext();
  context.allocContext3(codec);
  context.sampleRate = SAMPLE_RATE;
  context.sampleFormat = AV_SAMPLE_FMT_FLTP;
  context.channelLayout = AV_CHANNEL_LAYOUT_STEREO;
  context.timeBase = new Rational(1, SAMPLE_RATE);
  context.bitRate = BigInt(settings.audioBitrate);
  context.threadCount = 1;
  setOptions(context, { aac_coder: "fast" });
  check("avcodec_open2 (aac)", context.open2Sync(codec));
  return context;
}

function allocPicture(settings: ClockSettings): Frame {
  const frame = new Frame();
  frame.alloc();
  frame.format = AV_PIX_FMT_YUV420P;
  frame.width = settings.width;
  frame.height = settings.height;
  check("av_frame_get_buffer (video)", frame.getBuffer(0));
  return frame;
}

function allocSamples(): Frame {
  const frame = new Frame();
  frame.alloc();
  frame.format = AV_SAMPLE_FMT_FLTP;
  frame.nbSamples = AAC_FRAME_SAMPLES;
  frame.sampleRate = SAMPLE_RATE;
  frame.channelLayout = AV_CHANNEL_LAYOUT_STEREO;
  check("av_frame_get_buffer (audio)", frame.getBuffer(0));
  return frame;
}

// The planes are windows on FFmpeg's memory: what is written there is what is encoded.
function planesOf(frame: Frame): Planes {
  const data = frame.data;
  const linesize = frame.linesize;
  if (data === null) throw encoderFailed("reading the planes of a frame", -1);
  const plane = (i: number) => ({ bytes: data[i] as Uint8Array, stride: linesize[i] as number });
  return { luma: plane(0), cb: plane(1), cr: plane(2) };
}

function samplesOf(frame: Frame, channel: number): Float32Array {
  const bytes = frame.data?.[channel];
  if (bytes === undefined) throw encoderFailed("reading the samples of a frame", -1);
  return new Float32Array(bytes.buffer, bytes.byteOffset, AAC_FRAME_SAMPLES);
}

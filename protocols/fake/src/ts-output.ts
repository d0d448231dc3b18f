import { type CodecContext, Dictionary, FormatContext, type Packet, type Stream } from "node-av/lib";
import { encoderFailed } from "./errors.ts";
import { check, setOptions } from "./ffmpeg-calls.ts";

/** Time from a byte's arrival to its decoding that the multiplexer plans for, microseconds. */
const MUX_DELAY_US = 200_000;

/**
 * Writes coded packets as an MPEG transport stream with FFmpeg's multiplexer, which writes the file descriptor
 * itself: media does not pass through JavaScript. PCR stands before each picture.
 */
export class TsOutput {
  readonly #format = new FormatContext();
  readonly #streams = new Map<CodecContext, Stream>();

  /** @param url where FFmpeg writes: `pipe:1` is standard output. */
  constructor(url: string) {
    check("avformat_alloc_output_context2", this.#format.allocOutputContext2(null, "mpegts", url));
    check("avio_open", this.#format.openOutputSync());
  }

  add(encoder: CodecContext): void {
    const stream = this.#format.newStream(null);
    check("avcodec_parameters_from_context", encoder.parametersFromContext(stream.codecpar));
    stream.timeBase = encoder.timeBase;
    this.#streams.set(encoder, stream);
  }

  start(): void {
    this.#format.metadata = Dictionary.fromObject({ service_name: "clock", service_provider: "Millrace" });
    setOptions(this.#format, {
      max_delay: String(MUX_DELAY_US),
      pes_payload_size: "0",
      pat_period: "0.2",
      sdt_period: "1",
      flush_packets: "0",
    });
    check("avformat_write_header", this.#format.writeHeaderSync());
  }

  /** Packets come in the order of their decoding times. */
  write(packet: Packet, encoder: CodecContext): void {
    const stream = this.#streams.get(encoder);
    if (stream === undefined) throw encoderFailed("writing a packet of an unknown encoder", -1);
    packet.streamIndex = stream.index;
    packet.rescaleTs(encoder.timeBase, stream.timeBase);
    check("av_write_frame", this.#format.writeFrameSync(packet));
  }

  /** Everything written so far reaches the reader. That the reader is gone shows at the next `write`. */
  flush(): void {
    this.#format.flushSync();
  }

  close(): void {
    check("av_write_trailer", this.#format.writeTrailerSync());
    this.#format.closeOutputSync();
    this.#format.freeContext();
  }
}

import { emptyPictureInfo, inspectMpeg4, parseMpeg4Headers } from "@millrace/codec";
import type { VideoFormat } from "@millrace/model";
import type { ElementaryStream } from "./elementary-stream.ts";
import type { Framer, TrackDetails } from "./framer.ts";

/**
 * Hands on the payload of each PES packet as one unit: subtitles, teletext, ID3, private data, AC-4, MPEG-4 part 2 video.
 * A packet with a hole in it is dropped, since nobody downstream could tell.
 */
export class WholeFramer implements Framer {
  readonly needsWhole = true;
  readonly #stream: ElementaryStream;
  readonly #picture = emptyPictureInfo();
  #format: VideoFormat | undefined;

  constructor(stream: ElementaryStream) {
    this.#stream = stream;
  }

  begin(): void {
    this.#emit();
  }

  complete(): void {
    this.#emit();
  }

  lose(): void {
    this.#stream.clear();
    this.#stream.skipToNextPacket();
    this.#stream.host.counters.droppedUnits++;
  }

  flush(): void {
    this.#emit();
  }

  details(): TrackDetails {
    return this.#format === undefined ? {} : { video: this.#format };
  }

  #emit(): void {
    const stream = this.#stream;
    if (stream.length === 0) return;
    const data = stream.bytes.subarray(0, stream.length);
    const key = stream.coding.codec === "mpeg4" ? this.#isKey(data) : true;
    stream.takeMark(0);
    const known = !Number.isNaN(stream.markDts);
    const dts = known ? stream.markDts : stream.clock.pcrTicks;
    const pts = known ? stream.markPts : dts;
    if (Number.isNaN(dts)) stream.host.counters.droppedUnits++;
    else {
      const wallMs = stream.host.wallMs;
      stream.deliver({ track: stream.pid, pts, dts, key, discontinuity: false, data: [data], wallMs });
    }
    stream.clear();
  }

  #isKey(data: Uint8Array): boolean {
    inspectMpeg4(data, this.#picture);
    if (this.#picture.parameterSets && this.#format === undefined) {
      this.#format = parseMpeg4Headers(data);
      if (this.#format !== undefined) this.#stream.host.trackChanged();
    }
    return this.#picture.intra;
  }
}

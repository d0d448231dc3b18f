import { u16be, u24be } from "@millrace/bytes";
import {
  emptyAudioFrameHeader,
  emptyPictureInfo,
  FRAME_B,
  FRAME_P,
  findStartCode,
  H264_NAL,
  H264ParameterSets,
  H265_NAL,
  H265ParameterSets,
  h265NalType,
  mpaCodecString,
  NalList,
  parseMpa,
  type VideoHeaders,
  writeLengthPrefixed,
} from "@millrace/codec";
import type { EntryDetails } from "./track-details.ts";
import { completeFormat } from "./video-details.ts";

/** Delimiters and filler, which access units go without (`AccessUnit.data`). */
function isH264Waste(header: number): boolean {
  const type = header & 0x1f;
  return type === H264_NAL.aud || type === H264_NAL.filler;
}

function isH265Waste(header: number): boolean {
  const type = h265NalType(header);
  return type === H265_NAL.aud || type === H265_NAL.filler;
}

/** Turns the samples of one track into the data of access units, and learns from them what the sample entry left open. */
export class SampleUnpacker {
  /** What is known of the track. */
  details: EntryDetails;
  /** Grows whenever `details` change. */
  version = 0;
  /** Of the sample unpacked last: a decoder may start there. */
  key = false;
  /** Of the sample unpacked last: a length in it pointed behind its end. */
  damaged = false;

  readonly #nals = new NalList();
  readonly #picture = emptyPictureInfo();
  #headers: VideoHeaders | undefined;
  #headersVersion = 0;
  #scratch = new Uint8Array(0);
  #layerKnown = false;

  constructor(details: EntryDetails) {
    this.details = details;
    const { codec, record } = details;
    if (codec === "h264") this.#headers = new H264ParameterSets();
    else if (codec === "h265") this.#headers = new H265ParameterSets();
    if (record !== undefined) this.#headers?.load(record);
    this.#headersVersion = this.#headers?.version ?? 0;
  }

  /** Whether units can be decoded with what is known. */
  get ready(): boolean {
    return this.#headers === undefined || this.details.config !== undefined;
  }

  /**
   * The data of the unit in `sample`; undefined where there is none, as in a sample of parameter sets alone. The parts are
   * views on `sample`, or on memory that the next call overwrites. `sync`: what the file says of it.
   */
  unpack(sample: Uint8Array, sync: boolean): Uint8Array[] | undefined {
    this.damaged = false;
    this.key = sync;
    if (sample.length === 0) return undefined;
    const { codec, prefix } = this.details;
    if (this.#headers !== undefined) return this.#unpackNals(sample, sync, this.#headers);
    if (codec === "mpa" && !this.#layerKnown) this.#learnLayer(sample);
    if (codec === "av1") return this.#unpackAv1(sample);
    const bare = prefix !== undefined && sync && !beginsWithHeaders(codec, sample);
    return bare ? [prefix, sample] : [sample];
  }

  #unpackNals(sample: Uint8Array, sync: boolean, headers: VideoHeaders): Uint8Array[] | undefined {
    const nals = this.#nals;
    const isH264 = this.details.codec === "h264";
    this.damaged = !this.#scan(sample);
    nals.removeWhere(sample, isH264 ? isH264Waste : isH265Waste);
    headers.collect(sample, nals);
    headers.inspect(sample, nals, this.#picture);
    if (headers.version !== this.#headersVersion) this.#learnSets(headers);
    const { key, frameType, slices } = this.#picture;
    this.key = key || (sync && frameType !== FRAME_P && frameType !== FRAME_B);
    return slices === 0 ? undefined : [this.#pack(sample)];
  }

  /** Sets in band, as "avc3" and "hev1" have them. */
  #learnSets(headers: VideoHeaders): void {
    this.#headersVersion = headers.version;
    const { config, codecString, format } = headers;
    if (config === undefined) return;
    const { video = { width: 0, height: 0 } } = this.details;
    this.details = {
      ...this.details,
      config,
      ...(codecString === undefined ? {} : { codecString }),
      video: completeFormat(format, video),
    };
    this.version++;
  }

  #learnLayer(sample: Uint8Array): void {
    const header = emptyAudioFrameHeader();
    if (parseMpa(sample, 0, header) <= 0) return;
    this.#layerKnown = true;
    const { sampleRate, channels, samples: frameSamples, bitrate, profile } = header;
    const audio = { sampleRate, channels, frameSamples, profile, ...(bitrate > 0 ? { bitrate } : {}) };
    this.details = { ...this.details, audio, codecString: mpaCodecString(header) };
    this.version++;
  }

  /** Units go without temporal delimiters; so should samples, but some writers leave them. */
  #unpackAv1(sample: Uint8Array): Uint8Array[] | undefined {
    const delimited = ((sample[0] as number) & 0x7e) === 0x12 && sample[1] === 0;
    if (!delimited) return [sample];
    return sample.length === 2 ? undefined : [sample.subarray(2)];
  }

  /** Fills the list of NAL units; false if a length pointed behind the end. */
  #scan(sample: Uint8Array): boolean {
    const { lengthSize } = this.details;
    if (lengthSize === 4) return this.#nals.scanLengthPrefixed(sample, 0, sample.length) >= 0;
    const nals = this.#nals;
    nals.clear();
    let at = 0;
    while (at + lengthSize <= sample.length) {
      const size =
        lengthSize === 1 ? (sample[at] as number) : lengthSize === 2 ? u16be(sample, at) : u24be(sample, at);
      at += lengthSize;
      if (size > sample.length - at) return false;
      if (size > 0) nals.add(at, at + size);
      at += size;
    }
    return at === sample.length;
  }

  /** The listed NAL units behind 4-byte lengths: the sample itself where it is that already. */
  #pack(sample: Uint8Array): Uint8Array {
    const nals = this.#nals;
    const size = nals.prefixedSize();
    if (size === sample.length && this.details.lengthSize === 4) return sample;
    if (size > this.#scratch.length) this.#scratch = new Uint8Array(Math.max(size, this.#scratch.length * 2));
    writeLengthPrefixed(sample, nals, { target: this.#scratch, at: 0 });
    return this.#scratch.subarray(0, size);
  }
}

/** Whether the first start code is that of a sequence or layer, not of a picture or group. */
function beginsWithHeaders(codec: string, sample: Uint8Array): boolean {
  const at = findStartCode(sample, 0, sample.length);
  const code = sample[at + 3];
  if (code === undefined) return false;
  // MPEG-2: sequence_header_code. MPEG-4: visual object sequence, visual object, video object, its layer.
  return codec === "mpeg4" ? code <= 0x2f || code === 0xb0 || code === 0xb5 : code === 0xb3;
}

import { equalBytes } from "@millrace/bytes";
import {
  emptyPictureInfo,
  FRAME_B,
  FRAME_P,
  H264_NAL,
  H264ParameterSets,
  H265_NAL,
  H265ParameterSets,
  h265NalType,
  NalList,
  parseAvcConfig,
  parseHevcConfig,
  type VideoHeaders,
  writeLengthPrefixed,
} from "@millrace/codec";
import type { VideoCodec, VideoFormat } from "@millrace/model";
import { type AmfValue, isAmfObject } from "./amf-value.ts";
import { Amf0Reader } from "./amf0.ts";
import { type TrackDetails, type TrackHost, TrackState } from "./track-host.ts";
import { FRAME_GENERATED_KEY, FRAME_KEY, type VideoPart } from "./video-body.ts";
import { av1UnitStart, readAv1Config, readVpConfig, vp8KeySize, vp9KeySize } from "./video-format.ts";

/** What onMetaData says of the picture, for codecs whose headers do not. */
export interface VideoHint {
  readonly width: number;
  readonly height: number;
  /** Frames per second; 0 unknown. */
  readonly frameRate: number;
}

/** Delimiters and filler, which access units go without (`AccessUnit.data`). */
function isH264Waste(header: number): boolean {
  const type = header & 0x1f;
  return type === H264_NAL.aud || type === H264_NAL.filler;
}

function isH265Waste(header: number): boolean {
  const type = h265NalType(header);
  return type === H265_NAL.aud || type === H265_NAL.filler;
}

/** A video track out of FLV: configuration records to track details, bodies to access units. */
export class VideoTrack {
  readonly state: TrackState;
  hint: VideoHint | undefined;
  readonly #nals = new NalList();
  readonly #picture = emptyPictureInfo();
  #headers: VideoHeaders | undefined;
  #version = 0;
  #lengthSize = 4;
  #record: Uint8Array | undefined;
  #colour: VideoFormat["colour"] | undefined;
  /** As the coding itself has it, without colour metadata. */
  #ownColour: VideoFormat["colour"] | undefined;
  #scratch = new Uint8Array(0);

  constructor(id: number, host: TrackHost) {
    this.state = new TrackState(id, host);
  }

  /** Takes a part of a body. `dts` in ticks. */
  take(part: VideoPart, dts: number): void {
    switch (part.packetType) {
      case "config":
        if (part.codec === undefined) this.state.unsupported();
        else if (part.data.length > 0) this.#configure(part.codec, part.data);
        break;
      case "frames":
        this.#frames(part, dts);
        break;
      case "metadata":
        this.#metadata(part.data);
        break;
      case "damaged":
        this.state.damaged();
        break;
      default:
      // ends, commands, and what later versions bring
    }
  }

  #configure(codec: VideoCodec, record: Uint8Array): void {
    if (this.state.codec === codec && this.#record !== undefined && equalBytes(this.#record, record)) return;
    if (codec === "h264" || codec === "h265") {
      this.#configureNals(codec, record);
      return;
    }
    const facts = codec === "av1" ? readAv1Config(record) : readVpConfig(record);
    if (facts === undefined) {
      this.#badConfig();
      return;
    }
    this.#headers = undefined;
    this.#record = record.slice();
    this.#apply(codec, facts, true);
  }

  #configureNals(codec: "h264" | "h265", record: Uint8Array): void {
    const parsed = codec === "h264" ? parseAvcConfig(record) : parseHevcConfig(record);
    const headers = codec === "h264" ? new H264ParameterSets() : new H265ParameterSets();
    if (parsed === undefined) {
      this.#badConfig();
      return;
    }
    const complete = headers.load(record.slice());
    this.#headers = headers;
    this.#version = headers.version;
    this.#lengthSize = parsed.lengthSize;
    this.#record = record.slice();
    this.state.awaitDetails(codec);
    // Sets that are not here may be in the frames.
    if (!complete) return;
    const config = parsed.lengthSize === 4 ? this.#record : headers.config;
    this.#apply(codec, headerDetails(headers, config), true);
  }

  #badConfig(): void {
    this.state.damaged();
    this.state.host.problem("flv.config");
  }

  #apply(codec: VideoCodec, details: TrackDetails, breaks: boolean): void {
    this.#ownColour = details.video?.colour;
    const video = this.#complete(details.video);
    this.state.configure(codec, video === undefined ? details : { ...details, video }, breaks);
  }

  /** The format with what onMetaData and colour metadata add to it. */
  #complete(format: VideoFormat | undefined): VideoFormat | undefined {
    const { hint } = this;
    const sized = hint !== undefined && hint.width > 0 && hint.height > 0;
    const base =
      format ?? (sized ? { width: hint.width, height: hint.height, profile: 0, level: 0 } : undefined);
    if (base === undefined) return undefined;
    const rate = hint === undefined ? 0 : Math.round(hint.frameRate * 1000);
    return {
      ...(rate > 0 && rate < 1_000_000 ? { frameRate: millirate(rate) } : {}),
      ...(this.#colour === undefined ? {} : { colour: this.#colour }),
      ...base,
    };
  }

  #frames(part: VideoPart, dts: number): void {
    const { codec } = part;
    if (codec === undefined) {
      this.state.unsupported();
      return;
    }
    if (part.data.length === 0) return;
    const pts = dts + part.compositionMs * 90;
    const tagKey = part.frameType === FRAME_KEY || part.frameType === FRAME_GENERATED_KEY;
    if (codec === "h264" || codec === "h265") this.#nalFrame(codec, part.data, { pts, dts }, tagKey);
    else this.#plainFrame(codec, part.data, { pts, dts }, tagKey);
  }

  #plainFrame(codec: VideoCodec, data: Uint8Array, time: { pts: number; dts: number }, key: boolean): void {
    if (key && codec !== "av1") this.#learnSize(codec, data);
    if (!this.#isReady(codec)) return;
    const from = codec === "av1" ? av1UnitStart(data) : 0;
    if (from === data.length) return;
    this.state.deliver(time, key, [data.subarray(from)]);
  }

  /** VP9 and VP8 tell their size in key frames only. */
  #learnSize(codec: VideoCodec, data: Uint8Array): void {
    const size = codec === "vp9" ? vp9KeySize(data) : vp8KeySize(data);
    const known = this.state.details.video;
    if (size === undefined || (codec === "vp9" && this.state.codec !== codec)) return;
    const same = known?.width === size.width && known.height === size.height;
    if (same && this.state.codec === codec) return;
    const { config, codecString = "vp08" } = this.state.codec === codec ? this.state.details : {};
    // Of VP9's record, behind version and flags.
    const level = config?.[5] ?? 0;
    this.#apply(
      codec,
      {
        ...(config === undefined ? {} : { config }),
        codecString,
        video: { ...size, level },
      },
      false,
    );
  }

  #nalFrame(
    codec: "h264" | "h265",
    data: Uint8Array,
    time: { pts: number; dts: number },
    tagKey: boolean,
  ): void {
    if (this.#headers === undefined || this.state.codec !== codec) this.#beginInBand(codec);
    const nals = this.#nals;
    const whole = this.#scan(data);
    nals.removeWhere(data, codec === "h264" ? isH264Waste : isH265Waste);
    const headers = this.#headers as VideoHeaders;
    headers.collect(data, nals);
    headers.inspect(data, nals, this.#picture);
    if (headers.version !== this.#version && headers.complete) {
      this.#version = headers.version;
      this.#apply(codec, headerDetails(headers, headers.config), false);
    }
    if (!whole) {
      this.state.damaged();
      this.state.discontinuity = true;
    }
    if (this.#picture.slices === 0) {
      this.state.drop();
      return;
    }
    if (!this.#isReady(codec)) return;
    const { key, frameType } = this.#picture;
    const decodable = key || (tagKey && frameType !== FRAME_P && frameType !== FRAME_B);
    this.state.deliver(time, decodable, [this.#pack(data)]);
  }

  /** Frames of a codec before its record: from some, parameter sets come in band. */
  #beginInBand(codec: "h264" | "h265"): void {
    this.#headers = codec === "h264" ? new H264ParameterSets() : new H265ParameterSets();
    this.#version = 0;
    this.#lengthSize = 4;
    this.#record = undefined;
    this.state.awaitDetails(codec);
  }

  #isReady(codec: VideoCodec): boolean {
    if (this.state.ready && this.state.codec === codec) return true;
    this.state.drop();
    this.state.host.problem("flv.no-config");
    return false;
  }

  /** Fills the list of NAL units; false if a length pointed behind the end. */
  #scan(data: Uint8Array): boolean {
    const nals = this.#nals;
    const whole =
      this.#lengthSize === 4 ? nals.scanLengthPrefixed(data, 0, data.length) >= 0 : this.#scanShort(data);
    if (whole || data[0] !== 0 || data[1] !== 0 || (data[2] !== 1 && (data[2] !== 0 || data[3] !== 1)))
      return whole;
    // Start codes where lengths belong, as some publishers write.
    return nals.scanAnnexB(data, 0, data.length) > 0;
  }

  #scanShort(data: Uint8Array): boolean {
    const nals = this.#nals;
    const size = this.#lengthSize;
    nals.clear();
    let at = 0;
    while (at + size <= data.length) {
      const bytes =
        size === 1 ? (data[at] as number) : ((data[at] as number) << 8) | (data[at + 1] as number);
      at += size;
      if (bytes > data.length - at) return false;
      if (bytes > 0) nals.add(at, at + bytes);
      at += bytes;
    }
    return at === data.length;
  }

  /** The listed NAL units behind 4-byte lengths: as they stand in `data` where they are that already. */
  #pack(data: Uint8Array): Uint8Array {
    const nals = this.#nals;
    const size = nals.prefixedSize();
    if (size === data.length && this.#lengthSize === 4 && nals.starts[0] === 4 && !startsWithCode(data)) {
      return data;
    }
    if (size > this.#scratch.length) this.#scratch = new Uint8Array(Math.max(size, this.#scratch.length * 2));
    writeLengthPrefixed(data, nals, { target: this.#scratch, at: 0 });
    return this.#scratch.subarray(0, size);
  }

  /** Pairs of name and value; "colorInfo" is the one there is (Enhanced RTMP v2, "Metadata Frame"). */
  #metadata(data: Uint8Array): void {
    const told = readColour(data);
    if (told === undefined) return;
    this.#colour = told === "reset" ? undefined : told;
    const colour = this.#colour ?? this.#ownColour;
    const { video: before } = this.state.details;
    if (!this.state.ready || before === undefined || this.state.codec === undefined) return;
    if (JSON.stringify(before.colour) === JSON.stringify(colour)) return;
    const { colour: _, ...video } = before;
    const details = {
      ...this.state.details,
      video: { ...video, ...(colour === undefined ? {} : { colour }) },
    };
    this.state.configure(this.state.codec, details, false);
  }
}

/** Thousandths of frames a second as a fraction in lowest terms. */
function millirate(rate: number): { num: number; den: number } {
  let a = rate;
  let b = 1000;
  while (b !== 0) [a, b] = [b, a % b];
  return { num: rate / a, den: 1000 / a };
}

/** 00 00 00 01 may also be the length of a NAL unit of one byte; packing that anew does no harm. */
function startsWithCode(data: Uint8Array): boolean {
  return data[0] === 0 && data[1] === 0 && data[2] === 0 && data[3] === 1;
}

function headerDetails(headers: VideoHeaders, config: Uint8Array | undefined): TrackDetails {
  const { codecString, format } = headers;
  return {
    ...(config === undefined ? {} : { config }),
    ...(codecString === undefined ? {} : { codecString }),
    ...(format === undefined ? {} : { video: format }),
  };
}

/** "reset": back to what the coding says, by an undefined value or an empty object. Undefined: nothing about colour. */
function readColour(data: Uint8Array): VideoFormat["colour"] | "reset" | undefined {
  let value: AmfValue;
  try {
    const reader = new Amf0Reader(data);
    if (reader.read() !== "colorInfo") return undefined;
    value = reader.read();
  } catch {
    return undefined;
  }
  if (value === undefined || (isAmfObject(value) && Object.keys(value).length === 0)) return "reset";
  const config = isAmfObject(value) ? value["colorConfig"] : undefined;
  if (!isAmfObject(config)) return undefined;
  const { colorPrimaries, transferCharacteristics, matrixCoefficients } = config;
  if (![colorPrimaries, transferCharacteristics].every((code) => typeof code === "number")) return undefined;
  return {
    primaries: codePoint(colorPrimaries),
    transfer: codePoint(transferCharacteristics),
    matrix: codePoint(matrixCoefficients),
    fullRange: false,
  };
}

/** A code point of ITU-T H.273; 2 is "unspecified". */
function codePoint(value: AmfValue): number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value < 256 ? value : 2;
}

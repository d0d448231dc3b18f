import type { Shape } from "../xml/shape.ts";
import {
  base64Form,
  booleanForm,
  hexForm,
  integerForm,
  textForm,
  type ValueForm,
  wordForm,
} from "../xml/values.ts";
import type {
  SmoothChunk,
  SmoothManifest,
  SmoothProtection,
  SmoothQualityLevel,
  SmoothStream,
} from "./manifest.ts";

/** Booleans are written in capitals, as the first servers did and clients expect. */
const capitalForm: ValueForm<boolean> = {
  read: (text) => booleanForm.read(text),
  write: (value) => (value ? "TRUE" : "FALSE"),
};

const chunkShape: Shape<SmoothChunk> = {
  attributes: [
    ["n", "number", integerForm],
    ["t", "startTicks", integerForm],
    ["d", "durationTicks", integerForm],
    ["r", "repeat", integerForm],
  ],
};

const qualityLevelShape: Shape<SmoothQualityLevel> = {
  attributes: [
    ["Index", "index", integerForm],
    ["Bitrate", "bitrate", integerForm],
    ["FourCC", "fourCc", textForm],
    ["MaxWidth", "maxWidth", integerForm],
    ["MaxHeight", "maxHeight", integerForm],
    ["NALUnitLengthField", "nalUnitLengthBytes", integerForm],
    ["SamplingRate", "samplingRateHz", integerForm],
    ["Channels", "channels", integerForm],
    ["BitsPerSample", "bitsPerSample", integerForm],
    ["PacketSize", "packetSize", integerForm],
    ["AudioTag", "audioTag", integerForm],
    ["CodecPrivateData", "codecPrivateData", hexForm],
  ],
  required: ["index", "bitrate"],
  otherwise: { index: 0 },
};

const streamShape: Shape<SmoothStream> = {
  attributes: [
    ["Type", "type", wordForm("video", "audio", "text")],
    ["Subtype", "subtype", textForm],
    ["Name", "name", textForm],
    ["Language", "language", textForm],
    ["TimeScale", "timescale", integerForm],
    ["Url", "url", textForm],
    ["MaxWidth", "maxWidth", integerForm],
    ["MaxHeight", "maxHeight", integerForm],
    ["DisplayWidth", "displayWidth", integerForm],
    ["DisplayHeight", "displayHeight", integerForm],
    ["ParentStreamIndex", "parentStream", textForm],
    ["ManifestOutput", "manifestOutput", capitalForm],
  ],
  counts: [
    ["Chunks", (stream) => stream.chunks.reduce((sum, one) => sum + (one.repeat ?? 1), 0)],
    ["QualityLevels", (stream) => stream.qualityLevels.length],
  ],
  required: ["type"],
  initial: { qualityLevels: [], chunks: [] },
  children: [
    { element: "QualityLevel", key: "qualityLevels", many: true, shape: qualityLevelShape },
    { element: "c", key: "chunks", many: true, shape: chunkShape },
  ],
};

const protectionHeaderShape: Shape<SmoothProtection> = {
  attributes: [["SystemID", "systemId", textForm]],
  text: { key: "header", form: base64Form },
  required: ["systemId", "header"],
};

/** The element between has nothing of its own. */
interface Protection {
  readonly header?: SmoothProtection;
}

/** The manifest as its elements nest. */
export interface SmoothDocument extends Omit<SmoothManifest, "protection"> {
  readonly major: number;
  readonly minor: number;
  readonly protection?: Protection;
}

export const manifestShape: Shape<SmoothDocument> = {
  attributes: [
    ["MajorVersion", "major", integerForm],
    ["MinorVersion", "minor", integerForm],
    ["TimeScale", "timescale", integerForm],
    ["Duration", "durationTicks", integerForm],
    ["IsLive", "isLive", capitalForm],
    ["LookAheadFragmentCount", "lookAheadFragmentCount", integerForm],
    ["DVRWindowLength", "dvrWindowTicks", integerForm],
  ],
  required: ["major", "minor", "durationTicks"],
  otherwise: { major: 2, minor: 0, durationTicks: 0 },
  initial: { streams: [] },
  children: [
    {
      element: "Protection",
      key: "protection",
      shape: { children: [{ element: "ProtectionHeader", key: "header", shape: protectionHeaderShape }] },
    },
    { element: "StreamIndex", key: "streams", many: true, shape: streamShape },
  ],
};

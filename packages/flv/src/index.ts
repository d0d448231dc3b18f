export {
  AmfDate,
  AmfEcmaArray,
  type AmfObject,
  AmfTyped,
  type AmfValue,
  AmfXml,
  amfObject,
  ecmaArray,
  isAmfObject,
  MAX_AMF_DEPTH,
} from "./amf-value.ts";
export * from "./amf0.ts";
export * from "./amf3.ts";
export * from "./audio-body.ts";
export * from "./demuxer.ts";
export {
  AmfProblem,
  type AmfProblemCode,
  FlvProblem,
  type FlvProblemCode,
} from "./errors.ts";
export * from "./four-cc.ts";
export * from "./muxer.ts";
export * from "./tag.ts";
export {
  CODEC_ID_AVC,
  CODEC_ID_HEVC,
  FRAME_COMMAND,
  FRAME_DISPOSABLE,
  FRAME_GENERATED_KEY,
  FRAME_INTER,
  FRAME_KEY,
  parseVideoBody,
  serializeVideoBody,
  type VideoBodyFields,
  type VideoPacketType,
  type VideoPart,
} from "./video-body.ts";

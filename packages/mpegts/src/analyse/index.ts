export { TsAnalyser, type TsAnalyserOptions } from "./analyser.ts";
export type { EsFormat } from "./es-format.ts";
export * from "./report.ts";
export { describeStream, type StreamKind } from "./stream-kind.ts";

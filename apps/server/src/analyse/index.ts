export { type AnalyseOptions, analyseCommand, analyseTarget } from "./command.ts";
export type { AnalyseErrorCode } from "./errors.ts";
export { formatReport } from "./format-report.ts";

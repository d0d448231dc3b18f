export { type CbrCounters, CbrPacer, type CbrPacerOptions } from "./cbr-pacer.ts";
export type { PacingErrorCode } from "./errors.ts";
export { type PacerCounters, PcrPacer, type PcrPacerOptions } from "./pcr-pacer.ts";

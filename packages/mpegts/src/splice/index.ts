export { type SpliceCounters, TsSplicer } from "./splicer.ts";

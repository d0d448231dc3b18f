export * from "./detect.ts";
export * from "./jitter.ts";
export * from "./packet.ts";
export * from "./reorder.ts";
export * from "./sequence.ts";

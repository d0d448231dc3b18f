export * from "./big-endian.ts";
export * from "./bit-reader.ts";
export * from "./bit-writer.ts";
export * from "./byte-reader.ts";
export * from "./concat.ts";
export * from "./crc32.ts";
export type { BytesErrorCode } from "./errors.ts";
export * from "./hex.ts";

export * from "./config.ts";
export * from "./errors.ts";
export * from "./media.ts";
export * from "./session.ts";
export * from "./time.ts";

export { SessionDesk } from "./desk.ts";
export { sessionPolicy } from "./policy.ts";
export { sessions } from "./routes.ts";
export type { SessionKeysOptions } from "./session-keys.ts";

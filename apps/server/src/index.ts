export { createLog } from "./log.ts";
export { type Served, type ServeOptions, serve } from "./serve.ts";

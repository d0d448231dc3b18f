import type { Protocol } from "@millrace/engine";
import { MSE_PACKAGING } from "./packaging.ts";
import { playMse, wantWebSocket } from "./serve.ts";

/** Frames over a WebSocket for Media Source Extensions: low latency in any browser. */
export const mse: Protocol = {
  name: "mse",
  schemes: [],
  options: [],
  packagings: [MSE_PACKAGING],
  routes: (runtime) => [
    {
      methods: ["GET", "HEAD"],
      pattern: /^\/(.+)\/mse_ld$/,
      handle: wantWebSocket,
      upgrade: (exchange) => playMse(runtime, exchange),
    },
  ],
};

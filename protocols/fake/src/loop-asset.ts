import { fileURLToPath } from "node:url";

/** Length of the pre-encoded loop. */
export const LOOP_SECONDS = 8;

/** Path of the pre-encoded loop. */
export const LOOP_ASSET: string = fileURLToPath(new URL("../assets/clock-loop.mpegts", import.meta.url));

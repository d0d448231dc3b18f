import { createHash } from "node:crypto";
import type { Asset } from "@millrace/web";

/** Where pages written for Flussonic load the player of `mse_ld` from: a script, and a class among the globals. */
export const FLUSSONIC_PLAYER = "/flu/assets/FlussonicMsePlayer.js";

/** That script, made from the module that the pages load: `/-/mse-player.js`. */
export function flussonicPlayer(module: Asset): Asset {
  const body = Buffer.from(asScript(Buffer.from(module.body).toString()));
  const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
  return { type: "text/javascript; charset=utf-8", body, etag };
}

/** A classic script, which has no exports. */
function asScript(source: string): string {
  const body = source.replace(/^export class /m, "class ");
  return `(() => {\n"use strict";\n${body}\nglobalThis.FlussonicMsePlayer = MsePlayer;\n})();\n`;
}

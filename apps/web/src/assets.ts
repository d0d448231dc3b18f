import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { assetMissing } from "./errors.ts";

/** A file as it is served. */
export interface Asset {
  /** Content-Type. */
  readonly type: string;
  readonly body: Uint8Array;
  /** The body for `Content-Encoding: gzip`, where that is smaller. */
  readonly gzip?: Uint8Array;
  /** Entity tag, with its quotes. The same for both bodies: serve it with `Vary: Accept-Encoding`. */
  readonly etag: string;
}

/** Path under which the assets are served. */
export const ASSET_PREFIX = "/-/";

const FOLDER = fileURLToPath(new URL("../assets/", import.meta.url));
const PLAYER = "hls.js";
const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

/**
 * Reads every file that the pages load, by its path (`/-/app.js`). Call it once and keep the result. Throws a
 * `MillraceError` with code `asset-missing` when hls.js is neither beside the assets nor installed.
 */
export function loadAssets(): Map<string, Asset> {
  const assets = new Map<string, Asset>();
  for (const name of readdirSync(FOLDER).sort()) {
    const type = TYPES[extname(name)];
    if (type !== undefined)
      assets.set(ASSET_PREFIX + name, makeAsset(type, readFileSync(join(FOLDER, name))));
  }
  assets.set(ASSET_PREFIX + PLAYER, makeAsset(TYPES[".js"] as string, readFileSync(playerPath())));
  // Browsers ask for it on pages that name no icon; they take any image type.
  const icon = assets.get(`${ASSET_PREFIX}favicon.svg`);
  if (icon !== undefined) assets.set("/favicon.ico", icon);
  return assets;
}

/** Where hls.js is: the published package carries it among the assets, a checkout has it in `node_modules`. */
export function playerPath(): string {
  const carried = join(FOLDER, PLAYER);
  if (existsSync(carried)) return carried;
  try {
    return fileURLToPath(import.meta.resolve("hls.js/dist/hls.min.js"));
  } catch (cause) {
    throw assetMissing(PLAYER, cause);
  }
}

function makeAsset(type: string, body: Uint8Array): Asset {
  const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
  const gzip = gzipSync(body, { level: 6 });
  return gzip.length < body.length ? { type, body, gzip, etag } : { type, body, etag };
}

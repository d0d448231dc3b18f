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
  readonly gzip?: Uint8Array | undefined;
  /** Entity tag, with its quotes. The same for both bodies: serve it with `Vary: Accept-Encoding`. */
  readonly etag: string;
}

/** Path under which the assets are served. */
export const ASSET_PREFIX = "/-/";

const FOLDER = fileURLToPath(new URL("../assets/", import.meta.url));
const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** Not imported: it is for browsers, and handed out as it is. */
const MSE_PLAYER = "@millrace/mse-player";

/** Libraries of the player, by the names that they are served under, and where a checkout has them. */
const LIBRARIES: Readonly<Record<string, () => string>> = {
  "hls.js": () => import.meta.resolve("hls.js/dist/hls.min.js"),
  // The package exports only the build with everything in it; the smaller one lies beside it.
  "dash.js": () => new URL("dash.mediaplayer.min.js", import.meta.resolve("dashjs")).href,
  "mpegts.js": () => import.meta.resolve("mpegts.js"),
  "mse-player.js": () => import.meta.resolve(MSE_PLAYER),
};

/**
 * Every file that the pages load, by its path (`/-/app.js`). Call it once and keep the result: each is read when it is
 * first asked for. Throws a `MillraceError` with code `asset-missing` when a library is neither beside the assets nor
 * installed.
 */
export function loadAssets(): Map<string, Asset> {
  const assets = new Map<string, Asset>();
  for (const name of readdirSync(FOLDER).sort()) {
    if (TYPES[extname(name)] !== undefined)
      assets.set(ASSET_PREFIX + name, new FileAsset(join(FOLDER, name)));
  }
  for (const name of Object.keys(LIBRARIES))
    assets.set(ASSET_PREFIX + name, new FileAsset(libraryPath(name)));
  // Browsers ask for it on pages that name no icon; they take any image type.
  const icon = assets.get(`${ASSET_PREFIX}favicon.svg`);
  if (icon !== undefined) assets.set("/favicon.ico", icon);
  return assets;
}

/** Where a library is: the published package carries it among the assets, a checkout has it in `node_modules`. */
function libraryPath(name: string): string {
  const carried = join(FOLDER, name);
  if (existsSync(carried)) return carried;
  try {
    const path = fileURLToPath((LIBRARIES[name] as () => string)());
    if (existsSync(path)) return path;
  } catch (cause) {
    throw assetMissing(name, cause);
  }
  throw assetMissing(name, undefined);
}

/** Packing takes a while, and most libraries are never asked for. */
class FileAsset implements Asset {
  readonly type: string;
  readonly #path: string;
  #read: Pick<Asset, "body" | "gzip" | "etag"> | undefined;

  constructor(path: string) {
    this.type = TYPES[extname(path)] as string;
    this.#path = path;
  }

  get body(): Uint8Array {
    return this.#content().body;
  }

  get gzip(): Uint8Array | undefined {
    return this.#content().gzip;
  }

  get etag(): string {
    return this.#content().etag;
  }

  #content(): Pick<Asset, "body" | "gzip" | "etag"> {
    if (this.#read !== undefined) return this.#read;
    const body = readFileSync(this.#path);
    const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
    const gzip = gzipSync(body, { level: 6 });
    this.#read = gzip.length < body.length ? { body, gzip, etag } : { body, etag };
    return this.#read;
  }
}

import type { Protocol } from "@millrace/engine";
import { FILE_FORMATS, type FileFormat } from "./file-formats.ts";
import { PACKAGINGS } from "./packaging.ts";
import { serveFile } from "./serve.ts";
import { serveShoutcast } from "./shoutcast.ts";

const METHODS = ["GET", "HEAD"];
const ENDINGS = Object.keys(FILE_FORMATS).join("|");

/** Streams as files without end, for players that know no streaming. */
export const progressive: Protocol = {
  name: "progressive",
  schemes: [],
  options: [],
  packagings: PACKAGINGS,
  routes: (runtime) => [
    {
      methods: METHODS,
      pattern: new RegExp(`^/(.+)\\.(${ENDINGS})$`),
      handle: (exchange) => {
        const ending = exchange.match[2] as string;
        const format = FILE_FORMATS[ending] as FileFormat;
        return serveFile(runtime, exchange, { format, protocol: `http-${ending}` });
      },
    },
    {
      methods: METHODS,
      pattern: /^\/(.+)\/shoutcast$/,
      handle: (exchange) => serveShoutcast(runtime, exchange),
    },
  ],
};

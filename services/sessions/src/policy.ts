import type { AccessPolicy, Verdict } from "@millrace/engine";
import { readTokens } from "./config.ts";
import { REDEEM, type Redemption } from "./desk.ts";
import { isHex, streamOfResource } from "./resource.ts";

/** Protocols whose callers need a key where the configuration has tokens. */
const PROTOCOLS: ReadonlySet<string> = new Set(["srt"]);

/** Lets in whoever has an unused key of the stream that its resource id names. */
export const sessionPolicy: AccessPolicy = {
  judge(request, runtime) {
    if (!PROTOCOLS.has(request.protocol) || readTokens(runtime.server.options) === undefined)
      return undefined;
    const { resource, token: session } = request;
    if (resource === undefined || session === undefined) {
      return refused("bad-request", "a resource id and a session key are needed");
    }
    if (!isHex(resource) || !isHex(session)) {
      return refused("bad-request", "the resource id or the session key is not a number in base 16");
    }
    const stream = streamOfResource(resource);
    // On a port of one stream the resource may name no other.
    const fits = request.stream === resource || request.stream === stream;
    if (stream === undefined || !fits) return refused("forbidden", "no key opens this resource");
    const redemption: Redemption = { session, stream };
    return runtime
      .ask(REDEEM, JSON.stringify(redemption))
      .then((good) => (good === true ? { ok: true, stream } : REFUSED));
  },
};

const REFUSED: Verdict = {
  ok: false,
  reason: "forbidden",
  text: "the session key is unknown, used, too old or another stream's",
};

function refused(reason: "bad-request" | "forbidden", text: string): Promise<Verdict> {
  return Promise.resolve({ ok: false, reason, text });
}

import { createHash, timingSafeEqual } from "node:crypto";
import type { AccessToken } from "./config.ts";

/** The tokens whose secret an `Authorization: Bearer` header holds (RFC 6750 §2.1). */
export function tokensOf(header: string | undefined, tokens: readonly AccessToken[]): readonly AccessToken[] {
  const given = /^Bearer +(\S+) *$/i.exec(header ?? "")?.[1];
  if (given === undefined) return [];
  const digest = digestOf(given);
  return tokens.filter((token) => timingSafeEqual(digestOf(token.secret), digest));
}

/** Of one length whatever goes in, so that comparing takes the same time for every guess. */
function digestOf(secret: string): Buffer {
  return createHash("sha256").update(secret, "utf8").digest();
}

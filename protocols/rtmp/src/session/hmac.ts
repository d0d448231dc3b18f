import { createHash, createHmac } from "node:crypto";
import type { Hmac } from "../wire/handshake-digest.ts";

/** HMAC-SHA256, for the digests of the handshake. */
export const hmacSha256: Hmac = (key, ...parts) => {
  const hmac = createHmac("sha256", key);
  for (const part of parts) hmac.update(part);
  return hmac.digest();
};

/** MD5 of a text in UTF-8. */
export function md5(text: string, encoding: "hex" | "base64"): string {
  return createHash("md5").update(text, "utf8").digest(encoding);
}

const HEX = /^[0-9a-f]+$/i;

/** Whether it is a number in base 16, the only form that resource and session ids have. */
export function isHex(text: string): boolean {
  return HEX.test(text);
}

/**
 * The resource id of a stream: the bytes of its name in base 16, so that no two streams share one and it says which
 * stream it is without a table. `news` is `6e657773`.
 */
export function resourceIdOf(stream: string): string {
  return Buffer.from(stream, "utf8").toString("hex");
}

/** The name that a resource id stands for; undefined when it stands for none. */
export function streamOfResource(id: string): string | undefined {
  if (!isHex(id) || id.length % 2 !== 0) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(id, "hex"));
  } catch {
    return undefined;
  }
}

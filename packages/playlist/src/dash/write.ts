import { writeShape } from "../xml/shape.ts";
import { XmlWriter } from "../xml/write.ts";
import type { Mpd } from "./mpd.ts";
import { mpdShape } from "./shapes.ts";

const NAMESPACE = "urn:mpeg:dash:schema:mpd:2011";

/**
 * An MPD as XML (ISO/IEC 23009-1 §5.2.2), elements in the order of its schema. Throws `playlist.bad-value` for what cannot
 * be written: negative or fractional numbers, characters that XML has not.
 */
export function writeMpd(mpd: Mpd): string {
  const writer = new XmlWriter();
  writeShape(writer, { name: "MPD", shape: mpdShape, namespace: NAMESPACE }, mpd);
  return writer.toString();
}

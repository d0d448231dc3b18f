import { PlaylistError, type PlaylistProblem } from "../errors.ts";
import { parseXml, type XmlLimits } from "../xml/parse.ts";
import { readShape } from "../xml/shape.ts";
import type { Mpd } from "./mpd.ts";
import { mpdShape } from "./shapes.ts";

/**
 * Reads an MPD (ISO/IEC 23009-1 §5.2.2). Values that cannot be read, and elements that lack what they need, are passed over
 * and listed in `problems`; elements that are not modelled are passed over without a word. Throws `playlist.not-xml`,
 * `playlist.too-large`, and `playlist.not-mpd` for a document of another kind.
 */
export function parseMpd(text: string, problems?: PlaylistProblem[], limits?: XmlLimits): Mpd {
  const root = parseXml(text, limits);
  if (root.name !== "MPD") throw new PlaylistError("playlist.not-mpd", `<${root.name}> is no MPD`);
  const mpd = readShape(root, mpdShape, (line, message) => problems?.push({ line, message }));
  if (mpd === undefined)
    throw new PlaylistError("playlist.not-mpd", "the MPD lacks what it cannot do without");
  return mpd;
}

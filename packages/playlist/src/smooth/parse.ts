import { PlaylistError, type PlaylistProblem } from "../errors.ts";
import { parseXml, type XmlLimits } from "../xml/parse.ts";
import { readShape } from "../xml/shape.ts";
import type { SmoothManifest } from "./manifest.ts";
import { manifestShape } from "./shapes.ts";

/**
 * Reads a Smooth Streaming client manifest (MS-SSTR §2.2.2). What cannot be read is passed over and listed in `problems`.
 * Throws `playlist.not-xml`, `playlist.too-large`, and `playlist.not-smooth` for a document of another kind.
 */
export function parseSmoothManifest(
  text: string,
  problems?: PlaylistProblem[],
  limits?: XmlLimits,
): SmoothManifest {
  const root = parseXml(text, limits);
  if (root.name !== "SmoothStreamingMedia")
    throw new PlaylistError("playlist.not-smooth", `<${root.name}> is no Smooth Streaming manifest`);
  const read = readShape(root, manifestShape, (line, message) => problems?.push({ line, message }));
  if (read === undefined) throw new PlaylistError("playlist.not-smooth", "the manifest cannot be read");
  const { major: _major, minor: _minor, protection, ...manifest } = read;
  return { ...manifest, ...(protection?.header && { protection: protection.header }) };
}

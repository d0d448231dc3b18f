import { toBase64 } from "../base64.ts";
import { PlaylistError } from "../errors.ts";
import { formatScaled } from "../hls/attributes.ts";
import { XmlWriter } from "../xml/write.ts";

/** One rendition of an F4M manifest. */
export interface HdsMedia {
  /** Fragments are at `{url}Seg{segment}-Frag{fragment}`. */
  readonly url: string;
  /** Kilobits a second. */
  readonly bitrateKbit?: number;
  readonly width?: number;
  readonly height?: number;
  readonly streamId?: string;
  /** One of `bootstraps`. */
  readonly bootstrapId: string;
  /** `onMetaData` in AMF 0. */
  readonly metadata?: Uint8Array;
}

/** Bootstrap information: within the manifest, or to be got (and got again while live). */
export type HdsBootstrapInfo =
  | { readonly id: string; readonly bytes: Uint8Array }
  | { readonly id: string; readonly url: string };

/** An F4M manifest (Adobe Flash Media Manifest File Format 1.0). */
export interface HdsManifest {
  readonly id?: string;
  readonly live?: boolean;
  /** Absent while live. */
  readonly durationUs?: number;
  /** How far back a player can seek while live. */
  readonly dvrWindowUs?: number;
  readonly mimeType?: string;
  readonly bootstraps: readonly HdsBootstrapInfo[];
  readonly media: readonly HdsMedia[];
}

/** An F4M manifest as XML. Throws `playlist.bad-value` for what cannot be written. */
export function writeF4m(manifest: HdsManifest): string {
  const { id, live, durationUs, dvrWindowUs, mimeType, bootstraps, media } = manifest;
  const known = new Set(bootstraps.map((one) => one.id));
  for (const one of media)
    if (!known.has(one.bootstrapId))
      throw new PlaylistError("playlist.bad-value", `there is no bootstrap "${one.bootstrapId}"`);
  const writer = new XmlWriter().open("manifest", [["xmlns", "http://ns.adobe.com/f4m/1.0"]]);
  if (id !== undefined) writer.leaf("id", [], id);
  if (mimeType !== undefined) writer.leaf("mimeType", [], mimeType);
  writer.leaf("streamType", [], live === true ? "live" : "recorded");
  writer.leaf("deliveryType", [], "streaming");
  if (durationUs !== undefined) writer.leaf("duration", [], formatScaled(durationUs, 1e6));
  if (dvrWindowUs !== undefined) writer.leaf("dvrInfo", [["windowDuration", formatScaled(dvrWindowUs, 1e6)]]);
  for (const bootstrap of bootstraps) {
    const url = "url" in bootstrap ? bootstrap.url : undefined;
    writer.leaf(
      "bootstrapInfo",
      [
        ["profile", "named"],
        ["id", bootstrap.id],
        ["url", url],
      ],
      "bytes" in bootstrap ? toBase64(bootstrap.bytes) : undefined,
    );
  }
  for (const one of media) pushMedia(writer, one);
  return writer.close().toString();
}

function pushMedia(writer: XmlWriter, media: HdsMedia): void {
  const attributes = [
    ["streamId", media.streamId],
    ["url", media.url],
    ["bitrate", whole(media.bitrateKbit)],
    ["width", whole(media.width)],
    ["height", whole(media.height)],
    ["bootstrapInfoId", media.bootstrapId],
  ] as const;
  if (media.metadata === undefined) {
    writer.leaf("media", attributes);
    return;
  }
  writer.open("media", attributes).leaf("metadata", [], toBase64(media.metadata)).close();
}

function whole(value: number | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (!Number.isSafeInteger(value) || value < 0)
    throw new PlaylistError("playlist.bad-value", `${value} is no whole number`);
  return String(value);
}

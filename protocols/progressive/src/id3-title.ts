import { concat } from "@millrace/bytes";
import { parseId3Frames } from "@millrace/codec";

/** "Artist - Title" out of an ID3 tag; undefined when it names no title. */
export function titleOf(data: readonly Uint8Array[]): string | undefined {
  let [artist, title] = ["", ""];
  for (const { id, data: bytes } of parseId3Frames(concat(data))) {
    if (id === "TPE1") artist = textOf(bytes);
    if (id === "TIT2") title = textOf(bytes);
  }
  if (title === "") return undefined;
  return artist === "" ? title : `${artist} - ${title}`;
}

const ENCODINGS = ["latin1", "utf-16", "utf-16be", "utf-8"];

/** A text information frame (ID3v2.4 §4.2): the encoding, then the text, with or without a zero behind it. */
function textOf(bytes: Uint8Array): string {
  const encoding = ENCODINGS[bytes[0] ?? 0] ?? "utf-8";
  const text = new TextDecoder(encoding).decode(bytes.slice(1));
  return text.split("\0", 1)[0]?.trim() ?? "";
}

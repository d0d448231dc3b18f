import { u24be } from "@millrace/bytes";
import { accessOf, type HttpExchange, type Runtime, refuse } from "@millrace/engine";
import {
  FLV_AUDIO,
  FLV_SCRIPT,
  FLV_TAG_HEADER_BYTES,
  FLV_TAG_TRAILER_BYTES,
  FLV_VIDEO,
  flvHeader,
  parseAmf0,
} from "@millrace/flv";
import { LanePlayer } from "./lane-player.ts";
import { FLV_LANE } from "./packaging.ts";

/** Serves `GET /NAME.flv` and `/NAME/flv`: FLV tags without end. */
export async function playFlv(runtime: Runtime, exchange: HttpExchange): Promise<void> {
  const { request, response } = exchange;
  const access = accessOf(exchange, "http-flv");
  const verdict = await runtime.authorize(access);
  if (!verdict.ok) return refuse(exchange, verdict);
  const stream = verdict.stream ?? access.stream;
  const reader = await runtime.read(stream, FLV_LANE);
  response.useChunkedEncodingByDefault = false;
  response.shouldKeepAlive = false;
  response.writeHead(200, {
    "Content-Type": "video/x-flv",
    "Cache-Control": "no-store",
    "Access-Control-Allow-Origin": "*",
    Connection: "close",
  });
  if (request.method === "HEAD" || request.socket.destroyed) {
    reader.close();
    response.end();
    return;
  }
  response.flushHeaders();
  const { socket } = request;
  const player = new LanePlayer({
    socket,
    reader,
    session: runtime.openSession({ ...access, stream }),
    preface: fileHeaderFor,
    onEnd: (reason) => {
      player.close();
      if (reason === "ended") socket.end();
      else socket.destroy();
    },
  });
  socket.on("close", () => player.close());
  socket.on("error", () => player.close());
  player.start();
}

/**
 * The file header for a stream whose first tags are these, metadata and configurations: players wait long for a medium that it
 * promises and that never comes. Both media when the bytes end within a tag.
 */
export function fileHeaderFor(first: Uint8Array): Uint8Array {
  let [hasAudio, hasVideo] = [false, false];
  let at = 0;
  while (at + FLV_TAG_HEADER_BYTES <= first.length) {
    hasAudio ||= first[at] === FLV_AUDIO;
    hasVideo ||= first[at] === FLV_VIDEO;
    const body = at + FLV_TAG_HEADER_BYTES;
    const end = body + u24be(first, at + 1);
    if (first[at] === FLV_SCRIPT && end <= first.length) {
      // Not every codec has a configuration ahead of its frames: MP3 and AC-3 are announced here only.
      const codecs = codecsIn(first.subarray(body, end));
      hasAudio ||= codecs.includes("audiocodecid");
      hasVideo ||= codecs.includes("videocodecid");
    }
    at = end + FLV_TAG_TRAILER_BYTES;
  }
  const isKnown = at === first.length && (hasAudio || hasVideo);
  return isKnown ? flvHeader(hasAudio, hasVideo) : flvHeader(true, true);
}

/** Names of the fields of metadata; none where it is something else. */
function codecsIn(script: Uint8Array): string[] {
  try {
    const fields = parseAmf0(script).values[1];
    return typeof fields === "object" && fields !== null ? Object.keys(fields) : [];
  } catch {
    return [];
  }
}

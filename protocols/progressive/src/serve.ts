import {
  accessOf,
  CORS,
  type HttpExchange,
  type LaneReader,
  type Runtime,
  refuse,
  type ViewerSession,
} from "@millrace/engine";
import type { AccessRequest, Track } from "@millrace/model";
import { noTracksYet } from "./errors.ts";
import type { FileFormat } from "./file-formats.ts";
import { type LaneFile, LaneResponse } from "./lane-response.ts";
import { chooseTracks, type LaneTrack, numberTracks, wordsFor } from "./lane-tracks.ts";
import { StreamFile } from "./stream-file.ts";

/** A stream that has just started gets this long to tell its tracks, while the request waits. */
const TRACKS_MS = 15_000;

export interface FileAnswer {
  readonly format: FileFormat;
  /** `Session.protocol`. */
  readonly protocol: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** What makes the body, where it is not the plain file. */
  readonly file?: LaneFile;
}

/** Answers with a stream as an endless file. */
export async function serveFile(runtime: Runtime, exchange: HttpExchange, answer: FileAnswer): Promise<void> {
  const admitted = await admit(runtime, exchange, answer.protocol);
  if (admitted === undefined) return;
  const { stream } = admitted;
  const tracks = await tracksOf(runtime, stream);
  await sendFile(runtime, exchange, { ...answer, access: admitted, tracks });
}

export async function admit(
  runtime: Runtime,
  exchange: HttpExchange,
  protocol: string,
): Promise<AccessRequest | undefined> {
  const access = accessOf(exchange, protocol);
  const verdict = await runtime.authorize(access);
  if (verdict.ok) return { ...access, stream: verdict.stream ?? access.stream };
  refuse(exchange, verdict);
  return undefined;
}

export interface AdmittedAnswer extends FileAnswer {
  readonly access: AccessRequest;
  readonly tracks: readonly Track[];
}

export async function sendFile(
  runtime: Runtime,
  exchange: HttpExchange,
  answer: AdmittedAnswer,
): Promise<void> {
  const { format, access } = answer;
  const { request, response, query } = exchange;
  const wanted = query["tracks"] ?? "";
  const all = numberTracks(answer.tracks).filter(({ track }) => format.takes(track));
  const tracks = chooseTracks(all, wanted, format.single);
  if (tracks.length === 0) {
    sendUnsuitable(exchange, answer);
    return;
  }
  const reader = request.method === "HEAD" ? undefined : await runtime.read(access.stream, format.lane);
  sendHead(exchange, answer, tracks);
  if (reader === undefined || request.socket.destroyed) {
    reader?.close();
    response.end();
    return;
  }
  const session = runtime.openSession(access);
  send(exchange, { reader, session, file: answer.file ?? new StreamFile(format, wanted) });
}

function send(
  exchange: HttpExchange,
  parts: { reader: LaneReader; session: ViewerSession; file: LaneFile },
): void {
  exchange.response.flushHeaders();
  new LaneResponse({ exchange, ...parts }).start();
}

function sendHead(
  { request, response }: HttpExchange,
  { format, headers }: FileAnswer,
  tracks: readonly LaneTrack[],
): void {
  const isHttp1 = request.httpVersionMajor < 2;
  if (isHttp1) {
    // Without an end there is nothing that chunks would tell.
    response.useChunkedEncodingByDefault = false;
    response.shouldKeepAlive = false;
  }
  response.writeHead(200, {
    ...CORS,
    "Content-Type": format.type(tracks),
    "Cache-Control": "no-store",
    "Accept-Ranges": "none",
    ...(isHttp1 ? { Connection: "close" } : {}),
    ...headers,
  });
}

function sendUnsuitable({ request, response }: HttpExchange, { format, tracks }: AdmittedAnswer): void {
  response.writeHead(406, {
    ...CORS,
    "Content-Type": "text/plain; charset=utf-8",
    "Cache-Control": "no-store",
  });
  const text = `The stream has ${wordsFor(tracks)}; this kind of file can hold ${format.holds}.\n`;
  response.end(request.method === "HEAD" ? undefined : text);
}

/** The stream's tracks, once they are known. Rejects with `unavailable`. */
export async function tracksOf(runtime: Runtime, stream: string): Promise<readonly Track[]> {
  const reader = await runtime.read(stream, "units");
  try {
    return await new Promise<readonly Track[]>((resolve, reject) => {
      const give = (): void => {
        const media = reader.tracks.filter(({ kind }) => kind === "video" || kind === "audio");
        const known = media.length > 0 && media.every(isKnown);
        if (known) done();
      };
      const done = (): void => {
        clearTimeout(timer);
        clearTimeout(patience);
        resolve(reader.tracks);
      };
      const timer = setTimeout(() => {
        clearTimeout(patience);
        if (reader.tracks.length > 0) resolve(reader.tracks);
        else reject(noTracksYet(stream));
      }, TRACKS_MS);
      // Of some tracks nothing is ever known.
      const patience = setTimeout(() => {
        if (reader.tracks.some(isKnown)) done();
      }, PATIENCE_MS);
      reader.onTracks = give;
      give();
    });
  } finally {
    reader.close();
  }
}

const PATIENCE_MS = 3000;

function isKnown({ config, video, audio }: Track): boolean {
  return config !== undefined || video !== undefined || audio !== undefined;
}

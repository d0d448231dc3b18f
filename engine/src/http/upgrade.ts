import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { refusal } from "../errors.ts";
import type { AcceptOptions } from "./route.ts";
import { WebSocketLink } from "./websocket-link.ts";

/** The largest message that a client may send, bytes. */
const MAX_MESSAGE_BYTES = 64 * 1024;

/** What Node hands over with the event `upgrade`. */
export interface UpgradeSocket {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** What came behind the request's headers. */
  readonly head: Buffer;
}

/** Whether a request asks for a WebSocket, and not for HTTP/2 over plain text or other things. */
export function wantsWebSocket({ method, headers }: IncomingMessage): boolean {
  return method === "GET" && headers.upgrade?.toLowerCase() === "websocket";
}

/** Answers a request whose connection was handed over. */
export function refuseUpgrade(socket: Duplex, status: number, text: string): void {
  if (!socket.writable) return;
  const body = `${text}\n`;
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n` +
      "Connection: close\r\nContent-Type: text/plain; charset=utf-8\r\nAccess-Control-Allow-Origin: *\r\n" +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  socket.once("finish", () => socket.destroy());
}

/** Completes the opening handshake (RFC 6455 §4.2.2). `onOpen` hears of the link before whoever asked for it. */
export function acceptUpgrade(
  { request, socket, head }: UpgradeSocket,
  options: AcceptOptions,
  onOpen: (link: WebSocketLink) => void,
): Promise<WebSocketLink> {
  const { protocol } = options;
  return new Promise((resolve, reject) => {
    const server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: MAX_MESSAGE_BYTES,
      handleProtocols: (offered) => (protocol !== undefined && offered.has(protocol) ? protocol : false),
    });
    let isOpen = false;
    server.handleUpgrade(request, socket, head, (websocket) => {
      isOpen = true;
      const link = new WebSocketLink(websocket, socket);
      onOpen(link);
      resolve(link);
    });
    // Done at once; the library has answered what is no handshake.
    if (!isOpen) reject(refusal("bad-request", "no WebSocket handshake, or the client has gone"));
  });
}

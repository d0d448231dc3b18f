/** An idle connection is kept for so long; clients are told, so that they do not ask in the moment when it is closed. */
export const KEEP_ALIVE_MS = 30_000;

const CONNECTION_CLOSE = "Connection: close\r\n";
const CONNECTION_KEPT = `Connection: keep-alive\r\nKeep-Alive: timeout=${KEEP_ALIVE_MS / 1000}\r\n`;
const CHUNKED = "Transfer-Encoding: chunked\r\n";

let second = -1;
const tails: string[] = [];

/** What stands behind an answer's own headers: the same string for all within a second, of `Date` (RFC 9110 §6.6.1). */
export function tailOf(close: boolean, chunked: boolean): string {
  const now = Math.floor(Date.now() / 1000);
  if (now !== second) {
    second = now;
    const date = `Date: ${new Date(now * 1000).toUTCString()}\r\n`;
    for (let i = 0; i < 4; i++) {
      const connection = (i & 1) === 0 ? CONNECTION_KEPT : CONNECTION_CLOSE;
      tails[i] = `${date}${connection}${(i & 2) === 0 ? "" : CHUNKED}\r\n`;
    }
  }
  return tails[(close ? 1 : 0) + (chunked ? 2 : 0)] as string;
}

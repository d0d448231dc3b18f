/**
 * Codes of a refused handshake, as they stand in its type on the wire. From 1000 on they are the protocol's own
 * (draft-sharabayko-srt §4.3), from 2000 on a server's, whose last three digits are those of HTTP where HTTP has the
 * like (docs/features/access-control.md of libsrt), from 3000 on the application's.
 */
export const REJECTION = {
  UNKNOWN: 1000,
  SYSTEM: 1001,
  PEER: 1002,
  RESOURCE: 1003,
  ROGUE: 1004,
  BACKLOG: 1005,
  IPE: 1006,
  CLOSE: 1007,
  VERSION: 1008,
  RDVCOOKIE: 1009,
  BADSECRET: 1010,
  UNSECURE: 1011,
  MESSAGEAPI: 1012,
  CONGESTION: 1013,
  FILTER: 1014,
  GROUP: 1015,
  TIMEOUT: 1016,
  CRYPTO: 1017,
  FALLBACK: 2000,
  KEY_NOTSUP: 2001,
  FILEPATH: 2002,
  HOSTNOTFOUND: 2003,
  BAD_REQUEST: 2400,
  UNAUTHORIZED: 2401,
  OVERLOAD: 2402,
  FORBIDDEN: 2403,
  NOTFOUND: 2404,
  BAD_MODE: 2405,
  UNACCEPTABLE: 2406,
  CONFLICT: 2409,
  NOTSUP_MEDIA: 2415,
  LOCKED: 2423,
  FAILED_DEPEND: 2424,
  ISE: 2500,
  UNIMPLEMENTED: 2501,
  GW: 2502,
  DOWN: 2503,
  SERVER_VERSION: 2505,
  NOROOM: 2507,
} as const;

/** Handshake types below are no rejections. */
export const FIRST_REJECTION = 1000;
const FIRST_OF_SERVER = 2000;
const FIRST_OF_APPLICATION = 3000;

const TEXTS: Readonly<Record<number, string>> = {
  [REJECTION.UNKNOWN]: "no reason given",
  [REJECTION.SYSTEM]: "a system call failed",
  [REJECTION.PEER]: "refused by the peer",
  [REJECTION.RESOURCE]: "the peer has no resources for it",
  [REJECTION.ROGUE]: "the handshake has contents that make no sense",
  [REJECTION.BACKLOG]: "too many connections wait to be accepted",
  [REJECTION.IPE]: "internal error",
  [REJECTION.CLOSE]: "the listener is closing",
  [REJECTION.VERSION]: "the SRT version is too old",
  [REJECTION.RDVCOOKIE]: "both sides of the rendezvous have the same cookie",
  [REJECTION.BADSECRET]: "wrong passphrase",
  [REJECTION.UNSECURE]: "a passphrase is set on one side only",
  [REJECTION.MESSAGEAPI]: "one side sends messages, the other a stream",
  [REJECTION.CONGESTION]: "the two sides want different congestion controls",
  [REJECTION.FILTER]: "the packet filters do not agree",
  [REJECTION.GROUP]: "the bonding groups do not agree",
  [REJECTION.TIMEOUT]: "no answer in time",
  [REJECTION.CRYPTO]: "the two sides want different cipher modes",
  [REJECTION.FALLBACK]: "refused by the server",
  [REJECTION.KEY_NOTSUP]: "the stream ID has a key that the server does not know",
  [REJECTION.FILEPATH]: "the file's path is wrong or leads nowhere",
  [REJECTION.HOSTNOTFOUND]: "the server does not know this host name",
  [REJECTION.BAD_REQUEST]: "the server does not understand the stream ID",
  [REJECTION.UNAUTHORIZED]: "user or password are wrong",
  [REJECTION.OVERLOAD]: "the server has too much to do, or the credit is used up",
  [REJECTION.FORBIDDEN]: "not allowed",
  [REJECTION.NOTFOUND]: "no such stream",
  [REJECTION.BAD_MODE]: "the stream cannot be used in this mode",
  [REJECTION.UNACCEPTABLE]: "the stream cannot be had with these parameters",
  [REJECTION.CONFLICT]: "somebody else publishes this stream",
  [REJECTION.NOTSUP_MEDIA]: "the server does not handle this type",
  [REJECTION.LOCKED]: "the stream is locked",
  [REJECTION.FAILED_DEPEND]: "the session does not exist, or has ended",
  [REJECTION.ISE]: "internal error of the server",
  [REJECTION.UNIMPLEMENTED]: "the server cannot do this yet",
  [REJECTION.GW]: "the server behind the gateway refused",
  [REJECTION.DOWN]: "the service is down",
  [REJECTION.SERVER_VERSION]: "the server does not support this version",
  [REJECTION.NOROOM]: "the server has no room to store the stream",
};

/** One line for people: what the code means, without its number. Takes any number. */
export function describeRejection(code: number): string {
  return TEXTS[code] ?? describeRange(code);
}

function describeRange(code: number): string {
  if (code >= FIRST_OF_APPLICATION) return "refused for a reason of the application's own";
  if (code >= FIRST_OF_SERVER) return "refused by the server";
  return code >= FIRST_REJECTION ? "refused" : "no rejection";
}

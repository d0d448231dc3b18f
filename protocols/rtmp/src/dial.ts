import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { connectionFailed } from "./errors.ts";
import { RtmpClientSession } from "./session/client.ts";
import type { RtmpClientEvents } from "./session/client-events.ts";
import type { RtmpTarget } from "./session/url.ts";

const TICK_MS = 500;
const CONNECT_TIMEOUT_MS = 10_000;
/** A server may ask for another connection with credentials so many times. */
const MOST_REDIALS = 3;

export interface DialOptions {
  readonly target: RtmpTarget;
  readonly mode: "play" | "publish";
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
  readonly events: Omit<RtmpClientEvents, "onRedial" | "onClose" | "onReady">;
  readonly onReady: (session: RtmpClientSession, socket: Socket) => void;
}

/** Connects to a server and plays or publishes until either side ends it. Rejects with what ended it, if not the signal. */
export async function dialRtmp(options: DialOptions): Promise<void> {
  let auth: string | undefined = "";
  for (let i = 0; auth !== undefined && i <= MOST_REDIALS; i++) auth = await runOnce(options, auth);
}

/** One connection; resolves with the credentials for another one when the server wants that. */
function runOnce(options: DialOptions, auth: string): Promise<string | undefined> {
  const { target, mode, nowMs, signal, events } = options;
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      resolve(undefined);
      return;
    }
    const where = { host: target.host, port: target.port };
    const socket = target.tls ? connectTls({ ...where, servername: target.host }) : connect(where);
    socket.setNoDelay(true);
    let redial: string | undefined;
    let failure: Error | undefined;
    const session: RtmpClientSession = new RtmpClientSession(
      {
        mode,
        target,
        ...(auth === "" ? {} : { auth }),
        send: (bytes) => socket.write(bytes),
        random: (count) => randomBytes(count),
        events: {
          ...events,
          onReady: () => options.onReady(session, socket),
          onRedial: (given) => {
            redial = given;
            socket.destroy();
          },
          onClose: (reason) => {
            failure ??= reason;
            socket.end();
            socket.destroySoon();
          },
        },
      },
      nowMs(),
    );
    const timer = setInterval(() => session.tick(nowMs()), TICK_MS);
    const hangUp = (): void => session.close();
    signal.addEventListener("abort", hangUp, { once: true });
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => {
      if (socket.connecting) socket.destroy(new Error("no answer"));
    });
    socket.once(target.tls ? "secureConnect" : "connect", () => session.start());
    socket.on("data", (bytes: Uint8Array) => session.receive(bytes, nowMs()));
    socket.on("error", (error) => {
      failure ??= connectionFailed(`${target.host}:${target.port}`, error);
    });
    socket.once("close", () => {
      clearInterval(timer);
      signal.removeEventListener("abort", hangUp);
      session.close();
      if (signal.aborted || redial !== undefined) resolve(redial);
      else
        reject(failure ?? connectionFailed(`${target.host}:${target.port}`, new Error("the server hung up")));
    });
  });
}

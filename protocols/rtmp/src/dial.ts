import { randomBytes } from "node:crypto";
import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { connectionFailed, sentOnAndOn } from "./errors.ts";
import { RtmpClientSession } from "./session/client.ts";
import type { RtmpClientEvents } from "./session/client-events.ts";
import type { RtmpTarget } from "./session/url.ts";

const TICK_MS = 500;
const CONNECT_TIMEOUT_MS = 10_000;
/** A server may ask for another connection with credentials so many times. */
const MOST_REDIALS = 3;
/** Servers may send us on so often in a row, with less than this between two times. */
const MOST_MOVES = 5;
const SETTLED_MS = 30_000;

export interface DialOptions {
  readonly target: RtmpTarget;
  readonly mode: "play" | "publish";
  /** Takes any certificate. */
  readonly insecure?: boolean;
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
  readonly events: Omit<RtmpClientEvents, "onRedial" | "onClose" | "onReady" | "onReconnect">;
  /** A connection stands; also each one that takes the place of another. */
  readonly onReady: (session: RtmpClientSession, socket: Socket) => void;
  /**
   * The server asks to go elsewhere (Enhanced RTMP v2, "Reconnect Request"): `move` does, and ends this connection. At
   * once if there is nobody to wait for a good moment.
   */
  readonly onMove?: (move: () => void) => void;
}

/** What comes after a connection; nothing if it is over. */
interface Next {
  readonly target: RtmpTarget;
  readonly auth: string;
  readonly why: "auth" | "moved";
}

/** Connects to a server and plays or publishes until either side ends it. Rejects with what ended it, if not the signal. */
export async function dialRtmp(options: DialOptions): Promise<void> {
  let next: Next | undefined = { target: options.target, auth: "", why: "moved" };
  let redials = 0;
  let moves = 0;
  while (next !== undefined) {
    const startedMs = options.nowMs();
    const { target, auth }: Next = next;
    next = await new Connection(options, target, auth).run();
    if (next?.why === "auth" && ++redials > MOST_REDIALS) return;
    if (next?.why !== "moved") continue;
    redials = 0;
    moves = options.nowMs() - startedMs > SETTLED_MS ? 1 : moves + 1;
    if (moves > MOST_MOVES) throw sentOnAndOn(`${target.host}:${target.port}`);
  }
}

/** One connection, from the first byte to the last. */
class Connection {
  readonly #options: DialOptions;
  readonly #target: RtmpTarget;
  readonly #socket: Socket;
  readonly #session: RtmpClientSession;
  #next: Next | undefined;
  #failure: Error | undefined;

  constructor(options: DialOptions, target: RtmpTarget, auth: string) {
    this.#options = options;
    this.#target = target;
    this.#socket = open(target, options.insecure === true);
    const socket = this.#socket;
    this.#session = new RtmpClientSession(
      {
        mode: options.mode,
        target,
        ...(auth === "" ? {} : { auth }),
        send: (bytes) => socket.write(bytes),
        random: (count) => randomBytes(count),
        events: {
          ...options.events,
          onReady: () => options.onReady(this.#session, socket),
          onReconnect: (to) => this.#onReconnect(to),
          onRedial: (given) => {
            this.#next = { target, auth: given, why: "auth" };
            socket.destroy();
          },
          onClose: (reason) => {
            this.#failure ??= reason;
            socket.end();
            socket.destroySoon();
          },
        },
      },
      options.nowMs(),
    );
  }

  /** Resolves with what comes next when it ended well. */
  run(): Promise<Next | undefined> {
    const { signal, nowMs } = this.#options;
    const [socket, session] = [this.#socket, this.#session];
    return new Promise((resolve, reject) => {
      const timer = setInterval(() => session.tick(nowMs()), TICK_MS);
      const hangUp = (): void => {
        session.close();
        socket.destroySoon();
      };
      signal.addEventListener("abort", hangUp, { once: true });
      socket.setTimeout(CONNECT_TIMEOUT_MS, () => {
        if (!session.started) socket.destroy(new Error("no answer"));
      });
      socket.once(this.#target.tls ? "secureConnect" : "connect", () => session.start());
      socket.on("data", (bytes: Uint8Array) => session.receive(bytes, nowMs()));
      socket.on("error", (error) => {
        this.#failure ??= connectionFailed(this.#where, error);
      });
      socket.once("close", () => {
        clearInterval(timer);
        signal.removeEventListener("abort", hangUp);
        session.close();
        if (signal.aborted) resolve(undefined);
        else if (this.#next !== undefined) resolve(this.#next);
        else reject(this.#failure ?? connectionFailed(this.#where, new Error("the server hung up")));
      });
      if (signal.aborted) hangUp();
    });
  }

  get #where(): string {
    return `${this.#target.host}:${this.#target.port}`;
  }

  #onReconnect(target: RtmpTarget): void {
    const move = (): void => {
      if (this.#session.closed) return;
      this.#next = { target, auth: "", why: "moved" };
      this.#session.close();
    };
    if (this.#options.onMove === undefined || !this.#session.ready) move();
    else this.#options.onMove(move);
  }
}

function open(target: RtmpTarget, insecure: boolean): Socket {
  const { host, port, tls } = target;
  const socket = tls
    ? connectTls({
        host,
        port,
        // RFC 6066 §3: no address may be given as a name.
        ...(isIP(host) === 0 ? { servername: host } : {}),
        rejectUnauthorized: !insecure,
      })
    : connect({ host, port });
  socket.setNoDelay(true);
  return socket;
}

import { createServer, type Socket } from "node:net";
import type { TcpSettings } from "./config.ts";
import { type Reception, watchSilence } from "./dial.ts";
import { connectionFailed } from "./errors.ts";

export interface ListenEvents extends Reception {
  /** A sender went away; the next one's media is no continuation. */
  readonly onGone: () => void;
  /** A second sender was turned away. */
  readonly onRefused: () => void;
}

/**
 * Waits for senders, one at a time, until `signal` is aborted. Rejects with `tstcp.connection` when it cannot listen.
 */
export function listenTcp(settings: TcpSettings, events: ListenEvents): Promise<void> {
  const { host, port, timeoutMs } = settings;
  return new Promise((resolve, reject) => {
    const { signal } = events;
    if (signal.aborted) return resolve();
    let sender: Socket | undefined;
    let failure: Error | undefined;
    const server = createServer({ keepAlive: true }, (socket) => {
      socket.on("error", () => undefined);
      if (sender !== undefined) {
        events.onRefused();
        socket.destroy();
        return;
      }
      sender = socket;
      watchSilence(socket, timeoutMs, () => undefined);
      socket.on("data", events.onBytes);
      socket.once("close", () => {
        sender = undefined;
        if (!signal.aborted) events.onGone();
      });
    });
    const stop = (): void => {
      server.close();
      sender?.destroy();
    };
    server.on("error", (cause) => {
      failure = connectionFailed(`cannot listen on ${host}:${port}`, cause);
      stop();
    });
    signal.addEventListener("abort", stop, { once: true });
    server.once("close", () => {
      signal.removeEventListener("abort", stop);
      if (failure === undefined) resolve();
      else reject(failure);
    });
    server.listen({ host, port });
  });
}

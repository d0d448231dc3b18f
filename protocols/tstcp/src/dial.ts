import { type OnReadOpts, Socket } from "node:net";
import type { TcpSettings } from "./config.ts";
import { connectionFailed, timedOut } from "./errors.ts";

/** Bytes taken from the system at once. */
const READ_BYTES = 64 * 1024;
const KEEPALIVE_MS = 15_000;

export interface Reception {
  /** Valid until the call returns. */
  readonly onBytes: (bytes: Uint8Array) => void;
  readonly signal: AbortSignal;
}

/**
 * Connects and hands on what comes until the other side ends or `signal` is aborted. Rejects with `tstcp.connection` or
 * `tstcp.timeout`.
 */
export function dialTcp(settings: TcpSettings, reception: Reception): Promise<void> {
  const { host, port, connectTimeoutMs } = settings;
  const where = `${host}:${port}`;
  return new Promise((resolve, reject) => {
    const { signal } = reception;
    if (signal.aborted) return resolve();
    // One buffer for all reads: what comes is copied on before the next read (`onread` of net.Socket).
    const onread: OnReadOpts = {
      buffer: new Uint8Array(READ_BYTES),
      callback: (size, buffer) => {
        reception.onBytes(buffer.subarray(0, size));
        return true;
      },
    };
    const socket = new Socket({ onread } as ConstructorParameters<typeof Socket>[0]);
    let failure: Error | undefined;
    let connected = false;
    const connecting = setTimeout(() => {
      failure = timedOut(`${where} did not answer`, connectTimeoutMs);
      socket.destroy();
    }, connectTimeoutMs);
    socket.once("connect", () => {
      connected = true;
      clearTimeout(connecting);
      watchSilence(socket, settings.timeoutMs, (error) => (failure = error));
    });
    socket.on("error", (cause) => {
      failure ??= connectionFailed(connected ? `${where} failed` : `cannot connect to ${where}`, cause);
    });
    const stop = (): void => void socket.destroy();
    signal.addEventListener("abort", stop, { once: true });
    socket.once("close", () => {
      clearTimeout(connecting);
      signal.removeEventListener("abort", stop);
      if (failure === undefined || signal.aborted) resolve();
      else reject(failure);
    });
    socket.setKeepAlive(true, KEEPALIVE_MS);
    socket.connect({ host, port });
  });
}

/** Ends a connection over which nothing came for so long. */
export function watchSilence(
  socket: Socket,
  timeoutMs: number | undefined,
  onSilence: (error: Error) => void,
): void {
  if (timeoutMs === undefined) return;
  socket.setTimeout(timeoutMs, () => {
    onSilence(timedOut("nothing came", timeoutMs));
    socket.destroy();
  });
}

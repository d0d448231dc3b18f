import { openUdp, UdpError, type UdpOptions, type UdpSocket } from "@millrace/native-udp";
import { noInterface, socketFailed } from "./errors.ts";

/** What was tried, for the error. */
export interface Attempt {
  /** "cannot receive on 10.0.0.1:1234" */
  readonly what: string;
  /** The interface that the URL names. */
  readonly interface: string | undefined;
}

/** Opens a socket; a look-up that `signal` interrupts is not waited for. Rejects with the system's error, or once aborted. */
export async function openSocket(options: UdpOptions, signal: AbortSignal): Promise<UdpSocket> {
  const opening = openUdp(options);
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(new Error("aborted"));
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([opening, aborted.promise]);
  } catch (error) {
    void opening.then(
      (socket) => socket.close(),
      () => undefined,
    );
    throw error;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** What a user is told of it. */
export function explain(error: unknown, attempt: Attempt): Error {
  const about = attempt.interface;
  const unknown = error instanceof UdpError && error.code === "ENODEV" && error.syscall !== "setsockopt";
  return unknown && about !== undefined ? noInterface(about) : socketFailed(attempt.what, error);
}

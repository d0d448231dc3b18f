import type { Socket } from "node:net";
import type { Recognition } from "../api.ts";

/** A protocol that shares the HTTP ports. */
export interface Adopter {
  readonly recognise: Recognition;
  adopt(socket: Socket): void;
}

export interface FirstLook {
  readonly adopters: readonly Adopter[];
  /** A client that has sent nothing decisive by then is cut off, milliseconds. */
  readonly timeoutMs: number;
  /** Called unless the connection ends before; undefined for HTTP. What was read is unread again. */
  readonly onKnown: (adopter: Adopter | undefined) => void;
}

/** Reads the first bytes of a connection, and tells whose it is. */
export function lookAtFirstBytes(socket: Socket, { adopters, timeoutMs, onKnown }: FirstLook): void {
  let first: Buffer | undefined;
  const timer = setTimeout(() => socket.destroy(), timeoutMs);
  const leave = (): void => {
    clearTimeout(timer);
    socket.off("readable", onReadable);
    socket.off("end", onEnd);
    socket.off("close", leave);
    socket.off("error", onError);
  };
  const onError = (): void => {};
  const onEnd = (): void => void socket.destroy();
  const onReadable = (): void => {
    const bytes = socket.read() as Buffer | null;
    if (bytes === null) return;
    first = first === undefined ? bytes : Buffer.concat([first, bytes]);
    const found = whose(first, adopters);
    if (found === "unknown") return;
    leave();
    socket.unshift(first);
    onKnown(found === "http" ? undefined : found);
  };
  socket.on("readable", onReadable);
  socket.on("end", onEnd);
  socket.on("close", leave);
  socket.on("error", onError);
}

/** Methods of HTTP/1.1 and the preface of HTTP/2 begin with a capital letter: nothing else needs waiting for then. */
function whose(first: Uint8Array, adopters: readonly Adopter[]): Adopter | "http" | "unknown" {
  const byte = first[0] as number;
  let isOpen = false;
  for (const adopter of adopters) {
    const { recognise } = adopter;
    if (first.length < recognise.bytes) isOpen = true;
    else if (recognise.matches(first)) return adopter;
  }
  return isOpen && (byte < 0x41 || byte > 0x5a) ? "unknown" : "http";
}

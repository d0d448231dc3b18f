import type { Clock } from "@millrace/model";
import type { PeerSettings } from "../config.ts";
import { idFrom, ownEnd, SOCKET_BUFFER_BYTES } from "./call.ts";
import { Gate, type PendingCaller, random } from "./gate.ts";
import { SrtPort } from "./port.ts";
import { openSocket } from "./socket.ts";

/** Listens where a URL says, for this stream alone. Rejects with `srt.socket`. */
export async function openGate(
  settings: PeerSettings,
  clock: Clock,
  onCaller: (caller: PendingCaller, gate: Gate) => void,
): Promise<Gate> {
  const own = ownEnd(settings.adapter);
  const socket = await openSocket({
    host: own.host ?? (settings.host === "" ? undefined : settings.host),
    device: own.device,
    port: settings.port,
    reusePort: false,
    ttl: settings.ttl,
    trafficClass: settings.trafficClass,
    clock,
    bufferBytes: SOCKET_BUFFER_BYTES,
  });
  const port = new SrtPort(socket, clock, idFrom(random(4)));
  const gate: Gate = new Gate(port, {
    options: settings.options,
    onCaller: (caller) => onCaller(caller, gate),
  });
  return gate;
}

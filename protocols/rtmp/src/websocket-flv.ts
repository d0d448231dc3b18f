import { accessOf, type Runtime, STATUS_OF_REFUSAL, type UpgradeExchange } from "@millrace/engine";
import { fileHeaderFor } from "./http-flv.ts";
import { LanePlayer } from "./lane-player.ts";
import { FLV_LANE } from "./packaging.ts";
import { TagSocket } from "./tag-socket.ts";

/** A closing code (RFC 6455 §7.4.1). */
const NORMAL = 1000;

/** Serves `ws://…/NAME.flv` and `/NAME/flv`: the file header as one binary message, then FLV tags, whole ones in each. */
export async function playFlvOverWebSocket(runtime: Runtime, exchange: UpgradeExchange): Promise<void> {
  const access = accessOf(exchange, "ws-flv");
  const verdict = await runtime.authorize(access);
  if (!verdict.ok) {
    exchange.refuse(STATUS_OF_REFUSAL[verdict.reason], verdict.text ?? verdict.reason);
    return;
  }
  const stream = verdict.stream ?? access.stream;
  const reader = await runtime.read(stream, FLV_LANE);
  const link = await exchange.accept().catch((error: unknown) => {
    reader.close();
    throw error;
  });
  const socket = new TagSocket(link);
  const player = new LanePlayer({
    socket,
    reader,
    session: runtime.openSession({ ...access, stream }),
    preface: fileHeaderFor,
    onEnd: (reason) => {
      player.close();
      if (reason === "ended") link.close(NORMAL, "the stream has ended");
      // A player that takes nothing would not take part in a closing handshake either.
      else link.destroy();
    },
  });
  link.onClose = () => {
    player.close();
    socket.close();
  };
  if (link.closed) link.onClose(NORMAL, "");
  else player.start();
}

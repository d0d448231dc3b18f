import { type AmfObject, type AmfValue, amfObject, serializeAmf0 } from "@millrace/flv";
import {
  AUDIO,
  CSID_AUDIO,
  CSID_COMMAND,
  CSID_DATA,
  CSID_VIDEO,
  DATA_AMF0,
  VIDEO,
} from "../wire/message-types.ts";
import { type Command, type StatusLevel, statusObject, writeCommand } from "./command.ts";
import { type EnhancedCaps, enhancedFields, isEnhanced } from "./enhanced.ts";
import type { Link } from "./link.ts";
import type { ConnectInfo } from "./server-events.ts";
import type { ServerStream } from "./server-stream.ts";

/** What old clients read as the version of a Flash Media Server that can do what they want. */
const SERVER_VERSION = "FMS/3,5,7,7009";
const CAPABILITIES = 31;

/** The messages that a server sends, in words rather than bytes. */
export class ServerOutput {
  readonly #link: Link;

  constructor(link: Link) {
    this.#link = link;
  }

  command(streamId: number, values: readonly AmfValue[], amf3 = false): void {
    const { type, body } = writeCommand(values, amf3);
    const csid = streamId === 0 ? CSID_COMMAND : CSID_DATA;
    this.#link.sendMessage({ csid, type, streamId, timestampMs: 0 }, body);
  }

  /** Answers a command, if it wants an answer. */
  result(command: Command, ...values: AmfValue[]): void {
    if (command.transaction === 0) return;
    this.command(0, ["_result", command.transaction, ...values], command.amf3);
  }

  error(command: Command, code: string, description: string): void {
    if (command.transaction === 0) return;
    const info = statusObject("error", code, description);
    this.command(0, ["_error", command.transaction, null, info], command.amf3);
  }

  status(stream: ServerStream, level: StatusLevel, code: string, description: string): void {
    const info = statusObject(level, code, description);
    info["clientid"] = "1";
    this.command(stream.id, ["onStatus", 0, null, info], stream.amf3);
  }

  connected(command: Command, info: ConnectInfo, ours: EnhancedCaps): void {
    const properties: AmfObject = amfObject({ fmsVer: SERVER_VERSION, capabilities: CAPABILITIES, mode: 1 });
    // Those who said nothing of it may be confused by objects in objects.
    if (isEnhanced(info.enhanced)) Object.assign(properties, enhancedFields(ours));
    const status = statusObject("status", "NetConnection.Connect.Success", "Connection succeeded.");
    status["objectEncoding"] = info.objectEncoding;
    this.command(0, ["_result", command.transaction, properties, status]);
  }

  refused(command: Command, reason: string): void {
    const info = statusObject("error", "NetConnection.Connect.Rejected", reason);
    this.command(0, ["_error", command.transaction, null, info]);
  }

  data(streamId: number, values: readonly AmfValue[]): void {
    const header = { csid: CSID_DATA, type: DATA_AMF0, streamId, timestampMs: 0 };
    this.#link.sendMessage(header, serializeAmf0(values));
  }
}

/** The chunk stream that messages of this type go out on. */
export function mediaCsid(type: number): number {
  if (type === VIDEO) return CSID_VIDEO;
  return type === AUDIO ? CSID_AUDIO : CSID_DATA;
}

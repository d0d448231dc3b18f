import {
  Amf0Reader,
  type AmfObject,
  type AmfValue,
  amfObject,
  isAmfObject,
  serializeAmf0,
} from "@millrace/flv";
import { badCommand } from "../errors.ts";
import { COMMAND_AMF0, COMMAND_AMF3, DATA_AMF3 } from "../wire/message-types.ts";

/** Longest command, and longest data message, that are read. */
const MAX_COMMAND_BYTES = 65_536;
const MAX_DATA_BYTES = 1 << 20;

/** One command message (RTMP 1.0 §7.1.1, §7.2). */
export interface Command {
  readonly name: string;
  /** 0: no answer is wanted. */
  readonly transaction: number;
  /** The command object, null mostly. */
  readonly object: AmfValue;
  readonly args: readonly AmfValue[];
  /** It came in a message for AMF3, and its answer goes out in one. */
  readonly amf3: boolean;
}

/** Type 15 and 17 messages are AMF0 behind a byte that is 0; a value in it may switch to AMF3. */
function readValues(type: number, payload: Uint8Array): AmfValue[] {
  const marked = (type === COMMAND_AMF3 || type === DATA_AMF3) && payload[0] === 0;
  const reader = new Amf0Reader(payload, marked ? 1 : 0);
  const values: AmfValue[] = [];
  while (!reader.done) values.push(reader.read());
  return values;
}

/** Throws `rtmp.bad-command` if it is none. */
export function readCommand(type: number, payload: Uint8Array): Command {
  if (payload.length > MAX_COMMAND_BYTES) throw badCommand(`a command of ${payload.length} bytes`);
  let values: AmfValue[];
  try {
    values = readValues(type, payload);
  } catch (error) {
    throw badCommand("a command that is no AMF", error);
  }
  const [name, transaction, object, ...args] = values;
  if (typeof name !== "string") throw badCommand("a command without a name");
  return {
    name,
    transaction: typeof transaction === "number" ? transaction : 0,
    object,
    args,
    amf3: type === COMMAND_AMF3,
  };
}

/** The values of a data message; undefined: it is damaged, or too long. */
export function readData(type: number, payload: Uint8Array): AmfValue[] | undefined {
  if (payload.length > MAX_DATA_BYTES) return undefined;
  try {
    return readValues(type, payload);
  } catch {
    return undefined;
  }
}

/** Body of a command message, and the type of the message. */
export function writeCommand(values: readonly AmfValue[], amf3 = false): { type: number; body: Uint8Array } {
  const bytes = serializeAmf0(values);
  if (!amf3) return { type: COMMAND_AMF0, body: bytes };
  const body = new Uint8Array(1 + bytes.length);
  body.set(bytes, 1);
  return { type: COMMAND_AMF3, body };
}

export type StatusLevel = "status" | "warning" | "error";

/** The information object of `onStatus` and of answers (RTMP 1.0 §7.2.2). */
export function statusObject(level: StatusLevel, code: string, description: string): AmfObject {
  return amfObject({ level, code, description });
}

/** A field of an object, if there is one and it is text. */
export function textField(value: AmfValue, name: string): string | undefined {
  const field = isAmfObject(value) ? value[name] : undefined;
  return typeof field === "string" ? field : undefined;
}

export function numberField(value: AmfValue, name: string): number | undefined {
  const field = isAmfObject(value) ? value[name] : undefined;
  return typeof field === "number" && Number.isFinite(field) ? field : undefined;
}

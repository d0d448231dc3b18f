import { BitReader, crc32Mpeg } from "@millrace/bytes";
import { readCommand, SPLICE_COMMAND } from "./commands.ts";
import { readSpliceDescriptors } from "./descriptors.ts";
import type { SpliceCommand, SpliceInfoSection } from "./model.ts";

export const SPLICE_TABLE_ID = 0xfc;
/** Bytes from table_id to splice_command_type. */
const HEAD_BYTES = 14;
const CRC_BYTES = 4;
/** splice_command_length of writers from before the field existed. */
const LENGTH_UNKNOWN = 0xfff;

/**
 * Reads a splice_info_section (ANSI/SCTE 35 §9.6) that begins at the first byte; what follows it is ignored.
 * Undefined when it is cut short or its lengths contradict each other. A wrong CRC is told, not refused.
 */
export function parseSpliceInfo(bytes: Uint8Array): SpliceInfoSection | undefined {
  if (bytes.length < 3 || bytes[0] !== SPLICE_TABLE_ID) return undefined;
  const end = 3 + ((((bytes[1] as number) & 0x0f) << 8) | (bytes[2] as number));
  if (end > bytes.length || end < HEAD_BYTES + 2 + CRC_BYTES) return undefined;
  const body = end - CRC_BYTES;
  const reader = new BitReader(bytes, 3, body);
  // protocol_version: 0 is the only one.
  if (reader.bits(8) !== 0) return undefined;
  const encrypted = reader.flag();
  reader.skip(6);
  const ptsAdjustment = reader.wide(33);
  const head = { ptsAdjustment, cwIndex: reader.bits(8), tier: reader.bits(12), encrypted };
  const length = reader.bits(12);
  const crcOk = crc32Mpeg(bytes, 0, end) === 0;
  if (encrypted) return { ...head, command: { kind: "unknown", type: -1 }, descriptors: [], crcOk };
  const type = reader.bits(8);
  const command = readBoundedCommand(reader, { bytes, type, length, body });
  if (command === undefined) return undefined;
  const loop = reader.bits(16);
  const start = reader.bytePosition;
  if (reader.overrun || start + loop > body) return undefined;
  return { ...head, command, descriptors: readSpliceDescriptors(bytes, start, start + loop), crcOk };
}

/** Reads the command and leaves `reader` behind it. Where a length is stated, it rules. */
function readBoundedCommand(
  reader: BitReader,
  from: { bytes: Uint8Array; type: number; length: number; body: number },
): SpliceCommand | undefined {
  const { bytes, type, length, body } = from;
  if (length === LENGTH_UNKNOWN) {
    const before = reader.bytePosition;
    // A private command without length reaches up to the descriptor loop, whose place nothing tells.
    if (type === SPLICE_COMMAND.private) return undefined;
    const command = readCommand(reader, type, body - before);
    return reader.overrun || command.kind === "unknown" ? undefined : command;
  }
  const start = reader.bytePosition;
  if (start + length > body) return undefined;
  const inner = new BitReader(bytes, start, start + length);
  const command = readCommand(inner, type, length);
  reader.skip(8 * length);
  return inner.overrun ? undefined : command;
}

import { ByteReader, crc32Mpeg } from "@millrace/bytes";
import type { SiDescriptor } from "./descriptors.ts";
import { newBody, readLoop, writeLoop } from "./section-body.ts";
import { readUtcTime, writeUtcTime } from "./time.ts";

/** Time and date table (EN 300 468 §5.2.5). */
export interface Tdt {
  readonly type: "tdt";
  /** Milliseconds since 1970. */
  readonly utcMs: number;
}

/** Time offset table (§5.2.6). */
export interface Tot {
  readonly type: "tot";
  readonly utcMs: number;
  readonly descriptors: readonly SiDescriptor[];
}

const TDT = 0x70;
const TOT = 0x73;

export function parseTdt(section: Uint8Array): Tdt | undefined {
  if (section[0] !== TDT || section.length < 8) return undefined;
  const utcMs = readUtcTime(new ByteReader(section, 3));
  return utcMs === undefined ? undefined : { type: "tdt", utcMs };
}

export function parseTot(section: Uint8Array): Tot | undefined {
  if (section[0] !== TOT || section.length < 14) return undefined;
  const reader = new ByteReader(section, 3, section.length - 4);
  const utcMs = readUtcTime(reader);
  const descriptors = readLoop(reader);
  return utcMs === undefined || reader.overrun ? undefined : { type: "tot", utcMs, descriptors };
}

export function serializeTdt(tdt: Tdt): Uint8Array {
  const writer = newBody().bits(TDT, 8).bits(0x7005, 16);
  writeUtcTime(writer, tdt.utcMs);
  return writer.toBytes();
}

export function serializeTot(tot: Tot): Uint8Array {
  const body = newBody();
  writeUtcTime(body, tot.utcMs);
  writeLoop(body, tot.descriptors);
  const bytes = body.toBytes();
  const writer = newBody()
    .bits(TOT, 8)
    .bits(0x7000 | (bytes.length + 4), 16)
    .bytes(bytes);
  return writer.bits(crc32Mpeg(writer.toBytes()), 32).toBytes();
}

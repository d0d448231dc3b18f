import { concat } from "@millrace/bytes";
import type { Track } from "@millrace/model";
import { buildDescriptor, buildRegistration } from "../descriptor-loop.ts";
import { PACKET_SIZE, PID_PAT, writeContinuity } from "../packet.ts";
import { serializePat, serializePmt } from "../psi.ts";
import { SectionPacketizer } from "../section.ts";
import { RUNNING_STATUS, serializeSdt } from "../si/sdt.ts";
import type { StreamEntry } from "./stream-entry.ts";

/** What the tables say. */
export interface TableFields {
  readonly transportStreamId: number;
  readonly program: number;
  readonly pmtPid: number;
  readonly sdtPid: number;
  readonly pcrPid: number;
  readonly serviceName: string;
  readonly providerName: string;
  /** Changes with the streams; 0 to 31. */
  readonly version: number;
  readonly streams: readonly { readonly pid: number; readonly track: Track; readonly entry: StreamEntry }[];
}

/** service_type of the service_descriptor (EN 300 468 table 87). */
const SERVICE_TV = 0x01;
const SERVICE_RADIO = 0x02;

/** The packets of one table, sent again and again with a counter that goes on. */
class RepeatedTable {
  readonly #packets: Uint8Array;
  #continuity: number;

  constructor(section: Uint8Array, pid: number, continuity: number) {
    this.#packets = new SectionPacketizer(pid).packetize([section]);
    this.#continuity = continuity;
  }

  get continuity(): number {
    return this.#continuity;
  }

  get count(): number {
    return this.#packets.length / PACKET_SIZE;
  }

  copy(target: Uint8Array, at: number): void {
    for (let i = 0; i < this.#packets.length; i += PACKET_SIZE) {
      writeContinuity(this.#packets, i, this.#continuity);
      this.#continuity = (this.#continuity + 1) & 15;
    }
    target.set(this.#packets, at);
  }
}

/** PAT, PMT and SDT of a single program, as packets. */
export class MuxTables {
  #tables: RepeatedTable[] = [];

  /** Takes new contents; counters go on. */
  set(fields: TableFields): void {
    const [pat, pmt, sdt] = this.#tables;
    this.#tables = [
      new RepeatedTable(patOf(fields), PID_PAT, pat?.continuity ?? 0),
      new RepeatedTable(pmtOf(fields), fields.pmtPid, pmt?.continuity ?? 0),
      new RepeatedTable(sdtOf(fields), fields.sdtPid, sdt?.continuity ?? 0),
    ];
  }

  /** Packets that `copy` writes. */
  get count(): number {
    let count = 0;
    for (const table of this.#tables) count += table.count;
    return count;
  }

  /** Writes all tables to `target[at]`. */
  copy(target: Uint8Array, at: number): void {
    for (const table of this.#tables) {
      table.copy(target, at);
      at += table.count * PACKET_SIZE;
    }
  }
}

function patOf(fields: TableFields): Uint8Array {
  const { transportStreamId, version, program, pmtPid } = fields;
  return serializePat({ transportStreamId, version, programs: [{ number: program, pmtPid }] });
}

function pmtOf(fields: TableFields): Uint8Array {
  const { program, version, pcrPid, streams } = fields;
  const loop: Uint8Array[] = [];
  // SCTE 35 §8.1: a registration descriptor says that splice information may follow.
  if (streams.some(({ track }) => track.codec === "scte35")) loop.push(buildRegistration("CUEI"));
  if (streams.some(({ track }) => track.codec === "id3")) loop.push(id3Pointer(program));
  return serializePmt({
    program,
    version,
    pcrPid,
    descriptors: concat(loop),
    streams: streams.map(({ pid, entry }) => ({
      pid,
      streamType: entry.streamType,
      descriptors: entry.descriptors,
    })),
  });
}

/** metadata_pointer_descriptor for ID3 in HLS (Apple, Timed Metadata for HTTP Live Streaming §2.2). */
function id3Pointer(program: number): Uint8Array {
  const id3 = [0x49, 0x44, 0x33, 0x20];
  return buildDescriptor(0x25, [0xff, 0xff, ...id3, 0xff, ...id3, 0x00, 0x1f, program >> 8, program & 0xff]);
}

function sdtOf(fields: TableFields): Uint8Array {
  const video = fields.streams.some(({ track }) => track.kind === "video");
  return serializeSdt({
    type: "sdt",
    actual: true,
    transportStreamId: fields.transportStreamId,
    originalNetworkId: 0xff01,
    version: fields.version,
    current: true,
    sectionNumber: 0,
    lastSectionNumber: 0,
    services: [
      {
        serviceId: fields.program,
        eitSchedule: false,
        eitPresentFollowing: false,
        runningStatus: RUNNING_STATUS.running,
        scrambled: false,
        descriptors: [
          {
            type: "service",
            serviceType: video ? SERVICE_TV : SERVICE_RADIO,
            provider: fields.providerName,
            name: fields.serviceName,
          },
        ],
      },
    ],
  });
}

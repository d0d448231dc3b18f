import { u16be } from "@millrace/bytes";
import { parseSectionHeader, type SectionHeader } from "../psi.ts";
import { isEitSchedule } from "./eit.ts";

/** All sections of one version of a sub-table, complete and in order of their numbers. */
export interface SubTable {
  readonly tableId: number;
  readonly extension: number;
  readonly version: number;
  readonly sections: readonly Uint8Array[];
}

interface Gathering {
  version: number;
  sections: (Uint8Array | undefined)[];
  /** Section numbers that will never come: the gaps at the end of EIT schedule segments. */
  absent: Uint8Array;
  done: boolean;
}

export interface SubTableOptions {
  /** Sub-tables kept in hand; the oldest is forgotten beyond it. Guards against a flood of made-up identifiers. */
  readonly limit?: number;
}

/**
 * Gathers sections into sub-tables (EN 300 468 §5.1.1): by table_id, table_id_extension and, for EIT, SDT other…, the
 * identifiers that follow. A sub-table is handed out once for each version, when its last section has come.
 */
export class SubTableCollector {
  readonly #tables = new Map<string, Gathering>();
  readonly #limit: number;

  constructor(options: SubTableOptions = {}) {
    this.#limit = options.limit ?? 4096;
  }

  /** Sub-tables begun or complete. */
  get size(): number {
    return this.#tables.size;
  }

  /** Takes a section whose CRC is right; the bytes are copied when kept. */
  push(section: Uint8Array): SubTable | undefined {
    const header = parseSectionHeader(section);
    if (header === undefined || !header.current || header.number > header.last) return undefined;
    const gathering = this.#gathering(section, header);
    if (gathering.done || gathering.sections[header.number] !== undefined) return undefined;
    gathering.sections[header.number] = section.slice();
    if (isEitSchedule(header.tableId)) noteSegmentGap(gathering, section, header);
    if (!isComplete(gathering)) return undefined;
    gathering.done = true;
    const sections = gathering.sections.filter((s) => s !== undefined);
    gathering.sections = [];
    const { tableId, extension, version } = header;
    return { tableId, extension, version, sections };
  }

  #gathering(section: Uint8Array, header: SectionHeader): Gathering {
    const key = subTableKey(section, header);
    const known = this.#tables.get(key);
    const length = header.last + 1;
    if (known?.version === header.version && (known.done || known.sections.length === length)) return known;
    const fresh: Gathering = {
      version: header.version,
      sections: new Array(length).fill(undefined),
      absent: new Uint8Array(length),
      done: false,
    };
    if (known === undefined && this.#tables.size >= this.#limit) {
      const oldest = this.#tables.keys().next();
      if (!oldest.done) this.#tables.delete(oldest.value);
    }
    this.#tables.set(key, fresh);
    return fresh;
  }
}

/** Names a sub-table: tables of other streams, and EITs, repeat the extension under different networks. */
function subTableKey(section: Uint8Array, header: SectionHeader): string {
  const base = `${header.tableId}.${header.extension}`;
  if (header.tableId === 0x42 || header.tableId === 0x46) return `${base}.${u16be(section, 8)}`;
  if (header.tableId >= 0x4e && header.tableId <= 0x6f && section.length >= 14) {
    return `${base}.${u16be(section, 8)}.${u16be(section, 10)}`;
  }
  return base;
}

/** Segments are eight section numbers long; those after segment_last_section_number are not sent (§5.2.4). */
function noteSegmentGap(gathering: Gathering, section: Uint8Array, header: SectionHeader): void {
  const segmentEnd = Math.min((header.number | 7) + 1, gathering.absent.length);
  const last = section[12] as number;
  if (last >> 3 !== header.number >> 3) return; // a value outside its segment says nothing
  gathering.absent.fill(1, last + 1, Math.max(last + 1, segmentEnd));
}

function isComplete(gathering: Gathering): boolean {
  return gathering.sections.every((section, i) => section !== undefined || gathering.absent[i] === 1);
}

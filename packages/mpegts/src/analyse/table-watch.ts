import { u16be } from "@millrace/bytes";
import { eventTexts, firstOfType, parseSiSection, type SiDescriptor } from "../si/index.ts";
import { Interval } from "./interval.ts";
import type { StreamClock } from "./stream-clock.ts";

/** Sub-tables that are told apart; beyond it new ones are only counted. Guards against made-up identifiers. */
const MAX_TABLES = 8192;

/** How often one sub-table came. */
export class TableStats {
  readonly pid: number;
  readonly tableId: number;
  /** table_id_extension; -1 for tables of the short form. */
  readonly extension: number;
  version = -1;
  /** Times that the version changed. */
  versionChanges = 0;
  sections = 0;
  lastSectionNumber = 0;
  /** Times between sections of the number that came first. */
  readonly interval = new Interval();
  readonly firstSectionNumber: number;
  /** The sections of the present version that have been read, one bit each. */
  readonly seen = new Uint32Array(8);

  constructor(pid: number, tableId: number, place: { extension: number; sectionNumber: number }) {
    this.pid = pid;
    this.tableId = tableId;
    this.extension = place.extension;
    this.firstSectionNumber = place.sectionNumber;
  }
}

/** What the SDT (and the EIT) say of a service. */
export interface ServiceText {
  readonly name: string;
  readonly provider: string;
  readonly type: number;
  /** Title of the present event. */
  now?: string;
}

/** What table sections have told so far. */
export interface TableListener {
  onPat(section: Uint8Array): void;
  onPmt(pid: number, section: Uint8Array): void;
  onCat(descriptors: readonly SiDescriptor[]): void;
}

/** Reads all sections of a stream: statistics of each sub-table, and the names that people look for. */
export class TableWatch {
  readonly tables = new Map<number, TableStats>();
  readonly services = new Map<number, ServiceText>();
  /** Logical channel numbers by service, from the NIT. */
  readonly channels = new Map<number, number>();
  networkName: string | undefined;
  /** Last time of the TDT or TOT: UTC, milliseconds. */
  utcMs: number | undefined;
  transportStreamId: number | undefined;
  catSeen = false;
  /** Sections with a table_id that PID 0 or 1 must not carry (TR 101 290 1.3, 2.6). */
  strangePatSections = 0;
  strangeCatSections = 0;
  readonly #clock: StreamClock;
  readonly #listener: TableListener;

  constructor(clock: StreamClock, listener: TableListener) {
    this.#clock = clock;
    this.#listener = listener;
  }

  /** Takes a section whose CRC is right. */
  onSection(pid: number, section: Uint8Array, packet: number): void {
    const stats = this.#statsOf(pid, section);
    if (stats === undefined) return;
    const fresh = this.#count(stats, section, packet);
    if (pid === 0 && stats.tableId !== 0) this.strangePatSections++;
    if (pid === 1 && stats.tableId !== 1) this.strangeCatSections++;
    if (pid === 0 && stats.tableId === 0 && stats.extension >= 0) {
      this.transportStreamId = stats.extension;
      this.#listener.onPat(section);
    } else if (stats.tableId === 0x02 && stats.extension >= 0) this.#listener.onPmt(pid, section);
    else if (fresh || stats.tableId === 0x70) this.#onTable(section);
  }

  #statsOf(pid: number, section: Uint8Array): TableStats | undefined {
    const tableId = section[0] as number;
    const long = ((section[1] as number) & 0x80) !== 0 && section.length >= 12;
    const extension = long ? u16be(section, 3) : -1;
    const key = (pid * 256 + tableId) * 0x10000 + (long ? extension : 0);
    let stats = this.tables.get(key);
    if (stats === undefined && this.tables.size < MAX_TABLES) {
      stats = new TableStats(pid, tableId, { extension, sectionNumber: long ? (section[6] as number) : 0 });
      this.tables.set(key, stats);
    }
    return stats;
  }

  /** Counts a section. True if this number of this version had not come before. */
  #count(stats: TableStats, section: Uint8Array, packet: number): boolean {
    stats.sections++;
    const number = stats.extension >= 0 ? (section[6] as number) : 0;
    if (stats.extension >= 0) {
      const version = ((section[5] as number) >> 1) & 31;
      if (version !== stats.version) {
        if (stats.version >= 0) stats.versionChanges++;
        stats.version = version;
        stats.seen.fill(0);
      }
      stats.lastSectionNumber = section[7] as number;
    }
    if (number === stats.firstSectionNumber) stats.interval.mark(packet, this.#clock);
    const word = number >> 5;
    const bit = 1 << (number & 31);
    const fresh = ((stats.seen[word] as number) & bit) === 0;
    stats.seen[word] = (stats.seen[word] as number) | bit;
    return fresh;
  }

  #onTable(section: Uint8Array): void {
    const tableId = section[0] as number;
    // Of the event information only present/following of this stream is looked into: schedules are large.
    if (tableId >= 0x4f && tableId <= 0x6f) return;
    const table = parseSiSection(section);
    switch (table?.type) {
      case "cat":
        this.catSeen = true;
        this.#listener.onCat(table.descriptors);
        break;
      case "sdt":
        if (table.actual) for (const s of table.services) this.#onService(s.serviceId, s.descriptors);
        break;
      case "nit":
        if (!table.actual) break;
        this.networkName = firstOfType(table.descriptors, "networkName")?.name ?? this.networkName;
        for (const { descriptors } of table.transportStreams) this.#onChannels(descriptors);
        break;
      case "eit":
        if (table.sectionNumber === 0) this.#onPresent(table.serviceId, table.events[0]?.descriptors ?? []);
        break;
      case "tdt":
      case "tot":
        this.utcMs = table.utcMs;
        break;
      default:
        break;
    }
  }

  #onService(serviceId: number, descriptors: readonly SiDescriptor[]): void {
    const service = firstOfType(descriptors, "service");
    if (service === undefined) return;
    const { name, provider, serviceType: type } = service;
    const now = this.services.get(serviceId)?.now;
    this.services.set(serviceId, { name, provider, type, ...(now === undefined ? {} : { now }) });
  }

  #onChannels(descriptors: readonly SiDescriptor[]): void {
    const list = firstOfType(descriptors, "logicalChannel");
    for (const { serviceId, number } of list?.channels ?? []) this.channels.set(serviceId, number);
  }

  #onPresent(serviceId: number, descriptors: readonly SiDescriptor[]): void {
    const title = eventTexts(descriptors)[0]?.title;
    if (title === undefined) return;
    const known = this.services.get(serviceId) ?? { name: "", provider: "", type: 0 };
    this.services.set(serviceId, { ...known, now: title });
  }
}

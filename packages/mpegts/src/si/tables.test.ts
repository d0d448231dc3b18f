import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { crc32Mpeg, fromHex, hex, putU32be } from "@millrace/bytes";
import fc from "fast-check";
import { type Eit, parseEit, serializeEit } from "./eit.ts";
import { eventTexts } from "./epg-event.ts";
import { parseBat, parseNit, serializeBat, serializeNit } from "./nit.ts";
import { buildSdtSections, parseSdt, type RunningStatus, serializeSdt } from "./sdt.ts";
import { SINGLE_SECTION } from "./section-body.ts";
import { descriptorList, record, utcMs } from "./si.test-support.ts";
import { SubTableCollector } from "./sub-table.ts";
import { parseSiSection, tableName } from "./tables.ts";
import { parseTdt, parseTot, serializeTdt, serializeTot } from "./time-tables.ts";

const id = fc.integer({ min: 0, max: 0xffff });
const status = fc.nat(7).map((n) => n as RunningStatus);
const place = {
  version: fc.nat(31),
  current: fc.boolean(),
  sectionNumber: fc.nat(255),
  lastSectionNumber: fc.nat(255),
};
const streams = fc.array(
  record({
    transportStreamId: id,
    originalNetworkId: id,
    descriptors: fc.array(descriptorList, { maxLength: 0 }).map(() => []),
  }),
  { maxLength: 4 },
);

/** Sections of real broadcasts: a comment line, then hexadecimal. */
function corpus(): { name: string; section: Uint8Array }[] {
  const lines = readFileSync(join(import.meta.dirname, "corpus", "sections.txt"), "utf8")
    .trim()
    .split("\n");
  const list: { name: string; section: Uint8Array }[] = [];
  for (let i = 0; i + 1 < lines.length; i += 2) {
    list.push({ name: lines[i] as string, section: fromHex(lines[i + 1] as string) });
  }
  return list;
}

test("SDT: parse after serialize", () => {
  const service = record({
    serviceId: id,
    eitSchedule: fc.boolean(),
    eitPresentFollowing: fc.boolean(),
    runningStatus: status,
    scrambled: fc.boolean(),
    descriptors: descriptorList,
  });
  const sdt = record({
    type: fc.constant("sdt" as const),
    actual: fc.boolean(),
    transportStreamId: id,
    originalNetworkId: id,
    ...place,
    services: fc.array(service, { maxLength: 1 }),
  });
  fc.assert(
    fc.property(sdt, (table) => assert.deepEqual(parseSdt(serializeSdt(table)), table)),
    { numRuns: 150 },
  );
});

test("NIT and BAT: parse after serialize", () => {
  const common = { ...place, descriptors: fc.constant([]), transportStreams: streams };
  const nit = record({
    type: fc.constant("nit" as const),
    actual: fc.boolean(),
    networkId: id,
    ...common,
  });
  const bat = record({
    type: fc.constant("bat" as const),
    bouquetId: id,
    ...common,
    descriptors: descriptorList,
  });
  fc.assert(
    fc.property(nit, (table) => assert.deepEqual(parseNit(serializeNit(table)), table)),
    { numRuns: 100 },
  );
  fc.assert(
    fc.property(bat, (table) => assert.deepEqual(parseBat(serializeBat(table)), table)),
    { numRuns: 100 },
  );
});

test("EIT: parse after serialize", () => {
  const event = record({
    eventId: id,
    startMs: fc.option(utcMs, { nil: undefined }),
    durationS: fc.option(fc.nat(99 * 3600), { nil: undefined }),
    runningStatus: status,
    scrambled: fc.boolean(),
    descriptors: descriptorList,
  });
  const eit = record({
    type: fc.constant("eit" as const),
    tableId: fc.integer({ min: 0x4e, max: 0x6f }),
    serviceId: id,
    transportStreamId: id,
    originalNetworkId: id,
    segmentLastSectionNumber: fc.nat(255),
    lastTableId: fc.nat(255),
    ...place,
    events: fc.array(event, { maxLength: 4 }),
  });
  fc.assert(
    fc.property(eit, (table) => assert.deepEqual(parseEit(serializeEit(table)), table)),
    { numRuns: 150 },
  );
});

test("TDT and TOT: parse after serialize", () => {
  fc.assert(
    fc.property(utcMs, descriptorList, (time, descriptors) => {
      assert.deepEqual(parseTdt(serializeTdt({ type: "tdt", utcMs: time })), { type: "tdt", utcMs: time });
      const tot = { type: "tot" as const, utcMs: time, descriptors };
      const bytes = serializeTot(tot);
      assert.equal(crc32Mpeg(bytes), 0);
      assert.deepEqual(parseTot(bytes), tot);
    }),
    { numRuns: 150 },
  );
});

test("real sections are read, and written back to the same bytes where every descriptor can be", () => {
  const unwritable = new Set(["cat", "ait", "tsdt"]);
  let written = 0;
  for (const { name, section } of corpus()) {
    const table = parseSiSection(section);
    if (section[0] === 0) continue;
    assert.ok(table !== undefined, name);
    if (unwritable.has(table.type)) continue;
    if (table.type === "tdt") assert.equal(hex(serializeTdt(table)), hex(section), name);
    if (table.type === "tot") assert.equal(hex(serializeTot(table)), hex(section), name);
    if (table.type === "sdt") assert.deepEqual(parseSdt(serializeSdt(table)), table, name);
    if (table.type === "nit") assert.deepEqual(parseNit(serializeNit(table)), table, name);
    if (table.type === "eit") assert.deepEqual(parseEit(serializeEit(table)), table, name);
    written++;
  }
  assert.ok(written > 15, `${written} sections written`);
});

test("damaged sections never throw", () => {
  const sections = corpus();
  fc.assert(
    fc.property(
      fc.nat(sections.length - 1),
      fc.array(fc.tuple(fc.nat(700), fc.nat(255)), { maxLength: 8 }),
      fc.nat(700),
      (which, changes, cut) => {
        const section = sections[which]!.section.slice();
        for (const [at, value] of changes) if (at < section.length) section[at] = value;
        parseSiSection(section);
        parseSiSection(section.subarray(0, cut));
        new SubTableCollector().push(section);
      },
    ),
    { numRuns: 2000 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void parseSiSection(bytes)),
    { numRuns: 2000 },
  );
});

test("a large SDT is spread over sections that fit", () => {
  const services = Array.from({ length: 60 }, (_, i) => ({
    serviceId: i + 1,
    eitSchedule: true,
    eitPresentFollowing: true,
    runningStatus: 4 as const,
    scrambled: false,
    descriptors: [
      { type: "service" as const, serviceType: 1, provider: "Millrace", name: `Service number ${i}` },
    ],
  }));
  const sections = buildSdtSections({
    actual: true,
    transportStreamId: 1,
    originalNetworkId: 2,
    version: 3,
    services,
  });
  assert.ok(sections.length > 2);
  for (const section of sections) assert.ok(section.length <= 1024);
  const parsed = sections.map((section) => parseSdt(section));
  assert.deepEqual(
    parsed.map((s) => s?.sectionNumber),
    sections.map((_, i) => i),
  );
  assert.deepEqual(
    parsed.flatMap((s) => s?.services ?? []),
    services,
  );
  const one = buildSdtSections({
    actual: true,
    transportStreamId: 1,
    originalNetworkId: 2,
    version: 3,
    services: [],
  });
  assert.equal(one.length, 1);
});

test("the bits of an EIT header stand where EN 300 468 §5.2.4 puts them", () => {
  const eit: Eit = {
    type: "eit",
    ...SINGLE_SECTION,
    tableId: 0x4e,
    version: 5,
    serviceId: 0x1234,
    transportStreamId: 0x5678,
    originalNetworkId: 0x9abc,
    segmentLastSectionNumber: 0,
    lastTableId: 0x4e,
    events: [
      // The example of EN 300 468 Annex C: 1993-10-13 12:45:00, and 01:45:30 long.
      {
        eventId: 1,
        startMs: Date.UTC(1993, 9, 13, 12, 45),
        durationS: 6330,
        runningStatus: 4,
        scrambled: false,
        descriptors: [],
      },
    ],
  };
  assert.equal(hex(serializeEit(eit)).slice(0, -8), "4ef01b1234cb000056789abc004e0001c0791245000145308000");
});

test("sub-tables are handed out once they are complete", () => {
  const make = (number: number, over: Partial<Eit> = {}) =>
    serializeEit({
      type: "eit",
      ...SINGLE_SECTION,
      tableId: 0x50,
      serviceId: 1,
      transportStreamId: 2,
      originalNetworkId: 3,
      lastTableId: 0x50,
      sectionNumber: number,
      lastSectionNumber: 9,
      // Each segment of eight has two sections: 0, 1 and 8, 9.
      segmentLastSectionNumber: (number & ~7) + 1,
      events: [],
      ...over,
    });
  const collector = new SubTableCollector();
  assert.equal(collector.push(make(8)), undefined);
  assert.equal(collector.push(make(1)), undefined);
  assert.equal(collector.push(make(1)), undefined);
  assert.equal(collector.push(make(0)), undefined);
  const table = collector.push(make(9));
  assert.deepEqual(
    table?.sections.map((s) => s[6]),
    [0, 1, 8, 9],
  );
  assert.equal(collector.push(make(0)), undefined, "a repetition");
  assert.equal(collector.push(make(0, { transportStreamId: 7 })), undefined, "another sub-table");
  assert.equal(
    collector.push(make(0, { version: 1, lastSectionNumber: 0, segmentLastSectionNumber: 0 }))?.version,
    1,
  );
  assert.equal(collector.push(make(0, { version: 2, current: false, lastSectionNumber: 0 })), undefined);
});

test("made-up identifiers do not fill the memory", () => {
  const collector = new SubTableCollector({ limit: 10 });
  const bytes = serializeSdt({
    type: "sdt",
    ...SINGLE_SECTION,
    lastSectionNumber: 1,
    actual: true,
    transportStreamId: 0,
    originalNetworkId: 0,
    services: [],
  });
  for (let i = 0; i < 100; i++) {
    bytes[4] = i;
    putU32be(bytes, bytes.length - 4, crc32Mpeg(bytes, 0, bytes.length - 4));
    collector.push(bytes);
  }
  assert.equal(collector.size, 10);
});

test("extended events are one text in each language", () => {
  const part = (number: number, textBytes: Uint8Array) =>
    ({ type: "extendedEvent", number, lastNumber: 1, language: "ger", items: [], textBytes }) as const;
  // UTF-8 whose two-byte character is split between the parts.
  const texts = eventTexts([
    { type: "shortEvent", language: "ger", name: "Film", text: "Krimi" },
    part(1, fromHex("a420456e6465")),
    part(0, fromHex("15476573636869636874 c3".replace(/ /g, ""))),
    { type: "shortEvent", language: "eng", name: "Movie", text: "" },
  ]);
  assert.deepEqual(texts, [
    { language: "ger", title: "Film", subtitle: "Krimi", description: "Geschichtä Ende", items: [] },
    { language: "eng", title: "Movie", subtitle: "", description: "", items: [] },
  ]);
});

test("tables have names", () => {
  assert.equal(tableName(0x42), "SDT actual");
  assert.equal(tableName(0x55), "EIT schedule actual");
  assert.equal(tableName(0x9a), "table 0x9A");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type EitEvent,
  eventTexts,
  firstOfType,
  isEitSchedule,
  parseAit,
  parseEit,
  parseNit,
  parseSdt,
  parseSiDescriptors,
  parseTdt,
  parseTot,
  SubTableCollector,
} from "@millrace/mpegts";
import { readSharedText, sectionsOf, skipReason } from "./si-media.ts";

const MPTS = "ts/derived/mpts_4services_si_eit.ts";

function unescapeXml(text: string): string {
  return text
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&amp;", "&");
}

interface SourceEvent {
  readonly service: number;
  readonly id: number;
  readonly startMs: number;
  readonly durationS: number;
  /** Language and title of each short event descriptor. */
  readonly texts: readonly (readonly [language: string, title: string, text: string])[];
}

/** The events that were put into the stream. */
function sourceEvents(): SourceEvent[] {
  const xml = readSharedText(`${MPTS}.eit-source.xml`);
  return [...xml.matchAll(/<EIT [^>]*service_id="(\d+)"[^>]*>([\s\S]*?)<\/EIT>/g)].flatMap(
    ([, service, body]) =>
      [
        ...(body ?? "").matchAll(
          /<event event_id="(\d+)" start_time="([^"]+)" duration="([^"]+)"[\s\S]*?<\/event>/g,
        ),
      ].map(([event, id, start, duration]) => {
        const [hours, minutes, seconds] = (duration as string).split(":").map(Number) as [
          number,
          number,
          number,
        ];
        return {
          service: Number(service),
          id: Number(id),
          startMs: Date.parse(`${(start as string).replace(" ", "T")}Z`),
          durationS: hours * 3600 + minutes * 60 + seconds,
          texts: [
            ...event.matchAll(/language_code="(\w+)"><event_name>(.*?)<\/event_name><text>(.*?)<\/text>/g),
          ].map(
            ([, language, title, text]) =>
              [language, unescapeXml(title ?? ""), unescapeXml(text ?? "")] as [string, string, string],
          ),
        };
      }),
  );
}

test("EIT: events, times and titles in several scripts", (t) => {
  const reason = skipReason(MPTS);
  if (reason !== undefined) {
    t.skip(reason);
    return;
  }
  const source = new Map(sourceEvents().map((event) => [`${event.service}.${event.id}`, event]));
  assert.equal(source.size, 56);
  const schedule = new Map<string, EitEvent>();
  let present = 0;
  for (const { section } of sectionsOf(MPTS, [0x12])) {
    const eit = parseEit(section);
    assert.ok(eit !== undefined);
    for (const event of eit.events) {
      const key: string = `${eit.serviceId}.${event.eventId}`;
      const expected: SourceEvent | undefined = source.get(key);
      assert.ok(expected !== undefined, key);
      assert.equal(event.startMs, expected.startMs, key);
      assert.equal(event.durationS, expected.durationS, key);
      const texts = eventTexts(event.descriptors).map((e) => [e.language, e.title, e.subtitle]);
      assert.deepEqual(texts, expected.texts, key);
      assert.equal(firstOfType(event.descriptors, "parentalRating")?.ratings[0]?.country, "FRA");
      if (isEitSchedule(eit.tableId)) schedule.set(key, event);
      else present++;
    }
  }
  assert.equal(present, 8, "present and following of four services");
  // The generator puts what still lies ahead into the schedule.
  assert.ok(schedule.size >= 40, `${schedule.size} events`);
});

test("EIT: sub-tables come together, gaps of segments and all", (t) => {
  const reason = skipReason(MPTS);
  if (reason !== undefined) {
    t.skip(reason);
    return;
  }
  const collector = new SubTableCollector();
  const complete = new Set<string>();
  for (const { section } of sectionsOf(MPTS, [0x10, 0x11, 0x12])) {
    const table = collector.push(section);
    if (table !== undefined) complete.add(`${table.tableId.toString(16)}.${table.extension}`);
  }
  for (const service of [101, 102, 103, 104]) {
    assert.ok(complete.has(`4e.${service}`), `present/following of ${service}`);
    assert.ok(complete.has(`50.${service}`), `schedule of ${service}`);
  }
  assert.ok(complete.has("40.8442") && complete.has("42.1001"));
});

test("NIT: network name, service list, delivery system, channel numbers", (t) => {
  const reason = skipReason(MPTS);
  if (reason !== undefined) {
    t.skip(reason);
    return;
  }
  const nit = sectionsOf(MPTS, [0x10]).map(({ section }) => parseNit(section))[0];
  assert.equal(nit?.networkId, 0x20fa);
  assert.equal(nit?.version, 3);
  assert.equal(firstOfType(nit?.descriptors ?? [], "networkName")?.name, "Réseau Démo");
  const stream = nit?.transportStreams[0];
  assert.deepEqual([stream?.transportStreamId, stream?.originalNetworkId], [1001, 8442]);
  const descriptors = stream?.descriptors ?? [];
  assert.deepEqual(
    firstOfType(descriptors, "serviceList")?.services.map((s) => [s.serviceId, s.serviceType]),
    [
      [101, 0x19],
      [102, 0x19],
      [103, 1],
      [104, 2],
    ],
  );
  const terrestrial = firstOfType(descriptors, "terrestrial");
  assert.deepEqual(
    [
      terrestrial?.frequencyHz,
      terrestrial?.bandwidthMhz,
      terrestrial?.constellation,
      terrestrial?.codeRateHp,
    ],
    [490_000_000, 8, 2, 1],
  );
  assert.deepEqual(
    firstOfType(descriptors, "logicalChannel")?.channels.map((c) => [c.serviceId, c.number, c.visible]),
    [
      [101, 1, true],
      [102, 2, true],
      [103, 23, true],
      [104, 701, false],
    ],
  );
});

test("SDT of a real multiplex", (t) => {
  const path = "ts/mpts-si/test-108.ts";
  const reason = skipReason(path);
  if (reason !== undefined) {
    t.skip(reason);
    return;
  }
  const names = new Map<number, string>();
  for (const { section } of sectionsOf(path, [0x11])) {
    const sdt = parseSdt(section);
    if (sdt?.actual !== true) continue;
    for (const s of sdt.services) names.set(s.serviceId, firstOfType(s.descriptors, "service")?.name ?? "");
  }
  const expected = [
    ...readSharedText(`oracle/${path}.tsanalyze.txt`).matchAll(/^service:id=(\d+):.*:name=(.*)$/gm),
  ];
  assert.equal(expected.length, 8);
  for (const [, id, name] of expected) assert.equal(names.get(Number(id)), name);
});

test("TDT and TOT, beyond the turn of the day number in 2038 too", (t) => {
  for (const path of ["ts/mpts-si/test-182.1.ts", "ts/mpts-si/test-182.2.ts", "ts/mpts-si/test-182.3.ts"]) {
    const reason = skipReason(path);
    if (reason !== undefined) {
      t.skip(reason);
      return;
    }
    const reference = readSharedText(`${path}.ref/${path.split("/")[2]?.replace(".ts", ".txt")}`);
    const expected = [...reference.matchAll(/UTC time: (\S+) (\S+)/g)].map(
      ([, day, time]) => `${day} ${time}`,
    );
    const changes = [...reference.matchAll(/Next change: (\S+ \S+)/g)].map(([, when]) => when);
    const times: string[] = [];
    const ourChanges: string[] = [];
    const show = (ms: number) =>
      new Date(ms).toISOString().replace("T", " ").replaceAll("-", "/").slice(0, 19);
    for (const { section } of sectionsOf(path, [0x14])) {
      const table = parseTdt(section) ?? parseTot(section);
      assert.ok(table !== undefined, path);
      times.push(show(table.utcMs));
      if (table.type !== "tot") continue;
      const offset = firstOfType(table.descriptors, "localTimeOffset");
      for (const region of offset?.regions ?? []) ourChanges.push(show(region.changeMs ?? 0));
    }
    assert.deepEqual(times, expected, path);
    assert.deepEqual(ourChanges, changes, path);
  }
});

test("AIT of an MHP portal", (t) => {
  const path = "ts/mpts-si/test-018.ts";
  const reason = skipReason(path);
  if (reason !== undefined) {
    t.skip(reason);
    return;
  }
  const ait = sectionsOf(path, [0x1ec5])
    .map(({ section }) => parseAit(section))
    .find((table) => table !== undefined);
  assert.equal(ait?.applicationType, 1);
  const [application] = ait?.applications ?? [];
  assert.equal(application?.organizationId, 0x0b);
  assert.equal(application?.applicationId, 0x1ab5);
  assert.equal(application?.controlCode, 2);
  assert.deepEqual(application?.names, [{ language: "ita", name: "Programmi TV BB SAT" }]);
  assert.deepEqual(application?.urls, [
    { base: "http://mhp.dgtv.mediaset.it/appl/ProgrammiTvSat/", extensions: ["ProgrammiTvSat.zip"] },
  ]);
});

test("CA descriptors of a real CAT", (t) => {
  const path = "ts/mpts-si/csat_mux_11services.ts";
  const reason = skipReason(path);
  if (reason !== undefined) {
    t.skip(reason);
    return;
  }
  const xml = readSharedText(`${path}.ref/test-011.xml`);
  const cat = /<CAT [\s\S]*?<\/CAT>/.exec(xml)?.[0] ?? "";
  const expected = [...cat.matchAll(/CA_system_id="(0x\w+)" CA_PID="(0x\w+)"/g)].map(([, id, pid]) => [
    Number(id),
    Number(pid),
  ]);
  const section = sectionsOf(path, [1])[0]?.section ?? new Uint8Array();
  const ours = parseSiDescriptors(section.subarray(8, -4)).flatMap((d) =>
    d.type === "ca" ? [[d.systemId, d.pid]] : [],
  );
  assert.ok(expected.length > 5);
  assert.deepEqual(ours, expected);
});

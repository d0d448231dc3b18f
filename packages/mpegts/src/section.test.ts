import assert from "node:assert/strict";
import { test } from "node:test";
import { fromHex, hex } from "@millrace/bytes";
import fc from "fast-check";
import {
  buildDescriptor,
  buildRegistration,
  findDescriptor,
  hasRegistration,
  iterateDescriptors,
} from "./descriptor-loop.ts";
import { hasUnitStart, PACKET_SIZE, writeContinuity } from "./packet.ts";
import {
  buildSection,
  parseCat,
  parsePat,
  parsePmt,
  parseSectionHeader,
  serializeCat,
  serializePat,
  serializePmt,
} from "./psi.ts";
import { SectionAssembler, SectionPacketizer } from "./section.ts";

function collect() {
  const got: string[] = [];
  const assembler = new SectionAssembler((section) => got.push(hex(section)));
  const push = (packets: Uint8Array) => {
    for (let at = 0; at < packets.length; at += PACKET_SIZE) assembler.push(packets, at);
  };
  return { got, assembler, push };
}

const body = fc.uint8Array({ maxLength: 4000 });
const section = fc
  .tuple(fc.nat(0xfe), fc.nat(0xffff), fc.nat(31), body)
  .map(([tableId, extension, version, bytes]) =>
    buildSection({ tableId, extension, version, current: true, number: 0, last: 0 }, bytes),
  );

test("sections cut into packets come out whole", () => {
  fc.assert(
    fc.property(fc.array(section, { minLength: 1, maxLength: 6 }), (sections) => {
      const { got, assembler, push } = collect();
      const packetizer = new SectionPacketizer(0x10, 13);
      push(packetizer.packetize(sections));
      push(packetizer.packetize(sections));
      const texts = sections.map((s) => hex(s));
      assert.deepEqual(got, [...texts, ...texts]);
      assert.equal(assembler.crcErrors + assembler.lengthErrors + assembler.lossErrors, 0);
    }),
    { numRuns: 60 },
  );
});

test("sections back to back, across packets, with pointer fields", () => {
  fc.assert(
    fc.property(fc.array(section, { minLength: 2, maxLength: 8 }), fc.nat(40), (sections, gap) => {
      const { got, push } = collect();
      push(packTight(sections, gap));
      assert.deepEqual(
        got,
        sections.map((s) => hex(s)),
      );
    }),
    { numRuns: 60 },
  );
});

/** Packs sections without space between them; a packet in which one begins carries a pointer_field. */
function packTight(sections: readonly Uint8Array[], gap: number): Uint8Array {
  const stream = sections.flatMap((s) => [...s]);
  const starts = new Set<number>();
  let start = 0;
  for (const s of sections) {
    starts.add(start);
    start += s.length;
  }
  const packets: number[] = [];
  let cc = 0;
  for (let at = 0; at < stream.length; ) {
    const packet = [0x47, 0x00, 0x10, 0x10 | (cc++ & 15)];
    if (gap > 0)
      packet.splice(
        3,
        1,
        packet[3]! | 0x20,
        gap - 1,
        ...(gap > 1 ? [0] : []),
        ...Array(Math.max(0, gap - 2)).fill(0xff),
      );
    let room = 188 - packet.length;
    let first = -1;
    for (let i = at; i < at + room - 1; i++)
      if (starts.has(i)) {
        first = i;
        break;
      }
    if (first >= 0) {
      packet[1]! |= 0x40;
      packet.push(first - at);
      room--;
    }
    const part = stream.slice(at, at + room);
    // Without a pointer_field no section may begin here: leave the last byte for the next packet.
    if (first < 0 && starts.has(at + room - 1)) {
      packet.push(0xff);
      packets.push(...fit(packet, stream.slice(at, at + room - 1)));
      at += room - 1;
      continue;
    }
    packet.push(...part, ...Array(room - part.length).fill(0xff));
    packets.push(...packet);
    at += room;
  }
  return Uint8Array.from(packets);
}

/** A packet one byte short of payload: the byte moves into the adaptation field. */
function fit(packet: number[], part: number[]): number[] {
  packet.pop();
  if ((packet[3]! & 0x20) === 0) return [...packet.slice(0, 3), packet[3]! | 0x20, 0, ...part];
  const length = packet[4]! + 1;
  const field = length === 1 ? [0] : [...packet.slice(5), 0xff];
  return [...packet.slice(0, 4), length, ...field, ...part];
}

const pat = serializePat({
  transportStreamId: 7,
  version: 3,
  programs: [{ number: 1, pmtPid: 0x100 }],
  networkPid: 16,
});

test("what is broken is counted and not delivered", () => {
  const long = buildSection(
    { tableId: 0x42, extension: 1, version: 0, current: true, number: 0, last: 0 },
    new Uint8Array(600),
  );
  const packets = new SectionPacketizer(0x11).packetize([long]);
  const broken = packets.slice();
  broken[300]! ^= 1;
  let run = collect();
  run.push(broken);
  assert.deepEqual([run.got.length, run.assembler.crcErrors], [0, 1]);

  run = collect(); // a packet is missing
  run.push(packets.slice(0, 188));
  run.push(packets.slice(376));
  assert.deepEqual([run.got.length, run.assembler.lossErrors], [0, 1]);

  run = collect(); // a packet comes twice
  run.push(packets.slice(0, 376));
  run.push(packets.slice(188));
  assert.equal(run.got.length, 1);

  run = collect(); // the pointer points outside
  const astray = packets.slice(0, 188);
  astray[4] = 184;
  run.push(astray);
  assert.deepEqual([run.got.length, run.assembler.lengthErrors], [0, 1]);

  run = collect(); // section_length above 4093
  const huge = packets.slice(0, 188);
  huge[6] = 0xbf;
  huge[7] = 0xff;
  run.push(huge);
  assert.deepEqual([run.got.length, run.assembler.lengthErrors], [0, 1]);

  run = collect(); // the next section begins before the first is whole
  run.push(packets.slice(0, 188));
  const next = new SectionPacketizer(0x11, 1).packetize([pat]);
  run.push(next);
  assert.deepEqual([run.got, run.assembler.lengthErrors], [[hex(pat)], 1]);
});

test("short sections without a CRC are delivered, a TOT with a wrong one is not", () => {
  const { got, assembler, push } = collect();
  const tdt = fromHex("70 7005 c9a1 123456");
  const tot = fromHex("73 700b c9a1 123456 f000 00000000");
  push(new SectionPacketizer(0x14).packetize([tdt, tot]));
  assert.deepEqual(got, [hex(tdt)]);
  assert.equal(assembler.crcErrors, 1);
});

test("rubbish never throws", () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 184, maxLength: 184 }), { maxLength: 20 }),
      fc.nat(),
      (payloads, bits) => {
        const { assembler } = collect();
        payloads.forEach((payload, i) => {
          const packet = new Uint8Array(188);
          packet.set([0x47, (bits >> i) & 1 ? 0x40 : 0, 0x20, 0x10]);
          packet.set(payload, 4);
          if (i % 3 !== 2) writeContinuity(packet, 0, i);
          assembler.push(packet, 0);
          if (i % 5 === 0 && hasUnitStart(packet, 0)) packet[3]! |= 0x30;
        });
        assert.ok(assembler.sections >= 0);
      },
    ),
    { numRuns: 200 },
  );
});

const descriptors = fc
  .array(fc.tuple(fc.nat(255), fc.uint8Array({ maxLength: 20 })), { maxLength: 4 })
  .map((list) => Uint8Array.from(list.flatMap(([tag, data]) => [...buildDescriptor(tag, data)])));

test("PAT, PMT and CAT: parse ∘ serialize", () => {
  const pid = fc.nat(0x1fff);
  const version = fc.nat(31);
  const programs = fc.array(
    fc.record({ number: fc.integer({ min: 1, max: 0xffff }), pmtPid: pid }, { noNullPrototype: true }),
    {
      maxLength: 40,
    },
  );
  fc.assert(
    fc.property(
      fc.record(
        { transportStreamId: fc.nat(0xffff), version, programs, networkPid: pid },
        { noNullPrototype: true },
      ),
      (table) => {
        assert.deepEqual(parsePat(serializePat(table)), table);
        const { networkPid: _, ...without } = table;
        assert.deepEqual(parsePat(serializePat(without)), without);
      },
    ),
  );
  const streams = fc.array(
    fc.record({ streamType: fc.nat(255), pid, descriptors }, { noNullPrototype: true }),
    { maxLength: 8 },
  );
  fc.assert(
    fc.property(
      fc.record(
        { program: fc.nat(0xffff), version, pcrPid: pid, descriptors, streams },
        { noNullPrototype: true },
      ),
      (table) => {
        assert.deepEqual(parsePmt(serializePmt(table)), table);
      },
    ),
  );
  fc.assert(
    fc.property(fc.record({ version, descriptors }, { noNullPrototype: true }), (table) => {
      assert.deepEqual(parseCat(serializeCat(table)), table);
    }),
  );
});

test("tables that lie about their loops are refused", () => {
  const stream = { streamType: 0x1b, pid: 0x101, descriptors: new Uint8Array(3) };
  const good = serializePmt({
    program: 1,
    version: 0,
    pcrPid: 0x101,
    descriptors: new Uint8Array(0),
    streams: [stream],
  });
  for (const [at, value] of [
    [11, 0x7f],
    [16, 0x09],
  ] as const) {
    const bad = good.slice();
    bad[at] = value;
    assert.equal(parsePmt(bad), undefined);
  }
  assert.equal(parsePat(good), undefined);
  assert.equal(parseSectionHeader(good.subarray(0, 8)), undefined);
  const later = good.slice();
  later[5]! &= 0xfe; // current_next_indicator
  assert.equal(parsePmt(later), undefined);
});

test("any bytes as a table: undefined or a model, never an exception", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(2), (bytes, tableId) => {
      if (bytes.length > 1) {
        bytes[0] = tableId;
        bytes[1]! |= 0x80;
      }
      parsePat(bytes);
      parsePmt(bytes);
      parseCat(bytes);
      for (const { data } of iterateDescriptors(bytes)) assert.ok(data.length <= bytes.length);
    }),
    { numRuns: 500 },
  );
});

test("descriptor loops", () => {
  const loop = Uint8Array.from([...buildDescriptor(0x0a, [1, 2]), ...buildRegistration("Opus")]);
  assert.equal(hex(loop), "0a02010205044f707573");
  assert.equal(hasRegistration(loop, "Opus"), true);
  assert.equal(hasRegistration(loop, "AC-3"), false);
  assert.equal(hex(findDescriptor(loop, 0x0a)!), "0102");
  assert.equal(findDescriptor(loop.subarray(0, 9), 0x05), undefined);
});

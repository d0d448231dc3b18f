import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fromHex } from "@millrace/bytes";
import fc from "fast-check";
import { Demuxer } from "./demux/index.ts";
import { iterateDescriptors } from "./descriptor-loop.ts";
import { Muxer } from "./mux/index.ts";
import { PACKET_SIZE } from "./packet.ts";
import { PES_OK, PesHeader } from "./pes.ts";
import { parseCat, parsePat, parsePmt, serializePat, serializePmt } from "./psi.ts";
import { TsScanner } from "./scan.ts";
import { SectionAssembler, SectionPacketizer } from "./section.ts";
import { PacketAligner } from "./sync.ts";
import { ALWAYS_THERE, alignedPackets, sharedMedia } from "./testing/media.ts";

function seeds(kind: string): Uint8Array[] {
  const text = readFileSync(join(import.meta.dirname, "corpus", "seeds.txt"), "utf8");
  return text
    .split("\n")
    .filter((line) => line.startsWith(`${kind} `))
    .map((line) => fromHex(line.slice(kind.length)));
}

/** A seed with some bytes replaced, inserted or cut off. */
function mutated(list: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const edits = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 });
  return fc.tuple(fc.constantFrom(...list), edits, fc.option(fc.nat(200))).map(([seed, changes, cut]) => {
    const bytes = seed.slice();
    for (const [at, value] of changes) if (bytes.length > 0) bytes[at % bytes.length] = value;
    return cut === null ? bytes : bytes.subarray(0, cut);
  });
}

/** A packet out of the first bytes of a seed, filled up. */
function packetOf(seed: Uint8Array, fill: number): Uint8Array {
  const packet = new Uint8Array(PACKET_SIZE).fill(fill);
  packet.set(seed.subarray(0, PACKET_SIZE));
  packet[0] = 0x47;
  return packet;
}

/** PAT and PMT that make PID 0x100 a stream of the given type. */
function tables(streamType: number): Uint8Array {
  const pat = serializePat({ transportStreamId: 1, version: 0, programs: [{ number: 1, pmtPid: 0x1000 }] });
  const none = new Uint8Array(0);
  const streams = [{ streamType, pid: 0x100, descriptors: none }];
  const pmt = serializePmt({ program: 1, version: 0, pcrPid: 0x100, descriptors: none, streams });
  const parts = [new SectionPacketizer(0).packetize([pat]), new SectionPacketizer(0x1000).packetize([pmt])];
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

const STREAM_TYPES = [0x01, 0x02, 0x03, 0x06, 0x0f, 0x10, 0x11, 0x15, 0x1b, 0x24, 0x81, 0x82, 0x86, 0x87];

test("packets of any kind through scanner, demultiplexer and multiplexer: no exception, whole units", () => {
  const packet = fc.tuple(mutated(seeds("packet")), fc.nat(255));
  fc.assert(
    fc.property(fc.constantFrom(...STREAM_TYPES), fc.array(packet, { maxLength: 30 }), (type, list) => {
      const packets = [tables(type), ...list.map(([seed, fill]) => packetOf(seed, fill))];
      const bytes = Uint8Array.from(packets.flatMap((part) => [...part]));
      const count = bytes.length / PACKET_SIZE;
      const scanner = new TsScanner();
      scanner.scan(bytes.slice(), 0, count);
      assert.equal(scanner.packets, count);
      let made = 0;
      const muxer = new Muxer({ onPackets: (batch) => (made += batch.bytes.length) });
      const demuxer = new Demuxer({
        onTracks: (tracks) => muxer.setTracks(tracks),
        onUnit: (unit) => {
          assert.ok(Number.isSafeInteger(unit.pts) && Number.isSafeInteger(unit.dts));
          assert.ok((unit.data[0] as Uint8Array).length > 0);
          muxer.push(unit);
        },
      });
      demuxer.push(bytes, 0, count);
      demuxer.flush();
      muxer.flush();
      assert.equal(made % PACKET_SIZE, 0);
    }),
    { numRuns: 250 },
  );
});

test("sections: nothing throws, descriptors stay inside", () => {
  fc.assert(
    fc.property(fc.array(mutated(seeds("section")), { maxLength: 5 }), fc.boolean(), (list, packed) => {
      for (const section of list) {
        parsePat(section);
        parseCat(section);
        for (const stream of parsePmt(section)?.streams ?? []) {
          for (const { data } of iterateDescriptors(stream.descriptors)) assert.ok(data.length <= 255);
        }
      }
      const assembler = new SectionAssembler((section) => assert.ok(section.length >= 3));
      const packets = packed
        ? new SectionPacketizer(0).packetize(list)
        : packetOf(list[0] ?? Uint8Array.of(), 0xff);
      for (let at = 0; at < packets.length; at += PACKET_SIZE) assembler.push(packets, at);
    }),
    { numRuns: 400 },
  );
});

test("PES headers: a payload never begins outside", () => {
  const header = new PesHeader();
  fc.assert(
    fc.property(mutated(seeds("pes")), fc.nat(20), (bytes, lead) => {
      const buf = new Uint8Array(lead + bytes.length);
      buf.set(bytes, lead);
      if (header.parse(buf, lead, buf.length) !== PES_OK) return;
      assert.ok(header.payload > lead && header.payload <= buf.length);
    }),
    { numRuns: 800 },
  );
});

for (const path of ALWAYS_THERE) {
  test(`one byte in a hundred corrupted: ${path}`, () => {
    // A share of eleven packets says nothing: short captures are repeated.
    const once = alignedPackets(sharedMedia(path) as Uint8Array).subarray(0, 600 * PACKET_SIZE);
    const clean = new Uint8Array(Math.ceil((600 * PACKET_SIZE) / once.length) * once.length);
    for (let at = 0; at < clean.length; at += once.length) clean.set(once, at);
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat(0x7fffffff)), (random) => {
        const bytes = clean.slice();
        for (let i = 0; i < bytes.length / 100; i++) {
          const value = random.next().value as number;
          bytes[(value >>> 8) % bytes.length] = value & 255;
        }
        let units = 0;
        const demuxer = new Demuxer({ program: "all", onTracks: () => {}, onUnit: () => units++ });
        const scanner = new TsScanner();
        const aligner = new PacketAligner((buf, start, count) => {
          scanner.scan(buf, start, count);
          demuxer.push(buf, start, count);
        });
        for (let at = 0; at < bytes.length; at += 1316) aligner.push(bytes.subarray(at, at + 1316));
        aligner.flush();
        demuxer.flush();
        // Sync bytes are hit too, and are followed by others: most packets must come through.
        assert.ok(aligner.packets >= (bytes.length / PACKET_SIZE) * 0.9 - 3);
        assert.equal(units, demuxer.counters.units);
      }),
      { numRuns: 4 },
    );
  });
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { fromHex, hex } from "@millrace/bytes";
import fc from "fast-check";
import {
  allOfType,
  firstOfType,
  parseSiDescriptors,
  type SiDescriptor,
  serializeSiDescriptors,
} from "./descriptors.ts";
import { descriptorList } from "./si.test-support.ts";

/** A loop of one descriptor in hexadecimal, and what it reads as. Those marked false are only read. */
const CASES: readonly (readonly [loop: string, descriptor: SiDescriptor, written?: false])[] = [
  ["0a04667261 01", { type: "language", languages: [{ code: "fra", audioType: 1 }] }],
  ["0504 4f707573", { type: "registration", format: "Opus", info: new Uint8Array() }],
  ["0907 0500 e0b4 140304", { type: "ca", systemId: 0x500, pid: 0xb4, privateData: fromHex("140304") }],
  ["0e03 c00bb8", { type: "maximumBitrate", bitsPerSecond: 1_200_000 }],
  [
    "2804 64002abf",
    {
      type: "avcVideo",
      profileIdc: 100,
      constraints: 0,
      levelIdc: 42,
      stillPresent: true,
      twentyFourHourPicture: false,
      framePackingSeiNotPresent: true,
    },
    false,
  ],
  [
    "260d ffff49443320ff4944332000 0f",
    {
      type: "metadata",
      applicationFormat: 0xffff,
      applicationIdentifier: "ID3 ",
      format: 0xff,
      formatIdentifier: "ID3 ",
      serviceId: 0,
      rest: fromHex("0f"),
    },
  ],
  [
    "0203 1a485f",
    {
      type: "videoStream",
      multipleFrameRate: false,
      frameRateCode: 3,
      mpeg1Only: false,
      constrainedParameters: true,
      stillPicture: false,
      profileAndLevel: 0x48,
      chromaFormat: 1,
    },
    false,
  ],
  ["0301 67", { type: "audioStream", freeFormat: false, mpeg1: true, layer: 2, variableRate: false }, false],
  ["4005 52c26173 41", { type: "networkName", name: "RásA" }, false],
  [
    "4106 006519 006602",
    {
      type: "serviceList",
      services: [
        { serviceId: 101, serviceType: 25 },
        { serviceId: 102, serviceType: 2 },
      ],
    },
  ],
  [
    "430b 01197500 0192 b1 02750003",
    {
      type: "satellite",
      frequencyHz: 11_975_000_000,
      orbitalPosition: 192,
      polarization: "V",
      rollOff: 2,
      dvbS2: false,
      modulation: 1,
      symbolRate: 27_500_000,
      fecInner: 3,
    },
  ],
  [
    "440b 03460000 fff2 03 00690000",
    {
      type: "cable",
      frequencyHz: 346_000_000,
      fecOuter: 2,
      modulation: 3,
      symbolRate: 6_900_000,
      fecInner: 0,
    },
  ],
  [
    "5a0b 02ebae40 1f 8142 ffffffff",
    {
      type: "terrestrial",
      frequencyHz: 490_000_000,
      bandwidthMhz: 8,
      highPriority: true,
      constellation: 2,
      hierarchy: 0,
      codeRateHp: 1,
      codeRateLp: 2,
      guardInterval: 0,
      transmissionMode: 1,
      otherFrequencies: false,
    },
  ],
  ["4807 01 03 444646 01 41", { type: "service", serviceType: 1, provider: "DFF", name: "A" }],
  [
    "4a08 0001 0002 0003 09 aa",
    {
      type: "linkage",
      transportStreamId: 1,
      originalNetworkId: 2,
      serviceId: 3,
      linkageType: 9,
      privateData: fromHex("aa"),
    },
  ],
  ["5201 2a", { type: "streamIdentifier", componentTag: 42 }],
  ["5304 0500 1811", { type: "caIdentifier", systemIds: [0x500, 0x1811] }],
  [
    "5404 1100 f2ff",
    {
      type: "content",
      genres: [
        { level1: 1, level2: 1, user: 0 },
        { level1: 15, level2: 2, user: 255 },
      ],
    },
  ],
  ["5504 465241 09", { type: "parentalRating", ratings: [{ country: "FRA", rating: 9 }] }],
  [
    "560a 697461 0900 697461 1777",
    {
      type: "teletext",
      pages: [
        { language: "ita", teletextType: 1, page: 100 },
        { language: "ita", teletextType: 2, page: 777 },
      ],
    },
  ],
  ["5605 656e67 1088", { type: "teletext", pages: [{ language: "eng", teletextType: 2, page: 888 }] }],
  [
    "580d 474252 03 0100 ec0f 010000 0000",
    {
      type: "localTimeOffset",
      regions: [
        {
          country: "GBR",
          regionId: 0,
          offsetMinutes: -60,
          changeMs: Date.UTC(2024, 4, 1, 1),
          nextOffsetMinutes: 0,
        },
      ],
    },
  ],
  [
    "5908 667261 20 0003 0004",
    {
      type: "subtitling",
      subtitles: [{ language: "fra", subtitlingType: 0x20, compositionPage: 3, ancillaryPage: 4 }],
    },
  ],
  ["5f04 00000028", { type: "privateDataSpecifier", specifier: 0x28 }],
  ["6603 0123 05", { type: "dataBroadcastId", dataBroadcastId: 0x123, selector: fromHex("05") }],
  ["6a03 c0 42 08", { type: "ac3", componentType: 0x42, bsid: 8, rest: new Uint8Array() }],
  [
    "7a04 8a c2 05 ff",
    {
      type: "eac3",
      componentType: 0xc2,
      mixInfo: true,
      substreams: [undefined, 5, undefined],
      rest: fromHex("ff"),
    },
  ],
  ["7c03 58 80 06", { type: "aac", profileAndLevel: 0x58, aacType: 6 }],
  ["7c01 51", { type: "aac", profileAndLevel: 0x51 }],
  [
    "7f05 06 87 656e67",
    {
      type: "supplementaryAudio",
      mixType: 1,
      editorialClassification: 1,
      language: "eng",
      privateData: new Uint8Array(),
    },
  ],
  ["7f02 80 02", { type: "opus", channelConfig: 2 }],
  [
    "7f05 15 c0 a0 01 aa",
    { type: "ac4", dialogueEnhancement: true, channelMode: 1, toc: fromHex("aa") },
    false,
  ],
  [
    "8308 0065 fc01 0066 7c02",
    {
      type: "logicalChannel",
      channels: [
        { serviceId: 101, visible: true, number: 1 },
        { serviceId: 102, visible: false, number: 2 },
      ],
    },
  ],
  ["8a01 01", { type: "cueIdentifier", cueStreamType: 1 }],
  ["fe02 0102", { type: "raw", tag: 0xfe, data: fromHex("0102") }],
  ["7f03 7e 0102", { type: "raw", tag: 0x7f, data: fromHex("7e0102") }],
];

test("reads descriptors, and writes them back", () => {
  for (const [loop, expected, written] of CASES) {
    const bytes = fromHex(loop);
    const parsed = parseSiDescriptors(bytes);
    assert.deepEqual(parsed, [expected], loop);
    if (written !== false) assert.equal(hex(serializeSiDescriptors(parsed)), hex(bytes), loop);
  }
});

test("private tags mean what the private_data_specifier says", () => {
  const channel = "8304 0065 fc01";
  assert.equal(parseSiDescriptors(fromHex(`5f0400000028 ${channel}`))[1]?.type, "logicalChannel");
  assert.equal(parseSiDescriptors(fromHex(`5f0400001234 ${channel}`))[1]?.type, "raw");
  assert.equal(parseSiDescriptors(fromHex("5f0400000028 8a0101"))[1]?.type, "raw");
});

test("malformed descriptors are kept raw; a loop cut short ends", () => {
  assert.deepEqual(parseSiDescriptors(fromHex("0903 0500e0")), [
    { type: "raw", tag: 9, data: fromHex("0500e0") },
  ]);
  assert.deepEqual(parseSiDescriptors(fromHex("520107 5205")), [
    { type: "streamIdentifier", componentTag: 7 },
  ]);
  assert.deepEqual(parseSiDescriptors(fromHex("4d05 656e67 09 41"))[0]?.type, "raw");
});

test("descriptors of a type can be picked", () => {
  const list = parseSiDescriptors(fromHex("520101 520102 0e03c00bb8"));
  assert.equal(firstOfType(list, "streamIdentifier")?.componentTag, 1);
  assert.equal(allOfType(list, "streamIdentifier").length, 2);
  assert.equal(firstOfType(list, "service"), undefined);
});

test("writing says what it cannot do", () => {
  assert.throws(() => serializeSiDescriptors([{ type: "raw", tag: 1, data: new Uint8Array(256) }]), {
    code: "si.descriptor-too-long",
  });
  assert.throws(() => serializeSiDescriptors([{ type: "dts", data: new Uint8Array() }]), {
    code: "si.not-writable",
  });
});

test("parse after serialize gives descriptors back", () => {
  fc.assert(
    fc.property(descriptorList, (list) => {
      assert.deepEqual(parseSiDescriptors(serializeSiDescriptors(list)), list);
    }),
    { numRuns: 300 },
  );
});

test("any bytes parse, and what is kept raw or writable is written back as long as it was", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      let length = 0;
      for (const d of parseSiDescriptors(bytes)) length += d.type === "raw" ? 2 + d.data.length : 2;
      assert.ok(length <= bytes.length);
    }),
    { numRuns: 2000 },
  );
});

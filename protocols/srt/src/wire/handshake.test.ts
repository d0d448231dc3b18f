import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { fromHex, hex } from "@millrace/bytes";
import { corpusPacket, pooled } from "./corpus.test-support.ts";
import {
  EXTENSION_FIELD_CONFIG,
  EXTENSION_FIELD_HSREQ,
  EXTENSION_FIELD_KMREQ,
  FLAG_CRYPT,
  FLAG_PACKET_FILTER,
  FLAG_PERIODICNAK,
  FLAG_REXMITFLG,
  FLAG_TLPKTDROP,
  FLAG_TSBPDRCV,
  FLAG_TSBPDSND,
  type HandshakeExtension,
} from "./extension.ts";
import { BASE, violates, withTail } from "./handshake.test-support.ts";
import {
  type Handshake,
  isRejection,
  parseHandshake,
  REQUEST_AGREEMENT,
  REQUEST_CONCLUSION,
  REQUEST_INDUCTION,
  REQUEST_WAVEAHAND,
  SRT_MAGIC,
  serializeHandshake,
} from "./handshake.ts";
import { HEADER_BYTES } from "./header.ts";
import { REJECTION } from "./rejection.ts";

const LIVE_FLAGS =
  FLAG_TSBPDSND |
  FLAG_TSBPDRCV |
  FLAG_CRYPT |
  FLAG_TLPKTDROP |
  FLAG_PERIODICNAK |
  FLAG_REXMITFLG |
  FLAG_PACKET_FILTER;

const LOOPBACK_V6 = fromHex("00000000 00000000 00000000 01000000");

const HSREQ: HandshakeExtension = {
  kind: "hsreq",
  srtVersion: 0x010501,
  flags: LIVE_FLAGS,
  receiverDelayMs: 120,
  senderDelayMs: 0,
};
const HSRSP: HandshakeExtension = { ...HSREQ, kind: "hsrsp", senderDelayMs: 120 };
const MATERIAL = {
  request:
    "12202901000000000200020000000404" +
    "32b2678aa3231ccfd23b9da887d32fc9" +
    "3b2fd8db230b251c45e564232c2cc207c4e1b8188db9001d",
  response:
    "12202901000000000200020000000404" +
    "609cada4569b9b2bcfe68d83b113112a" +
    "42690155b5c4250ea1af0b11a173701a3df25324101e4ae6",
};

const SENT: readonly [file: string, Partial<Handshake>][] = [
  [
    "induction-caller",
    {
      version: 4,
      extensionField: 2,
      initialSequence: 0x2a52438b,
      requestType: REQUEST_INDUCTION,
      socketId: 0x2e33f1de,
    },
  ],
  [
    "induction-listener",
    {
      extensionField: SRT_MAGIC,
      initialSequence: 0x2a52438b,
      requestType: REQUEST_INDUCTION,
      socketId: 0x2e33f1de,
      cookie: 0xa7672e52,
    },
  ],
  [
    "conclusion-caller-streamid-filter",
    {
      extensionField: EXTENSION_FIELD_HSREQ | EXTENSION_FIELD_CONFIG,
      initialSequence: 0x2a52438b,
      socketId: 0x2e33f1de,
      cookie: 0xa7672e52,
      extensions: [
        HSREQ,
        { kind: "streamid", text: "#!::r=live/cam1,m=publish,u=me" },
        { kind: "filter", text: "fec,cols:10,rows:5" },
      ],
    },
  ],
  [
    "conclusion-listener-filter",
    {
      extensionField: EXTENSION_FIELD_HSREQ | EXTENSION_FIELD_CONFIG,
      initialSequence: 0x2a52438b,
      socketId: 0x0d71849f,
      cookie: 0xa7672e52,
      extensions: [HSRSP, { kind: "filter", text: "fec,cols:10,rows:5" }],
    },
  ],
  [
    "conclusion-caller-key-material",
    {
      // Libsrt leaves the encryption field empty unless `pbkeylen` is set.
      extensionField: EXTENSION_FIELD_HSREQ | EXTENSION_FIELD_KMREQ | EXTENSION_FIELD_CONFIG,
      initialSequence: 0x0b3c9957,
      socketId: 0x26382453,
      cookie: 0xbe310bc8,
      extensions: [
        HSREQ,
        { kind: "streamid", text: "publish:live/bühne" },
        { kind: "kmreq", bytes: fromHex(MATERIAL.request) },
      ],
    },
  ],
  [
    "conclusion-listener-key-material",
    {
      extensionField: EXTENSION_FIELD_HSREQ | EXTENSION_FIELD_KMREQ,
      initialSequence: 0x23483cdd,
      socketId: 0x287b6234,
      cookie: 0x604a4433,
      extensions: [HSRSP, { kind: "kmrsp", bytes: fromHex(MATERIAL.response) }],
    },
  ],
  [
    "conclusion-listener-bad-secret",
    {
      extensionField: EXTENSION_FIELD_HSREQ | EXTENSION_FIELD_KMREQ,
      initialSequence: 0x0b3c9957,
      socketId: 0x363fbd66,
      cookie: 0xbe310bc8,
      extensions: [HSRSP, { kind: "kmrsp", bytes: fromHex("04000000") }],
    },
  ],
  [
    "conclusion-caller-congestion",
    {
      extensionField: EXTENSION_FIELD_HSREQ | EXTENSION_FIELD_CONFIG,
      initialSequence: 0x063a4681,
      socketId: 0x3b3389b1,
      cookie: 0x9cc004ac,
      extensions: [
        {
          ...HSREQ,
          flags: FLAG_CRYPT | FLAG_REXMITFLG | FLAG_PACKET_FILTER,
          receiverDelayMs: 0,
        },
        { kind: "congestion", text: "file" },
      ],
    },
  ],
  [
    "conclusion-caller-group",
    {
      extensionField: EXTENSION_FIELD_HSREQ | EXTENSION_FIELD_CONFIG,
      initialSequence: 0x20e9bcd4,
      socketId: 0x1a496e40,
      cookie: 0xafb50d48,
      extensions: [HSREQ, { kind: "group", command: "group", id: 0x5a496e41, type: 2, flags: 0, weight: 7 }],
    },
  ],
  [
    "conclusion-listener-group",
    {
      extensionField: EXTENSION_FIELD_HSREQ | EXTENSION_FIELD_CONFIG,
      initialSequence: 0x20e9bcd4,
      socketId: 0x2e5b40b6,
      cookie: 0xafb50d48,
      extensions: [HSRSP, { kind: "group", command: "group", id: 0x6e5b40b5, type: 2, flags: 0, weight: 7 }],
    },
  ],
  [
    "conclusion-caller-ipv6",
    {
      initialSequence: 0x49cb4022,
      socketId: 0x02085d4f,
      cookie: 0xaee0db64,
      peerIp: LOOPBACK_V6,
      extensions: [HSREQ],
    },
  ],
  [
    "rejection-bad-secret",
    {
      // Left from the request, and no sign of extensions in a refusal.
      extensionField: EXTENSION_FIELD_HSREQ | EXTENSION_FIELD_KMREQ,
      initialSequence: 0x3bad992a,
      requestType: REJECTION.BADSECRET,
      socketId: 0x07372a40,
      cookie: 0xfd0dbd5d,
    },
  ],
];

function bodyOf(file: string): Uint8Array {
  return corpusPacket(file).subarray(HEADER_BYTES);
}

suite("handshake", () => {
  for (const [file, fields] of SENT) {
    test(`reads and writes ${file}`, () => {
      const body = bodyOf(file);
      const handshake = parseHandshake(body);
      assert.deepEqual(handshake, { ...BASE, ...fields });
      assert.equal(hex(serializeHandshake(handshake)), hex(body));
    });
  }

  const TYPES: readonly [type: number, word: string, rejection: boolean][] = [
    [REQUEST_WAVEAHAND, "00000000", false],
    [REQUEST_INDUCTION, "00000001", false],
    [REQUEST_CONCLUSION, "ffffffff", false],
    [REQUEST_AGREEMENT, "fffffffe", false],
    [999, "000003e7", false],
    [REJECTION.UNKNOWN, "000003e8", true],
    [REJECTION.FORBIDDEN, "00000963", true],
  ];
  for (const [requestType, word, rejection] of TYPES) {
    test(`type ${requestType}`, () => {
      const body = serializeHandshake({ ...BASE, requestType });
      assert.equal(hex(body, 20, 24), word);
      assert.equal(parseHandshake(body).requestType, requestType);
      assert.equal(isRejection(requestType), rejection);
    });
  }

  const STREAMID = "00050001 00000078";
  const HAVE_NONE: readonly [name: string, fields: Partial<Handshake>][] = [
    ["version 4", { version: 4 }],
    ["an induction", { requestType: REQUEST_INDUCTION, extensionField: SRT_MAGIC }],
    ["a wave", { requestType: REQUEST_WAVEAHAND }],
    ["a refusal", { requestType: REJECTION.ROGUE }],
    ["an extension field of 0", { extensionField: 0 }],
  ];
  for (const [name, fields] of HAVE_NONE) {
    test(`${name} has no extensions, whatever follows`, () => {
      assert.deepEqual(parseHandshake(withTail(STREAMID, fields)).extensions, []);
      assert.deepEqual(parseHandshake(withTail("ffff", fields)).extensions, []);
    });
  }

  for (const requestType of [REQUEST_CONCLUSION, REQUEST_AGREEMENT]) {
    test(`extensions of type ${requestType}`, () => {
      const { extensions } = parseHandshake(withTail(STREAMID, { requestType }));
      assert.deepEqual(extensions, [{ kind: "streamid", text: "x" }]);
    });
  }

  test("what it returns does not change with the memory of the packet", () => {
    const body = pooled(bodyOf("conclusion-caller-key-material"), 0x11);
    const handshake = parseHandshake(body);
    const before = structuredClone(handshake);
    body.fill(0xff);
    assert.deepEqual(handshake, before);
  });

  test("every length that is cut off", () => {
    const body = bodyOf("conclusion-caller-streamid-filter");
    const ends = new Set([48, 64, 100, body.length]);
    for (let length = 0; length <= body.length; length++) {
      const cut = body.subarray(0, length);
      if (ends.has(length)) assert.doesNotThrow(() => parseHandshake(cut));
      else assert.throws(() => parseHandshake(cut), violates("srt.truncated"), `${length} bytes`);
    }
  });

  test("a first packet number of 32 bits", () => {
    const body = serializeHandshake(BASE);
    body[8] = 0x80;
    assert.throws(() => parseHandshake(body), violates("srt.bad-sequence"));
  });
});

import { AVC_CONFIG, type Change, entry, type RuleCase, removing, text, u32, zeros } from "./presentation.ts";

/** A copy with other bytes from `at` on. */
function patched(bytes: readonly number[], at: number, ...other: number[]): number[] {
  const copy = [...bytes];
  copy.splice(at, other.length, ...other);
  return copy;
}

const AVC = "moov/trak/mdia/minf/stbl/stsd/avc1/avcC";

const avc = (bytes: readonly number[]): Change =>
  entry({ type: "avc1", handler: "vide", config: "avcC", bytes });

const HIGH_SPS = [0x67, 0x64, 0x00, 0x1e, 0xaa];
const AVC_HIGH = [
  ...[1, 0x64, 0x00, 0x1e, 0xff, 0xe1, 0, 5, ...HIGH_SPS, 1, 0, 2, 0x68, 0xee],
  ...[0xfd, 0xf8, 0xf8, 0],
];

const HEVC_HEAD = [1, 1, ...zeros(11), 0xf0, 0, 0xfc, 0xfd, 0xf8, 0xf8, 0, 0, 0x0f];
const hevcArray = (type: number, complete: boolean): number[] => [
  ...[(complete ? 0x80 : 0) | type, 0, 1, 0, 3],
  ...[type << 1, 1, 9],
];
const HEVC = [...HEVC_HEAD, 3, ...[32, 33, 34].flatMap((type) => hevcArray(type, true))];
const hevc =
  (type: string, bytes: readonly number[]): Change =>
  (draft) => {
    entry({ type, handler: "vide", config: "hvcC", bytes })(draft);
    // Its samples are of another codec.
    draft.media = [];
  };

const AV1 = [0x81, 0x04, 0x0c, 0, 0x0a, 2, 1, 2];
const av1 = (bytes: readonly number[]): Change =>
  entry({ type: "av01", handler: "vide", config: "av1C", bytes });
const VP = [1, 0, 0, 0, 0, 30, 0x82, 1, 1, 1, 0, 0];
const vp = (bytes: readonly number[]): Change =>
  entry({ type: "vp09", handler: "vide", config: "vpcC", bytes });

const SPECIFIC = [5, 2, 0x11, 0x90];
const SL = [6, 1, 2];
const esds = (decoder: readonly number[], sl: readonly number[] = SL): number[] => {
  const inner = [4, decoder.length, ...decoder, ...sl];
  return [...u32(0), 3, inner.length + 3, 0, 1, 0, ...inner];
};
const AAC_DECODER = [0x40, 0x15, ...zeros(11)];
const sound =
  (type: string, config: string) =>
  (bytes: readonly number[]): Change =>
    entry({ type, handler: "soun", config, bytes });
const aac = sound("mp4a", "esds");
const ac3 = sound("ac-3", "dac3");
const eac3 = sound("ec-3", "dec3");
const opus = sound("Opus", "dOps");
const flac = sound("fLaC", "dfLa");

// 48 kHz, bsid 8, two channels, 192 kbit/s
const AC3 = [0x10, 0x11, 0x40];
// 48 kHz, bsid 16, two channels, no dependent substream
const EAC3 = [0x06, 0x00, 0x20, 0x04, 0x00];
const OPUS = [0, 2, 1, 56, ...u32(48_000), 0, 0, 0];
const FLAC = [...u32(0), 0x80, 0, 0, 34, ...zeros(34)];

export const configCases: readonly RuleCase[] = [
  {
    rule: "config.present",
    keeps: avc(AVC_CONFIG),
    breaks: [removing("init", AVC), entry({ type: "Opus", handler: "soun", config: "dfLa", bytes: FLAC })],
  },
  {
    rule: "config.avcC",
    keeps: avc(AVC_HIGH),
    breaks: [
      avc(patched(AVC_CONFIG, 0, 0)),
      avc(patched(AVC_CONFIG, 4, 0x03)),
      avc(patched(AVC_CONFIG, 4, 0xfe)),
      avc(patched(AVC_CONFIG, 8, 0x68)),
      avc(patched(AVC_CONFIG, AVC_CONFIG.length - 2, 0x67)),
      avc(patched(AVC_CONFIG, 3, 0x1f)),
      avc([...AVC_CONFIG, 0]),
      avc(AVC_CONFIG.slice(0, -1)),
      avc([]),
    ],
    also: ["nal.lengths"],
  },
  {
    rule: "config.hvcC",
    keeps: hevc("hvc1", HEVC),
    breaks: [
      hevc("hvc1", patched(HEVC, 0, 2)),
      hevc("hvc1", patched(HEVC, 13, 0)),
      hevc("hvc1", patched(HEVC, 23, 32)),
      hevc("hvc1", patched(HEVC, 28, 33 << 1)),
      hevc("hvc1", [...HEVC_HEAD, 2, ...hevcArray(32, true), ...hevcArray(33, true)]),
      hevc("hvc1", [...HEVC, 0]),
      hevc("hev1", HEVC.slice(0, -1)),
    ],
  },
  {
    rule: "config.av1C",
    keeps: av1(AV1),
    breaks: [
      av1(patched(AV1, 0, 1)),
      av1(patched(AV1, 3, 0x80)),
      av1(patched(AV1, 4, 0x08)),
      av1(patched(AV1, 4, 0x12)),
      av1(AV1.slice(0, -1)),
    ],
  },
  {
    rule: "config.vpcC",
    keeps: vp(VP),
    breaks: [
      vp(patched(VP, 0, 0)),
      vp(patched(VP, 4, 4)),
      vp(patched(VP, 6, 0x92)),
      vp(patched(VP, 9, 0)),
      vp(patched(VP, 11, 1)),
      vp([...VP, 0]),
      vp(VP.slice(0, -1)),
    ],
  },
  {
    rule: "config.esds",
    // MPEG audio layer III needs no configuration of its own.
    keeps: aac(esds([0x6b, 0x15, ...zeros(11)])),
    breaks: [
      aac(esds(AAC_DECODER)),
      aac(esds([0x40, 0x11, ...zeros(11), ...SPECIFIC])),
      aac(esds([...AAC_DECODER, ...SPECIFIC], [])),
      aac(esds([...AAC_DECODER, ...SPECIFIC], [6, 1, 1])),
      aac([...esds([...AAC_DECODER, ...SPECIFIC]), 3, 0]),
      aac(patched(esds([...AAC_DECODER, ...SPECIFIC]), 8, 0x80)),
      aac(esds([...AAC_DECODER, ...SPECIFIC]).slice(0, -1)),
      aac(text("rubbish")),
    ],
  },
  {
    rule: "config.dac3",
    keeps: ac3(AC3),
    breaks: [
      ac3(patched(AC3, 0, 0xd0)),
      ac3(patched(AC3, 0, 0x20)),
      ac3(patched(AC3, 2, 0x41)),
      ac3(patched(AC3, 1, 0x12, 0x60)),
      ac3(AC3.slice(1)),
    ],
  },
  {
    rule: "config.dec3",
    keeps: eac3([...EAC3, 1, 16]),
    breaks: [
      eac3(patched(EAC3, 1, 1)),
      eac3(patched(EAC3, 2, 0xe0)),
      eac3(patched(EAC3, 2, 0x22)),
      eac3([...EAC3, 0]),
      eac3(EAC3.slice(1)),
    ],
  },
  {
    rule: "config.dOps",
    keeps: opus([...patched(OPUS, 10, 1), 1, 1, 0, 1]),
    breaks: [
      opus(patched(OPUS, 0, 1)),
      opus(patched(OPUS, 1, 0)),
      opus(patched(OPUS, 1, 3)),
      opus(patched(OPUS, 10, 1)),
      opus(OPUS.slice(1)),
    ],
  },
  {
    rule: "config.dfLa",
    keeps: flac([...patched(FLAC, 4, 0), 0x81, 0, 0, 2, 0, 0]),
    breaks: [
      flac(patched(FLAC, 3, 1)),
      flac(patched(FLAC, 4, 0x84)),
      flac(patched(FLAC, 4, 0)),
      flac([...FLAC, 0]),
      flac(FLAC.slice(0, -1)),
    ],
  },
];

import {
  type AudioFrameHeader,
  emptyAc3Header,
  emptyAdtsHeader,
  emptyAudioFrameHeader,
  emptyEac3Header,
  emptyOpusTsHeader,
  FrameFinder,
  LatmParser,
  LOAS_HEADER_BYTES,
  parseAc3,
  parseAdts,
  parseDts,
  parseEac3,
  parseLoas,
  parseMpa,
  parseOpusTs,
  readEac3Details,
} from "@millrace/codec";
import type { AudioFormat, Codec } from "@millrace/model";
import type { EsFormat, EsProbe } from "./es-format.ts";

const AAC_PROFILES: ReadonlyMap<number, string> = new Map([
  [1, "Main"],
  [2, "LC"],
  [5, "HE"],
  [29, "HE v2"],
  [42, "xHE"],
]);

function formatOf(header: AudioFrameHeader): AudioFormat {
  return {
    sampleRate: header.sampleRate,
    channels: header.channels,
    frameSamples: header.samples,
    ...(header.bitrate > 0 ? { bitrate: header.bitrate } : {}),
    profile: header.profile,
  };
}

function describe(audio: AudioFormat, lead = ""): EsFormat {
  const channels = audio.channels > 0 ? ` ${channelText(audio.channels)}` : "";
  const rate = audio.bitrate === undefined ? "" : ` ${Math.round(audio.bitrate / 1000)} kbit/s`;
  return { audio, text: `${lead}${lead === "" ? "" : " "}${audio.sampleRate / 1000} kHz${channels}${rate}` };
}

function channelText(channels: number): string {
  if (channels === 1) return "mono";
  if (channels === 2) return "stereo";
  return channels === 6 ? "5.1" : channels === 8 ? "7.1" : `${channels} channels`;
}

function probeFrames<H extends AudioFrameHeader>(
  bytes: Uint8Array,
  finder: FrameFinder<H>,
  lead: (header: H) => string,
): EsFormat | undefined {
  if (finder.next(bytes, 0) < 0) return undefined;
  return describe(formatOf(finder.header), lead(finder.header));
}

function probeAac(bytes: Uint8Array, name: string): EsFormat | undefined {
  if (name === "AAC (LATM)") return probeLatm(bytes);
  return probeFrames(
    bytes,
    new FrameFinder(parseAdts, emptyAdtsHeader),
    (h) => AAC_PROFILES.get(h.profile) ?? "",
  );
}

function probeLatm(bytes: Uint8Array): EsFormat | undefined {
  const finder = new FrameFinder(parseLoas, emptyAudioFrameHeader);
  const latm = new LatmParser();
  for (let at = finder.next(bytes, 0); at >= 0; at = finder.next(bytes, at + finder.header.frameLength)) {
    latm.parse(bytes.subarray(at + LOAS_HEADER_BYTES, at + finder.header.frameLength));
    const config = latm.config;
    if (config === undefined) continue;
    const audio = {
      sampleRate: config.outputSampleRate,
      channels: config.channels,
      profile: config.signalledObjectType,
    };
    return describe(audio, AAC_PROFILES.get(config.signalledObjectType) ?? "");
  }
  return undefined;
}

/** Whether sync frames carry AC-3 or E-AC-3 shows in themselves, whatever the PMT says. */
function probeAc3(bytes: Uint8Array): EsFormat | undefined {
  return probeFrames(bytes, new FrameFinder(parseAc3, emptyAc3Header), () => "") ?? probeEac3(bytes);
}

function probeEac3(bytes: Uint8Array): EsFormat | undefined {
  const finder = new FrameFinder(parseEac3, emptyEac3Header);
  const at = finder.next(bytes, 0);
  if (at < 0) return undefined;
  const header = { ...finder.header };
  readEac3Details(bytes, at, header);
  return describe(formatOf(finder.header), header.jocComplexity > 0 ? "Atmos" : "");
}

const LAYERS = ["", "Layer I", "Layer II", "Layer III"];

export const probeAudio: ReadonlyMap<Codec, EsProbe> = new Map<Codec, EsProbe>([
  ["aac", probeAac],
  ["ac3", probeAc3],
  ["eac3", probeAc3],
  [
    "mpa",
    (bytes) =>
      probeFrames(bytes, new FrameFinder(parseMpa, emptyAudioFrameHeader), (h) => LAYERS[h.profile] ?? ""),
  ],
  ["dts", (bytes) => probeFrames(bytes, new FrameFinder(parseDts, emptyAudioFrameHeader), () => "")],
  ["opus", (bytes) => probeFrames(bytes, new FrameFinder(parseOpusTs, emptyOpusTsHeader), () => "")],
]);

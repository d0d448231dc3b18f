import type { Fetch } from "../../hls-linter/model.ts";
import type { Chunk, SmoothFragmentFetch, SmoothObservation } from "../model.ts";

const URL_ = "http://127.0.0.1/news.isml/Manifest";
/** A sequence and a picture parameter set, as far as they are looked at. */
const SETS = "000000016742C00D0000000168CE";
const D = 20_000_000;

/** A live presentation without a fault, for tests to break. */
export interface Draft {
  /** Applied to the text of each manifest. */
  edit: (text: string, version: number) => string;
  /** Numbers of the chunks in each manifest. */
  versions: number[][];
  /** Of a fragment, by its number. */
  boxes: (chunk: Chunk) => Uint8Array[];
  status: number;
}

export function chunk(i: number): Chunk {
  return { start: i * D, duration: D };
}

export function draft(): Draft {
  return {
    edit: (text) => text,
    versions: [
      [3, 4, 5],
      [4, 5, 6],
    ],
    boxes: (own) => {
      const next = { start: own.start + own.duration, duration: D };
      return [box("moof", box("traf", tfxd(own), tfrf([next]))), box("mdat")];
    },
    status: 200,
  };
}

function manifest(numbers: readonly number[]): string {
  const chunks = numbers.map((i) => `<c t="${chunk(i).start}" d="${D}"/>`).join("\n");
  return `<SmoothStreamingMedia MajorVersion="2" MinorVersion="0" Duration="0" IsLive="TRUE" LookAheadFragmentCount="1" DVRWindowLength="60000000">
<StreamIndex Type="video" Name="video" Url="QualityLevels({bitrate})/Fragments(video={start time})" Chunks="${numbers.length}" QualityLevels="1">
<QualityLevel Index="0" Bitrate="800000" FourCC="H264" MaxWidth="640" MaxHeight="360" CodecPrivateData="${SETS}"/>
${chunks}
</StreamIndex>
<StreamIndex Type="audio" Name="audio" Url="QualityLevels({bitrate})/Fragments(audio={start time})">
<QualityLevel Index="0" Bitrate="96000" FourCC="AACL" SamplingRate="48000" Channels="2" BitsPerSample="16" PacketSize="4" AudioTag="255" CodecPrivateData="1190"/>
${chunks}
</StreamIndex>
</SmoothStreamingMedia>
`;
}

export function observe(from: Draft): SmoothObservation {
  const fetchOf = (url: string, bytes: Uint8Array, status = 200): Fetch => ({
    url,
    bytes,
    status,
    sentMs: 0,
    doneMs: 1,
  });
  const manifests = from.versions.map((numbers, i) =>
    fetchOf(URL_, new TextEncoder().encode(from.edit(manifest(numbers), i))),
  );
  const fragments = [3, 4].map((i): SmoothFragmentFetch => {
    const bytes = new Uint8Array(Buffer.concat(from.boxes(chunk(i))));
    return { ...fetchOf(`${URL_}/${i}`, bytes, from.status), stream: "video", chunk: chunk(i) };
  });
  return { manifests, fragments };
}

export function box(type: string, ...parts: Uint8Array[]): Uint8Array {
  const body = Buffer.concat(parts);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(body.length + 8);
  head.write(type, 4, "latin1");
  return new Uint8Array(Buffer.concat([head, body]));
}

function times({ start, duration }: Chunk): Uint8Array {
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64BE(BigInt(start));
  bytes.writeBigUInt64BE(BigInt(duration), 8);
  return bytes;
}

export function tfxd(own: Chunk): Uint8Array {
  return box("uuid", Buffer.from("6d1d9b0542d544e680e2141daff757b201000000", "hex"), times(own));
}

export function tfrf(next: readonly Chunk[]): Uint8Array {
  const head = Buffer.from("d4807ef2ca3946958e5426cb9e46a79f01000000", "hex");
  return box("uuid", head, Uint8Array.of(next.length), ...next.map(times));
}

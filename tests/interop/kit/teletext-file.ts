import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AccessUnit, Track } from "@millrace/model";
import { buildDescriptor, Demuxer, Muxer, PACKET_SIZE } from "@millrace/mpegts";
import { repoRoot } from "../../e2e/kit/paths.ts";

/** A capture of a teletext stream alone, without clock and time stamps: one PES packet for each frame. */
export const TELETEXT_CAPTURE = join(repoRoot, "..", "shared/media/ts/subtitles/test-012.ts");
/** Between its PES packets. */
export const TELETEXT_FRAME_TICKS = 3600;
const TELETEXT_PID = 0x42c;
const START_TICKS = 900_000;
/** French: page 888 for the hard of hearing, page 889. */
const DESCRIPTOR = buildDescriptor(0x56, [
  ...Buffer.from("fra"),
  (5 << 3) | 0,
  0x88,
  ...Buffer.from("fra"),
  (2 << 3) | 0,
  0x89,
]);

/** Subtitles that are on the capture's page 889. */
export const SOME_LINES: readonly string[] = [
  "pour dépasser un point donné.",
  "Comme la dame a vu le crime",
  "tombé pendant le passage du train.",
  "à la fenêtre du vieil homme",
  "avant que le corps ne tombe.",
  "le corps une seconde après le cri,",
  "aurait donc entendu le garçon",
  "Il ne peut pas l'avoir entendu !",
];

/** Writes a file in which a picture and sound, again and again, have the capture's subtitles. */
export function writeTeletextFile(file: string): void {
  const { tracks, units } = pictureAndSound();
  const first = Math.min(...units.map(({ dts }) => dts));
  const ends = tracks.map(({ id }) => lengthOf(units.filter(({ track }) => track === id)));
  const length = Math.min(...ends);
  const fields = teletextFields();
  const all: AccessUnit[] = fields.map((data, i) => {
    const pts = START_TICKS + i * TELETEXT_FRAME_TICKS;
    return { track: TELETEXT_PID, pts, dts: pts, key: true, discontinuity: false, data: [data], wallMs: 0 };
  });
  for (
    let shift = START_TICKS - first;
    shift < START_TICKS - first + fields.length * TELETEXT_FRAME_TICKS;
    shift += length
  ) {
    for (const unit of units) all.push({ ...unit, pts: unit.pts + shift, dts: unit.dts + shift });
  }
  const packets: Buffer[] = [];
  const muxer = new Muxer({ onPackets: ({ bytes }) => void packets.push(Buffer.from(bytes)) });
  muxer.setTracks([...tracks, teletextTrack()]);
  for (const unit of all.toSorted((a, b) => a.dts - b.dts)) muxer.push(unit);
  muxer.flush();
  writeFileSync(file, Buffer.concat(packets));
}

function teletextTrack(): Track {
  const ts = { pid: TELETEXT_PID, streamType: 6, program: 1, descriptors: DESCRIPTOR };
  return { id: TELETEXT_PID, kind: "subtitle", codec: "teletext", timescale: 90_000, language: "fra", ts };
}

function pictureAndSound(): { tracks: readonly Track[]; units: AccessUnit[] } {
  const bytes = new Uint8Array(readFileSync(join(repoRoot, "tests/fixtures/h264-aac.mpegts")));
  const units: AccessUnit[] = [];
  let tracks: readonly Track[] = [];
  const demuxer = new Demuxer({
    onTracks: (found) => {
      tracks = found;
    },
    onUnit: (unit) => void units.push({ ...unit, data: unit.data.map((part) => part.slice()) }),
  });
  demuxer.push(bytes, 0, bytes.length / PACKET_SIZE);
  demuxer.flush();
  return { tracks, units };
}

/** From the first unit to where the one behind the last would begin. */
function lengthOf(units: readonly AccessUnit[]): number {
  const times = units.map(({ dts }) => dts).toSorted((a, b) => a - b);
  const [first = 0, last = 0] = [times[0], times.at(-1)];
  return last - first + (last - first) / Math.max(1, times.length - 1);
}

/** PES data fields of the capture. */
export function teletextFields(): Uint8Array[] {
  const bytes = readFileSync(TELETEXT_CAPTURE);
  const packets: number[][] = [];
  for (let at = 0; at + PACKET_SIZE <= bytes.length; at += PACKET_SIZE) {
    if ((bytes.readUInt16BE(at + 1) & 0x1fff) !== TELETEXT_PID) continue;
    const hasAdaptation = ((bytes[at + 3] as number) & 0x20) !== 0;
    const from = at + 4 + (hasAdaptation ? 1 + (bytes[at + 4] as number) : 0);
    if (((bytes[at + 1] as number) & 0x40) !== 0) packets.push([]);
    packets.at(-1)?.push(...bytes.subarray(from, at + PACKET_SIZE));
  }
  // Behind the PES header, which has a length of its own (ISO/IEC 13818-1 §2.4.3.7).
  return packets.map((packet) => Uint8Array.from(packet.slice(9 + (packet[8] as number))));
}

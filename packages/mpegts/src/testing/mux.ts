import { buildAudioSpecificConfig, buildAvcConfig } from "@millrace/codec";
import type { AccessUnit, Track } from "@millrace/model";
import { Demuxer } from "../demux/index.ts";
import { type MuxBatch, Muxer, type MuxerOptions } from "../mux/index.ts";
import { PACKET_SIZE } from "../packet.ts";

/** For tests only: tracks and units to multiplex, and what comes of them. */

export type Unit = Omit<AccessUnit, "data"> & { bytes: Uint8Array };
export type Batch = MuxBatch & { at: number };

/** A multiplexer whose batches are kept. */
export function muxing(options: Partial<MuxerOptions> = {}) {
  const batches: Batch[] = [];
  let length = 0;
  const muxer = new Muxer({
    ...options,
    onPackets: (batch) => {
      batches.push({ ...batch, bytes: batch.bytes.slice(), at: length / PACKET_SIZE });
      length += batch.bytes.length;
    },
  });
  const packets = () => new Uint8Array(Buffer.concat(batches.map(({ bytes }) => bytes)));
  return { muxer, batches, packets };
}

/** Packets taken apart, with the bytes of each unit kept. */
export function demux(packets: Uint8Array, onTracks: (tracks: readonly Track[]) => void = () => {}) {
  const units: Unit[] = [];
  const demuxer = new Demuxer({
    onTracks,
    onUnit: ({ data, ...unit }) => units.push({ ...unit, bytes: (data[0] as Uint8Array).slice() }),
  });
  demuxer.push(packets, 0, packets.length / PACKET_SIZE);
  demuxer.flush();
  return { units, demuxer };
}

export const sps = Uint8Array.from(Buffer.from("6764001eacd940a02ff9701100000303e90000ea600f162d96", "hex"));
export const pps = Uint8Array.from(Buffer.from("68ebe3cb22c0", "hex"));
const asc = buildAudioSpecificConfig({ objectType: 2, sampleRate: 48_000, channelConfig: 2 });

export function track(id: number, fields: Partial<Track> & Pick<Track, "kind" | "codec">): Track {
  return { id, timescale: 90_000, ...fields };
}

export const VIDEO = track(1, { kind: "video", codec: "h264", config: buildAvcConfig([sps], [pps]) });
export const AUDIO = track(2, {
  kind: "audio",
  codec: "aac",
  language: "deu",
  config: asc,
  audio: { sampleRate: 48_000, channels: 2, frameSamples: 1024 },
});

/** NAL units behind 4-byte lengths. */
export function nals(...list: (readonly number[])[]): Uint8Array {
  return Uint8Array.from(list.flatMap((nal) => [0, 0, nal.length >> 8, nal.length & 255, ...nal]));
}

export function unit(
  id: number,
  dts: number,
  fields: Partial<AccessUnit> & { data: readonly Uint8Array[] },
): AccessUnit {
  return { track: id, pts: dts, dts, key: true, discontinuity: false, wallMs: 0, ...fields };
}

export const idr = (size: number) => nals([0x65, 0x88, ...Array(size).fill(0x5a)]);
export const slice = (size: number) => nals([0x41, 0x9a, ...Array(size).fill(0x5a)]);

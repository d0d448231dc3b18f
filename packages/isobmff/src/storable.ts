import { OPUS_SAMPLE_RATE, opusPacketSamples } from "@millrace/codec";
import type { AccessUnit, Track } from "@millrace/model";
import { TICKS_PER_SECOND } from "@millrace/model";

/** Codecs that can be stored, and whether they need a configuration for it. */
const NEEDS_CONFIG: ReadonlyMap<string, boolean> = new Map([
  ["h264", true],
  ["h265", true],
  ["av1", true],
  ["vp9", false],
  ["vp8", false],
  ["mpeg1video", false],
  ["mpeg2video", false],
  ["mpeg4", false],
  ["aac", true],
  ["mpa", false],
  ["ac3", true],
  ["eac3", true],
  ["opus", true],
  ["flac", true],
  ["webvtt", false],
]);

/**
 * Whether there is a form for the track and all is known that it needs: the configuration, where the codec has one that
 * cannot be told from the format.
 */
export function canStore(track: Track): boolean {
  const needs = NEEDS_CONFIG.get(track.codec);
  if (needs === undefined) return false;
  return !needs || (track.config !== undefined && track.config.length > 0);
}

/** A timescale that suits the track, Hz: the sample rate of audio, 90,000 for the rest. */
export function timescaleOf(track: Track): number {
  const { sampleRate = 0 } = track.audio ?? {};
  return track.kind === "audio" && sampleRate > 0 ? sampleRate : TICKS_PER_SECOND;
}

/** How long a unit of sound lasts in the track's timescale; undefined where neither the headers nor the unit itself say so. */
export function soundTicksOf(track: Track, { data }: Pick<AccessUnit, "data">): number | undefined {
  if (track.codec !== "opus") return track.audio?.frameSamples;
  const [first] = data;
  const samples = first === undefined ? 0 : opusPacketSamples(first, 0, first.length);
  return samples === 0 ? undefined : Math.round((samples * timescaleOf(track)) / OPUS_SAMPLE_RATE);
}

import type { BoxWriter } from "./box-writer.ts";
import type { Sample } from "./fragment.ts";

/** Chunks of one track end after so many bytes: players read them in one go. */
const MAX_CHUNK_BYTES = 1 << 20;

/** The samples of one track of a finite file, gathered for its tables (ISO/IEC 14496-12 §8.6, §8.7). */
export class MovieTables {
  /** Sum of durations. */
  duration = 0;
  /** Earliest presentation time. */
  earliest = Number.POSITIVE_INFINITY;
  readonly #sizes: number[] = [];
  readonly #times = new RunList();
  readonly #offsets = new RunList();
  #composed = false;
  #negative = false;
  /** Numbers of the key samples, from 1. */
  readonly #keys: number[] = [];
  readonly #chunkAt: number[] = [];
  readonly #chunkCounts = new RunList();
  #chunkSamples = 0;
  #chunkBytes = 0;

  get count(): number {
    return this.#sizes.length;
  }

  /** Takes a sample in. `at`: offset of its bytes in the media data; `follows`: they follow those of this track's last. */
  add(sample: Sample, at: number, follows: boolean): void {
    if (!follows || this.#chunkBytes >= MAX_CHUNK_BYTES) {
      this.#endChunk();
      this.#chunkAt.push(at);
    }
    this.#chunkSamples++;
    this.#chunkBytes += sample.size;
    this.#sizes.push(sample.size);
    if (sample.key) this.#keys.push(this.#sizes.length);
    const { compositionOffsetTicks: offset } = sample;
    this.earliest = Math.min(this.earliest, this.duration + offset);
    this.#times.add(sample.durationTicks);
    this.#offsets.add(offset);
    if (offset !== 0) this.#composed = true;
    if (offset < 0) this.#negative = true;
    this.duration += sample.durationTicks;
  }

  /** Writes stts to stco. `dataAt`: offset of the media data in the file; `wide`: of 64 bits. */
  write(writer: BoxWriter, dataAt: number, wide: boolean): void {
    this.#endChunk();
    writeRuns(writer.beginFull("stts", 0, 0), this.#times);
    if (this.#keys.length < this.#sizes.length) {
      writer.beginFull("stss", 0, 0).u32(this.#keys.length);
      for (const key of this.#keys) writer.u32(key);
      writer.end();
    }
    if (this.#composed) writeRuns(writer.beginFull("ctts", this.#negative ? 1 : 0, 0), this.#offsets);
    this.#writeChunkCounts(writer);
    this.#writeSizes(writer);
    writer.beginFull(wide ? "co64" : "stco", 0, 0).u32(this.#chunkAt.length);
    for (const at of this.#chunkAt) {
      if (wide) writer.u64(dataAt + at);
      else writer.u32(dataAt + at);
    }
    writer.end();
  }

  #endChunk(): void {
    if (this.#chunkSamples > 0) this.#chunkCounts.add(this.#chunkSamples);
    this.#chunkSamples = 0;
    this.#chunkBytes = 0;
  }

  /** stsc: entries where the number of samples in a chunk changes. */
  #writeChunkCounts(writer: BoxWriter): void {
    const { counts, values } = this.#chunkCounts;
    writer.beginFull("stsc", 0, 0).u32(counts.length);
    let chunk = 1;
    counts.forEach((count, i) => {
      writer
        .u32(chunk)
        .u32(values[i] as number)
        .u32(1);
      chunk += count;
    });
    writer.end();
  }

  #writeSizes(writer: BoxWriter): void {
    const sizes = this.#sizes;
    const [first = 0] = sizes;
    const same = first > 0 && sizes.every((size) => size === first);
    writer
      .beginFull("stsz", 0, 0)
      .u32(same ? first : 0)
      .u32(sizes.length);
    if (!same) for (const size of sizes) writer.u32(size);
    writer.end();
  }
}

/** Equal values in a row, counted. */
class RunList {
  readonly counts: number[] = [];
  readonly values: number[] = [];

  add(value: number): void {
    const last = this.values.length - 1;
    if (last >= 0 && this.values[last] === value) (this.counts[last] as number)++;
    else {
      this.counts.push(1);
      this.values.push(value);
    }
  }
}

function writeRuns(writer: BoxWriter, { counts, values }: RunList): void {
  writer.u32(counts.length);
  counts.forEach((count, i) => {
    writer.u32(count).u32(values[i] as number);
  });
  writer.end();
}

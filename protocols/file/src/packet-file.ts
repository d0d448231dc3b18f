import { constants, type FileHandle, open } from "node:fs/promises";
import { PacketAligner, type RunHandler } from "@millrace/mpegts";
import { cannotRead, notTransportStream } from "./errors.ts";

const BLOCK_BYTES = 256 * 1024;
/** A file that shows no packet in this many bytes is something else. */
const PROBE_BYTES = 1024 * 1024;

/** Reads the packets of a file, plain, M2TS or with Reed-Solomon bytes, block by block. */
export class PacketFile {
  readonly path: string;
  readonly #handle: FileHandle;
  readonly #block = new Uint8Array(BLOCK_BYTES);
  readonly #aligner: PacketAligner;
  #position = 0;

  private constructor(path: string, handle: FileHandle, onRun: RunHandler) {
    this.path = path;
    this.#handle = handle;
    this.#aligner = new PacketAligner(onRun);
  }

  /** Opens the first of these that there is. Throws `file.unreadable`. */
  static async open(paths: readonly string[], onRun: RunHandler): Promise<PacketFile> {
    let failure: unknown;
    for (const path of paths) {
      let handle: FileHandle | undefined;
      try {
        // A FIFO without a writer must not block for ever.
        handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
        const { size } = await handle.stat().then((stat) => (stat.isFile() ? stat : { size: -1 }));
        if (size >= 0) return new PacketFile(path, handle, onRun);
        failure ??= new Error("it is no regular file");
        await handle.close();
      } catch (error) {
        await handle?.close().catch(() => undefined);
        failure ??= error;
      }
    }
    throw cannotRead(paths[0] ?? "", failure);
  }

  /** Bytes in the file that are in no packet, so far. */
  get rubbishBytes(): number {
    return this.#aligner.rubbishBytes;
  }

  /** Reads a block and hands its packets on; false at the end of the file. Throws `file.unreadable`, `file.not-ts`. */
  async read(): Promise<boolean> {
    let size: number;
    try {
      ({ bytesRead: size } = await this.#handle.read(this.#block, 0, BLOCK_BYTES, this.#position));
    } catch (error) {
      throw cannotRead(this.path, error);
    }
    this.#position += size;
    if (size === 0) this.#aligner.flush();
    else this.#aligner.push(this.#block.subarray(0, size));
    const nothing = this.#aligner.packets === 0;
    if (nothing && (size === 0 || this.#position >= PROBE_BYTES)) throw notTransportStream(this.path);
    return size > 0;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

import { open, realpath, rename, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { configError } from "./errors.ts";

/** Permission bits of a file that did not exist: it holds passwords. */
const NEW_FILE_MODE = 0o600;

/**
 * Replaces a file so that a reader, or a machine that loses power, sees the old text or the new one and never a part:
 * the text goes to a temporary file in the same directory, to the disk, and then takes the name. The mode stays, and
 * a symbolic link keeps pointing where it does. Throws `config-unwritable`.
 */
export async function writeFileAtomically(path: string, text: string): Promise<void> {
  try {
    const target = await realpath(path).catch(() => path);
    const mode = await stat(target).then(
      (found) => found.mode & 0o7777,
      () => NEW_FILE_MODE,
    );
    const temporary = join(
      dirname(target),
      `.${basename(target)}.${process.pid}.${process.hrtime.bigint()}.tmp`,
    );
    try {
      await writeThrough(temporary, text, mode);
      await rename(temporary, target);
    } catch (cause) {
      await unlink(temporary).catch(() => undefined);
      throw cause;
    }
    await syncDirectory(dirname(target));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw configError("config-unwritable", `cannot write ${path}: ${reason}`, cause);
  }
}

async function writeThrough(path: string, text: string, mode: number): Promise<void> {
  const file = await open(path, "wx", mode);
  try {
    await file.writeFile(text);
    await file.chmod(mode);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The rename itself is only safe once the directory is on the disk; file systems that cannot say so are let be. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r").catch(() => undefined);
  if (directory === undefined) return;
  try {
    await directory.sync().catch(() => undefined);
  } finally {
    await directory.close();
  }
}

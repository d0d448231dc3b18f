import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { PACKET_SIZE, PacketAligner, pidOf, SectionAssembler } from "@millrace/mpegts";

/** Captures and other tools' readings of them, in `shared/media` beside the repository. */

function repositoryRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, "package-lock.json"))) folder = dirname(folder);
  return folder;
}

export const SHARED_MEDIA: string = join(repositoryRoot(), "..", "shared", "media");

export function readShared(path: string): Uint8Array {
  return new Uint8Array(readFileSync(join(SHARED_MEDIA, path)));
}

export function readSharedText(path: string): string {
  return readFileSync(join(SHARED_MEDIA, path), "utf8");
}

/** Why a test is skipped; undefined where the captures are there. */
export function skipReason(path = "ts"): string | undefined {
  return existsSync(join(SHARED_MEDIA, path)) ? undefined : `shared media missing: ${path}`;
}

/** Every file below a folder of `shared/media` whose name ends so, as paths there. */
export function listShared(folder: string, ending: string): string[] {
  return readdirSync(join(SHARED_MEDIA, folder))
    .flatMap((name) => {
      const path = `${folder}/${name}`;
      if (statSync(join(SHARED_MEDIA, path)).isDirectory()) return listShared(path, ending);
      return path.endsWith(ending) ? [path] : [];
    })
    .sort();
}

/** All sections of some PIDs of a capture, in order. */
export function sectionsOf(path: string, pids: readonly number[]): { pid: number; section: Uint8Array }[] {
  const found: { pid: number; section: Uint8Array }[] = [];
  const assemblers = new Map(
    pids.map((pid) => [
      pid,
      new SectionAssembler((section) => void found.push({ pid, section: section.slice() })),
    ]),
  );
  const aligner = new PacketAligner((buf, start, count) => {
    for (let at = start; at < start + count * PACKET_SIZE; at += PACKET_SIZE) {
      assemblers.get(pidOf(buf, at))?.push(buf, at);
    }
  });
  aligner.push(readShared(path));
  aligner.flush();
  return found;
}

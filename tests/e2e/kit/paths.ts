import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";

function findRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, "package-lock.json"))) folder = dirname(folder);
  return folder;
}

/** The folder of the whole workspace. */
export const repoRoot: string = findRoot();

/** A small capture that belongs to the project. */
export function fixture(name: string): string {
  return join(repoRoot, "tests/fixtures", name);
}

/** A large capture that may be missing; the test is then skipped, and says so. */
export function sharedMedia(t: TestContext, name: string): string | undefined {
  const file = join(repoRoot, "../shared/media", name);
  if (existsSync(file)) return file;
  t.skip(`shared media missing: ${name}`);
  return undefined;
}

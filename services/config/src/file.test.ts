import assert from "node:assert/strict";
import {
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { writeFileAtomically } from "./file.ts";

async function inDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "millrace-file-"));
  try {
    await run(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test("the mode of the file stays, and nothing else is left behind", () =>
  inDirectory(async (directory) => {
    const path = join(directory, "a.conf");
    writeFileSync(path, "old", { mode: 0o640 });
    const inode = statSync(path).ino;
    await writeFileAtomically(path, "new ж");
    assert.equal(readFileSync(path, "utf8"), "new ж");
    assert.equal(statSync(path).mode & 0o777, 0o640);
    assert.notEqual(statSync(path).ino, inode);
    assert.deepEqual(readdirSync(directory), ["a.conf"]);
  }));

test("a new file is readable by its owner only", () =>
  inDirectory(async (directory) => {
    await writeFileAtomically(join(directory, "a.conf"), "x");
    assert.equal(statSync(join(directory, "a.conf")).mode & 0o777, 0o600);
  }));

test("a symbolic link stays one", () =>
  inDirectory(async (directory) => {
    writeFileSync(join(directory, "real"), "old");
    symlinkSync("real", join(directory, "link"));
    await writeFileAtomically(join(directory, "link"), "new");
    assert.ok(lstatSync(join(directory, "link")).isSymbolicLink());
    assert.equal(readFileSync(join(directory, "real"), "utf8"), "new");
  }));

test("writes at the same time leave one of the texts whole", () =>
  inDirectory(async (directory) => {
    const path = join(directory, "a.conf");
    const texts = Array.from({ length: 8 }, (_, i) => String(i).repeat(50_000));
    await Promise.all(texts.map((text) => writeFileAtomically(path, text)));
    assert.ok(texts.includes(readFileSync(path, "utf8")));
    assert.deepEqual(readdirSync(directory), ["a.conf"]);
  }));

test("what cannot be written is thrown, and the old text stays", async () => {
  await assert.rejects(writeFileAtomically("/nowhere/a.conf", "x"), { code: "config-unwritable" });
  await inDirectory(async (directory) => {
    await assert.rejects(writeFileAtomically(directory, "x"), { code: "config-unwritable" });
  });
});

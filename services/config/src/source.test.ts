import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { compile } from "./compile/compile.ts";
import { problemLine } from "./problem.ts";
import { loadSource, sourceOf } from "./source.ts";

const REGISTRY = { options: [] };
const ENVIRONMENT = { cpus: 1 };

function withFiles(files: Readonly<Record<string, string>>, run: (directory: string) => void): void {
  const directory = mkdtempSync(join(tmpdir(), "millrace-config-"));
  try {
    mkdirSync(join(directory, "conf.d"));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
    run(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test("included files stand in the place of the line, in order, and problems name them", () => {
  const files = {
    "main.conf": "http 80;\ninclude conf.d/*.conf;\nstream z { include common.conf; }\n",
    "common.conf": "url udp://h:1;\nretry_limitt 3;\n",
    "conf.d/b.conf": "stream b { }\nstream a { }\n",
    "conf.d/a.conf": "stream a { }\n",
  };
  withFiles(files, (directory) => {
    const source = loadSource(join(directory, "main.conf"));
    const { config, problems } = compile(source, REGISTRY, ENVIRONMENT);
    assert.deepEqual(
      config.streams.map((stream) => stream.name),
      ["a", "b", "z"],
    );
    assert.equal(config.streams[2]?.inputs[0]?.url, "udp://h:1");
    assert.deepEqual(
      problems.map((problem) => problemLine(problem).replaceAll(`${directory}/`, "")),
      [
        'conf.d/b.conf:2:8: "a" is already defined at conf.d/a.conf:1:8',
        'common.conf:2:1: unknown option "retry_limitt" in stream "z"; did you mean "retry_limit"?',
      ],
    );
    assert.equal(source.trees.length, 4);
  });
});

test("cycles, missing files and empty patterns", () => {
  const files = {
    "main.conf": "include conf.d/a.conf;\ninclude nowhere.conf;\ninclude conf.d/*.none;\ninclude;\n",
    "conf.d/a.conf": "include ../main.conf;\ninclude ../link.conf;\n",
  };
  withFiles(files, (directory) => {
    symlinkSync(join(directory, "main.conf"), join(directory, "link.conf"));
    const { problems } = compile(loadSource(join(directory, "main.conf")), REGISTRY, ENVIRONMENT);
    assert.deepEqual(
      problems.map((problem) => problemLine(problem).replaceAll(`${directory}/`, "")),
      [
        "conf.d/a.conf:1:9: main.conf is already part of this configuration: a file can be included once",
        "conf.d/a.conf:2:9: link.conf is already part of this configuration: a file can be included once",
        "main.conf:2:9: cannot read nowhere.conf: there is no such file",
        'main.conf:4:1: expected a file name after "include"',
      ],
    );
  });
});

test("a file that cannot be read is thrown", () => {
  assert.throws(() => loadSource("/nowhere/x.conf"), {
    code: "config-unreadable",
    message: "cannot read /nowhere/x.conf: there is no such file",
  });
  assert.throws(() => loadSource(tmpdir()), { code: "config-unreadable" });
});

test("files can come from anywhere", () => {
  const files = new Map([["/v/x.conf", "workers 7;"]]);
  const access = {
    read: (path: string) => files.get(path) ?? assert.fail(path),
    glob: () => [...files.keys()],
    identify: (path: string) => path,
  };
  const source = sourceOf("include *.conf;", "/v/main", access);
  assert.equal(compile(source, REGISTRY, ENVIRONMENT).config.workers, 7);
});

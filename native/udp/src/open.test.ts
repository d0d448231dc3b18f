import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { load } from "./native/addon.ts";

/** A copy of the sources without anything compiled, as in a checkout without a C compiler. */
let folder = "";
before(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-udp-"));
  cpSync(import.meta.dirname, join(folder, "src"), { recursive: true });
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
});
after(() => rmSync(folder, { recursive: true, force: true }));

function run(program: string, more: Readonly<Record<string, string>> = {}): string {
  const env: NodeJS.ProcessEnv = { ...process.env };
  delete env["MILLRACE_UDP_ADDON"];
  delete env["MILLRACE_UDP"];
  Object.assign(env, more);
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ["--input-type=module", "-e", `import { openUdp } from "./src/index.ts";\n${program}`],
    { cwd: folder, env, encoding: "utf8" },
  );
  return stdout + stderr;
}

test("without the addon node:dgram takes over, and the log is told once", () => {
  const output = run(`
    const log = { info: (message, { reason }) => console.log("log:", message, typeof reason) };
    for (let i = 0; i < 2; i++) {
      const socket = await openUdp({ log });
      console.log(socket.implementation);
      await socket.close();
    }`);
  const line = "log: UDP goes by node:dgram, which costs more: the native addon does not load string";
  assert.equal(output, `${line}\nnode:dgram\nnode:dgram\n`);
});

test("who insists on the addon is refused where there is none", () => {
  const output = run(`
    await openUdp({ implementation: "native" }).catch(({ name, code }) => console.log(name, code));`);
  assert.equal(output, "UdpError EIO\n");
});

test("a file that is no addon is no addon", () => {
  const file = join(folder, "rubbish.node");
  writeFileSync(file, "rubbish");
  const reason = load(pathToFileURL(file));
  assert.ok(typeof reason === "string" && reason.includes("rubbish.node"));
  const other = join(folder, "other.cjs");
  writeFileSync(other, "module.exports = { layout: { abi: 99 } };");
  assert.equal(load(pathToFileURL(other)), "it was compiled for another version (99, not 1)");
});

test("what only the addon can do is refused or left out by node:dgram", () => {
  const output = run(`
    const log = { info: (message) => console.log(message) };
    const socket = await openUdp({ implementation: "node:dgram", trafficClass: 0xb8, log });
    await socket.close();
    await openUdp({ implementation: "node:dgram", device: "lo" }).catch(({ code }) => console.log(code));`);
  assert.equal(output, "node:dgram cannot set the traffic class\nENOTSUP\n");
});

test("MILLRACE_UDP chooses where the options leave that open", () => {
  const program = `
    const open = (options) => openUdp(options).then((socket) => (socket.close(), socket.implementation), ({ code }) => code);
    console.log(await open({}), await open({ implementation: "node:dgram" }));`;
  assert.equal(run(program, { MILLRACE_UDP: "native" }), "EIO node:dgram\n");
  const quiet = `await openUdp({ log: { info: () => console.log("told") } }).then((socket) => socket.close());`;
  assert.equal(run(quiet, { MILLRACE_UDP: "dgram" }), "");
});

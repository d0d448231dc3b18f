import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { describe, test } from "node:test";
import {
  insideOf,
  ip,
  makeNamespace,
  removeNamespace,
  whyNoNetworks,
} from "../../../tests/netem/kit/namespaces.ts";
import { IMPLEMENTATIONS, skipOf } from "./testing/implementations.ts";

const PORT = 7000;
const COUNT = 100;
const CHILD = new URL("testing/blocked-child.ts", import.meta.url).pathname;

/** A program in a namespace, one line of its output at a time. */
class Child {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(namespace: string, ...words: readonly string[]) {
    const [command, all] = insideOf(namespace, process.execPath, [CHILD, ...words]);
    this.#process = spawn(command, all, { stdio: ["ignore", "pipe", "inherit"] });
    const { stdout } = this.#process;
    assert.ok(stdout !== null);
    this.#lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  }

  async line(): Promise<string> {
    const { value } = await this.#lines.next();
    return value === undefined ? "nothing: the program ended" : String(value);
  }

  stop(): void {
    this.#process.kill();
  }
}

/** Two networks with a cable between them. The second does not answer who it is, so that what is sent to it has to wait. */
function makeNetworks(): { one: string; two: string; hardware: string } {
  const [one, two] = [makeNamespace("udp-a"), makeNamespace("udp-b")];
  ip("-n", one, "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", two);
  ip("-n", one, "address", "add", "10.77.0.1/24", "dev", "cable");
  ip("-n", two, "address", "add", "10.77.0.2/24", "dev", "cable");
  ip("-n", two, "link", "set", "cable", "arp", "off");
  for (const name of [one, two]) ip("-n", name, "link", "set", "cable", "up");
  const shown = execFileSync("ip", ["-n", two, "-o", "link", "show", "cable"], { encoding: "utf8" });
  return { one, two, hardware: /link\/ether (\S+)/.exec(shown)?.[1] ?? "" };
}

for (const implementation of IMPLEMENTATIONS)
  describe(implementation, { skip: whyNoNetworks() ?? skipOf(implementation) }, () => {
    test("what the system does not take waits in the socket and leaves in order", async () => {
      const { one, two, hardware } = makeNetworks();
      const children: Child[] = [];
      try {
        const receiver = new Child(two, "receive", implementation, String(PORT), String(COUNT));
        children.push(receiver);
        assert.equal(await receiver.line(), "ready");
        const sender = new Child(one, "send", implementation, "10.77.0.2", String(PORT), String(COUNT));
        children.push(sender);
        assert.equal(await sender.line(), "blocked");
        ip("-n", one, "neighbor", "replace", "10.77.0.2", "lladdr", hardware, "dev", "cable");
        assert.match(await sender.line(), /^drained, 0 left, \d+ dropped$/);
        assert.equal(await receiver.line(), `came ${COUNT} in order`);
      } finally {
        for (const child of children) child.stop();
        removeNamespace(one);
        removeNamespace(two);
      }
    });
  });

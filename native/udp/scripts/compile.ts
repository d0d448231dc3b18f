import { compileAddon } from "./compiler.ts";

/**
 * `node native/udp/scripts/compile.ts [--force]`: compiles the addon for this machine, if what is there is older than its
 * source. Without a compiler it says so and succeeds: node:dgram takes over.
 */
const outcome = compileAddon({ force: process.argv.includes("--force") });
if (outcome.state === "made") console.log(`compiled ${outcome.path}`);
if (outcome.state === "failed") console.error(`the native UDP addon is not compiled: ${outcome.reason}`);

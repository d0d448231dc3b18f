import type { Environment } from "./compile/compilation.ts";
import { type Compiled, compile } from "./compile/compile.ts";
import { STARTER_TEXT } from "./defaults.ts";
import type { Registry } from "./registry.ts";
import { sourceOf } from "./source.ts";

/** The configuration without a file: `http 8080;` and the stream `demo`, compiled from the starter text. */
export function defaultConfig(registry: Registry, environment: Environment): Compiled {
  return compile(sourceOf(STARTER_TEXT, "built-in defaults"), registry, environment);
}

export { type CheckResult, checkFile } from "./check.ts";
export type { Environment } from "./compile/compilation.ts";
export { type Compiled, compile } from "./compile/compile.ts";
export { defaultConfig } from "./default-config.ts";
export { STARTER_TEXT } from "./defaults.ts";
export { type ConfigDiff, diff, type StreamChange, type StreamsDiff } from "./diff.ts";
export type { BlockRef, Change, Line } from "./edit/change.ts";
export { edit, findBlock } from "./edit/edit.ts";
export type { ConfigErrorCode } from "./errors.ts";
export { writeFileAtomically } from "./file.ts";
export { CORE_OPTIONS } from "./options/core.ts";
export {
  formatProblem,
  hasErrors,
  type Place,
  type Problem,
  type ProblemCode,
  problemLine,
  type Severity,
} from "./problem.ts";
export { renderReference } from "./reference.ts";
export { type Declaration, type Registry, registryOf } from "./registry.ts";
export { type ConfigSource, type FileAccess, loadSource, sourceOf } from "./source.ts";
export { type Parsed, parse } from "./syntax/parse.ts";
export { print, type SyntaxTree } from "./syntax/tree.ts";

import type { Workspace } from "../workspaces.ts";
import { findCycles } from "./cycles.ts";
import { type ImportRule, isPure, judgeImport, wrongDirection } from "./import-rules.ts";
import type { Project, SourceFile } from "./project.ts";

/** One thing that is against the design. */
export interface Finding {
  readonly rule: ImportRule | "cycle" | "size";
  readonly severity: "error" | "warning";
  readonly file: string;
  readonly line?: number;
  readonly message: string;
}

const MOST_LINES = 800;
const MANY_LINES = 400;

export function applyRules(project: Project): Finding[] {
  return [
    ...project.files.flatMap((file) => [...importRules(file), ...callRule(file), ...sizeRule(file)]),
    ...project.workspaces.flatMap((workspace) => manifestRules(workspace, project)),
    ...cycleRules(project),
  ];
}

function importRules(file: SourceFile): Finding[] {
  return file.imports.flatMap((it) => {
    const judgement = judgeImport({ file, it });
    return judgement === undefined
      ? []
      : [{ ...judgement, severity: "error", file: file.path, line: it.line }];
  });
}

function callRule(file: SourceFile): Finding[] {
  if (!isPure(file)) return [];
  return file.impureCalls.map(({ text, line }) => {
    const message = `${text}: clocks, chance and environment are passed in`;
    return { rule: "pure", severity: "error", file: file.path, line, message };
  });
}

/** A dependency that may not be imported may not be declared either. */
function manifestRules(workspace: Workspace, project: Project): Finding[] {
  const { dependencies, devDependencies, optionalDependencies } = workspace.manifest;
  const names = Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies });
  const file = `${workspace.folder}/package.json`;
  return project.workspaces
    .filter((it) => names.includes(it.manifest.name))
    .map((it) => wrongDirection(file, it, true))
    .filter((message) => message !== undefined)
    .map((message) => ({ rule: "layer", severity: "error", file, message }));
}

function sizeRule(file: SourceFile): Finding[] {
  if (file.lines <= MANY_LINES) return [];
  const refused = file.lines > MOST_LINES;
  const message = `${file.lines} lines; ${refused ? `the most is ${MOST_LINES}` : `a reason is needed past ${MANY_LINES}`}`;
  return [{ rule: "size", severity: refused ? "error" : "warning", file: file.path, message }];
}

function cycleRules(project: Project): Finding[] {
  const files = new Map(
    project.files.map((file) => [
      file.path,
      file.imports.map((it) => it.target).filter((target) => target !== undefined),
    ]),
  );
  const workspaces = new Map(
    project.workspaces.map(({ manifest }) => [
      manifest.name,
      Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }),
    ]),
  );
  return [...findCycles(files), ...findCycles(workspaces)].map((cycle) => ({
    rule: "cycle",
    severity: "error",
    file: cycle[0]!,
    message: `import cycle: ${cycle.join(" → ")}`,
  }));
}

import { readProject } from "./layering/project.ts";
import { applyRules, type Finding } from "./layering/rules.ts";
import { workspaceRoot } from "./workspaces.ts";

function print(finding: Finding): void {
  const at = finding.line === undefined ? finding.file : `${finding.file}:${finding.line}`;
  console.log(`${finding.severity} ${at}  ${finding.message}  [${finding.rule}]`);
}

const project = readProject(process.argv[2] ?? workspaceRoot());
const findings = applyRules(project);
for (const finding of findings) print(finding);
const errors = findings.filter((it) => it.severity === "error").length;
console.log(
  `${project.files.length} files in ${project.workspaces.length} workspaces: ${errors} errors, ${findings.length - errors} warnings`,
);
// A tree without files would pass every rule.
if (errors > 0 || project.files.length === 0) process.exitCode = 1;

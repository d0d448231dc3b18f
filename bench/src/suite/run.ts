import { type Finding, type GoalRow, judgeGoals } from "./goals.ts";
import { OtherLoad } from "./machine.ts";
import type { SuiteRecord } from "./record.ts";
import type { Suite, SuiteOptions } from "./suite.ts";

/** Runs suites one after another; one that fails is told and does not end the others. */
export async function runSuites(
  suites: readonly Suite[],
  options: Omit<SuiteOptions, "onSample">,
  onEnd: (record: SuiteRecord, records: readonly SuiteRecord[], goals: readonly GoalRow[]) => void,
): Promise<{ records: SuiteRecord[]; goals: GoalRow[] }> {
  const records: SuiteRecord[] = [];
  const findings: Finding[] = [];
  let goals: GoalRow[] = [];
  for (const suite of suites) {
    const { record, found } = await runSuite(suite, options);
    records.push(record);
    findings.push(...found);
    goals = judgeGoals(findings, reasonsOf(records));
    onEnd(record, records, goals);
  }
  return { records, goals };
}

async function runSuite(
  suite: Suite,
  options: Omit<SuiteOptions, "onSample">,
): Promise<{ record: SuiteRecord; found: readonly Finding[] }> {
  const samples: object[] = [];
  const startMs = performance.now();
  const other = new OtherLoad();
  const progress = (text: string) => options.progress(`${suite.name}: ${text}`);
  const ended = () => ({
    name: suite.name,
    title: suite.title,
    seconds: (performance.now() - startMs) / 1000,
    otherLoad: other.end(),
    samples,
  });
  try {
    const onSample = (sample: object) => void samples.push(sample);
    const { text, data, findings, missing } = await suite.run({ ...options, progress, onSample });
    return { record: { ...ended(), text, data, missing: missing ?? [] }, found: findings };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { record: { ...ended(), text: "", data: null, missing: [], error: message }, found: [] };
  }
}

/** Why a suite's goals may have no figures. */
function reasonsOf(records: readonly SuiteRecord[]): Map<string, string> {
  const reasons = records.map((it) => [it.name, it.error ?? it.missing.join("; ")] as const);
  return new Map(reasons.filter(([, reason]) => reason !== ""));
}

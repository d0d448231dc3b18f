import { relative } from "node:path";
import type { Transform } from "node:stream";
import { spec as SpecReporter, type TestEvent } from "node:test/reporters";

interface Skip {
  readonly where: string;
  readonly name: string;
  readonly reason: string;
}

/**
 * Node's spec reporter, with every skipped test named with its reason before the summary: a test that did not run
 * must not pass for one that did.
 */
// biome-ignore lint/style/noDefaultExport: node:test loads a reporter by its default export
export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const spec = new SpecReporter();
  const skips: Skip[] = [];
  let named = false;
  for await (const event of events) {
    const skip = skipOf(event);
    if (skip !== undefined) skips.push(skip);
    if (!named && beginsSummary(event)) {
      named = true;
      yield render(skips);
    }
    spec.write(event);
    yield* drain(spec);
  }
  spec.end();
  // The list of failures comes out when the stream ends, which is a tick later.
  for await (const chunk of spec) yield String(chunk);
}

function* drain(spec: Transform): Generator<string> {
  for (let chunk = spec.read(); chunk !== null; chunk = spec.read()) yield String(chunk);
}

function skipOf(event: TestEvent): Skip | undefined {
  if (event.type !== "test:pass" || event.data.skip === undefined || event.data.skip === false)
    return undefined;
  const { name, file, line, skip } = event.data;
  const where = file === undefined ? "" : `${relative(process.cwd(), file)}:${line ?? 1}`;
  return { where, name, reason: typeof skip === "string" && skip !== "" ? skip : "no reason given" };
}

/** The totals are the first diagnostics of the whole run: "tests 12". */
function beginsSummary(event: TestEvent): boolean {
  return (
    event.type === "test:diagnostic" && event.data.nesting === 0 && /^tests \d+$/.test(event.data.message)
  );
}

function render(skips: readonly Skip[]): string {
  if (skips.length === 0) return "";
  const lines = skips.map(({ where, name, reason }) => `  ${name}\n    ${reason}  (${where})`);
  const title = `${skips.length} ${skips.length === 1 ? "TEST WAS" : "TESTS WERE"} SKIPPED`;
  return `\n════ ${title} ════\n${lines.join("\n")}\n════\n\n`;
}

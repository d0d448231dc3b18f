import type { OptionScope, OptionSpec } from "@millrace/model";
import { CORE_OPTIONS } from "./options/core.ts";
import type { Registry } from "./registry.ts";
import { KNOWN_SCHEMES, UNSUPPORTED_WORDS } from "./unsupported/words.ts";
import { formatValue, TYPE_LOOKS } from "./values/read-value.ts";

const TITLES: Readonly<Record<OptionScope, string>> = {
  server: "At the top of the file",
  stream: "In `stream`, `ondemand`, `live` and `rewrite`",
  input: "Behind the URL of an input",
  push: "Behind the URL of a push, or in its query",
  endpoint: "Behind a port, or in its block",
};

/** The configuration reference as Markdown: every option that works, then the words that do nothing yet. */
export function renderReference(registry: Registry): string {
  const options = [...CORE_OPTIONS, ...registry.options];
  const parts = [
    "# Configuration reference",
    "",
    "Made from the program's own option tables by `npm run docs`; do not edit. The language is described in the",
    "[guide](../guide/configuration.md).",
    "",
  ];
  parts.push("## Blocks", "", row(["Block", "Meaning"]), row(["---", "---"]), ...BLOCKS.map(blockRow), "");
  for (const scope of Object.keys(TITLES) as OptionScope[]) {
    const specs = merged(options.filter((spec) => spec.scope.includes(scope)));
    if (specs.length > 0) parts.push(`## ${TITLES[scope]}`, "", ...optionTable(specs, scope), "");
  }
  parts.push("## Values", "", ...valueTable(options), "", "## Not supported yet", "");
  parts.push("These words are accepted; each is answered with a warning that names its line.", "");
  parts.push(...unsupportedTable(options), "", ...schemeLines(registry), "");
  return `${parts.join("\n").trimEnd()}\n`;
}

const BLOCKS: readonly (readonly [head: string, doc: string])[] = [
  ["stream NAME { … }", "A stream that runs always."],
  ["ondemand NAME { … }", "A stream that runs while somebody watches."],
  ["live PREFIX { … }", "Publishers may make any stream PREFIX/NAME."],
  ["rewrite PREFIX/* { … }", "Streams made on first request; `%s` in their URLs is what stands for `*`."],
  [
    "file NAME { path DIRECTORY; … }",
    "Files for `backup` and `file://NAME/…`; several paths are tried in order.",
  ],
  ["include FILE …;", "Other files in this place, at the top or in a block; `*` and `?` match names."],
];

function blockRow([head, doc]: readonly [string, string]): string {
  return row([code(head), doc]);
}

/** What several protocols share is one row, with the schemes and lines of all. */
function merged(specs: readonly OptionSpec[]): readonly OptionSpec[] {
  const rows = new Map<string, OptionSpec>();
  for (const spec of specs) {
    const key = `${spec.name}\n${spec.doc}`;
    const before = rows.get(key);
    const schemes = [...new Set([...(before?.schemes ?? []), ...(spec.schemes ?? [])])];
    const under = [...new Set([...(before?.under ?? []), ...(spec.under ?? [])])];
    rows.set(key, before === undefined ? spec : { ...before, schemes, under });
  }
  return [...rows.values()];
}

function optionTable(specs: readonly OptionSpec[], scope: OptionScope): readonly string[] {
  const limited = scope === "input" || scope === "push" || scope === "endpoint";
  const head = ["Option", ...(limited ? ["For"] : []), "Value", "Default", "Meaning", "Example"];
  const rows = specs.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return [row(head), row(head.map(() => "---")), ...rows.map((spec) => row(cells(spec, scope, limited)))];
}

function cells(spec: OptionSpec, scope: OptionScope, limited: boolean): readonly string[] {
  const names = [spec.name, ...(spec.aliases ?? [])].map(code).join(", ");
  const lines = scope === "endpoint" ? (spec.under ?? []) : (spec.schemes ?? []).map((name) => `${name}://`);
  const value = spec.default === undefined ? "" : code(formatValue(spec.type, spec.default));
  const doc = spec.repeat === true ? `${spec.doc} May be given several times.` : spec.doc;
  const example = spec.example === undefined ? "" : code(spec.example);
  const places = limited ? [lines.map(code).join(" ") || "all"] : [];
  return [names, ...places, valueCell(spec), value, doc, example];
}

function valueCell(spec: OptionSpec): string {
  const choices = spec.choices?.map(code).join(" ");
  const limits: string[] = [];
  if (spec.min !== undefined) limits.push(`from ${formatValue(spec.type, spec.min)}`);
  if (spec.max !== undefined) limits.push(`to ${formatValue(spec.type, spec.max)}`);
  return [choices ?? spec.type, ...limits].join(" ");
}

function valueTable(options: readonly OptionSpec[]): readonly string[] {
  const used = new Set(options.map((spec) => spec.type));
  const rows = Object.entries(TYPE_LOOKS).filter(([type]) => used.has(type as OptionSpec["type"]));
  return [row(["Value", "How it is written"]), row(["---", "---"]), ...rows.map((cells) => row(cells))];
}

function unsupportedTable(options: readonly OptionSpec[]): readonly string[] {
  const rows: string[] = [];
  for (const { scope, topic, words } of UNSUPPORTED_WORDS) {
    const known = options.filter((spec) => (spec.scope as readonly string[]).includes(scope));
    const left = words.filter(
      (word) => !known.some((spec) => [spec.name, ...(spec.aliases ?? [])].includes(word)),
    );
    if (left.length > 0) rows.push(row([scope, topic, left.map(code).join(" ")]));
  }
  return [row(["Where", "Topic", "Words"]), row(["---", "---", "---"]), ...rows];
}

function schemeLines(registry: Registry): readonly string[] {
  const left = (known: readonly string[], there: readonly string[] | undefined) =>
    there === undefined ? [] : known.filter((scheme) => !there.includes(scheme));
  const line = (role: string, schemes: readonly string[]) =>
    schemes.length === 0 ? [] : [`${role}: ${schemes.map((scheme) => code(`${scheme}://`)).join(" ")}.`, ""];
  return [
    ...line("Inputs from", left(KNOWN_SCHEMES.input, registry.inputSchemes)),
    ...line("Pushes to", left(KNOWN_SCHEMES.push, registry.pushSchemes)),
  ];
}

function code(text: string): string {
  return `\`${text}\``;
}

/** A pipe inside a cell would end it. */
function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

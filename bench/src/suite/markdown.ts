/** A table of Markdown: the first column to the left, the others to the right. */
export function markdownTable(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  const rule = `|${heads.map((_, i) => (i === 0 ? "---|" : "---:|")).join("")}`;
  return [line(heads), rule, ...rows.map(line)].join("\n");
}

/** Tables as `formatTable` makes them become tables of Markdown, what stands between them stays text. */
export function markdownOf(text: string): string {
  const lines = text.split("\n");
  const out: string[] = [];
  for (let i = 0; i < lines.length; ) {
    const rule = lines[i + 1] ?? "";
    if (!/^-+( {2}-+)*$/.test(rule)) {
      out.push(lines[i] ?? "");
      i += 1;
      continue;
    }
    const columns = columnsOf(rule);
    const last = lines.findIndex((line, at) => at > i + 1 && !isRow(line, columns));
    const end = last < 0 ? lines.length : last;
    const rows = lines.slice(i + 2, end).map((line) => cellsOf(line, columns));
    out.push(markdownTable(cellsOf(lines[i] ?? "", columns), rows), "");
    i = end;
  }
  return out.join("\n").trim();
}

interface Column {
  readonly from: number;
  readonly to: number;
}

/** Where the dashes below the heads stand. */
function columnsOf(rule: string): Column[] {
  return [...rule.matchAll(/-+/g)].map((found) => ({ from: found.index, to: found.index + found[0].length }));
}

/** Between columns a row has two blanks; other text hardly has them everywhere, and an end earlier than the last column. */
function isRow(line: string, columns: readonly Column[]): boolean {
  const last = columns.at(-1);
  if (last === undefined || line.length <= last.from || line.length > last.to) return false;
  return columns.every(({ to }, i) => i === columns.length - 1 || line.slice(to, to + 2).trim() === "");
}

function cellsOf(line: string, columns: readonly Column[]): string[] {
  return columns.map(({ from, to }) => line.slice(from, to).trim());
}

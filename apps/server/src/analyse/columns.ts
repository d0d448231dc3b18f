/** One column of a table: its heading, and on which side its cells are filled up. */
export interface Column {
  readonly head: string;
  readonly align?: "left" | "right";
  /** Widest that it may become; longer cells are cut with an ellipsis. */
  readonly max?: number;
}

/** Lines of a table with aligned columns, two spaces apart, headings first. */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const cut = rows.map((row) => columns.map((column, i) => clip(row[i] ?? "", column.max)));
  const widths = columns.map((column, i) =>
    Math.max(displayWidth(column.head), ...cut.map((row) => displayWidth(row[i] as string))),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => pad(cell, widths[i] as number, columns[i]?.align ?? "left"))
      .join("  ")
      .trimEnd();
  return [line(columns.map((column) => column.head)), ...cut.map(line)];
}

function pad(text: string, width: number, align: "left" | "right"): string {
  const fill = " ".repeat(Math.max(0, width - displayWidth(text)));
  return align === "right" ? fill + text : text + fill;
}

function clip(text: string, max = Number.POSITIVE_INFINITY): string {
  const clean = text.replace(/[\r\n\t]+/g, " ");
  if (displayWidth(clean) <= max) return clean;
  let kept = "";
  for (const character of clean) {
    if (displayWidth(kept) + displayWidth(character) > max - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

/** Cells of a terminal that a text takes: East Asian wide characters take two, combining marks none. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) {
    const code = character.codePointAt(0) as number;
    if (/\p{Mn}|\p{Me}|\p{Cf}/u.test(character)) continue;
    width += isWide(code) ? 2 : 1;
  }
  return width;
}

function isWide(code: number): boolean {
  return (
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0x1f300 && code <= 0x1faff)
  );
}

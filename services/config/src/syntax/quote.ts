const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  "\\": "\\",
  '"': '"',
  "'": "'",
};

/** What a word means: `"a b"` and `key="a b"` lose their quotes, escapes inside them are resolved. */
export function unquote(text: string): string {
  if (!text.includes('"') && !text.includes("'")) return text;
  const start = isQuote(text[0]) ? 0 : text.search(/=["']/) + 1;
  if (start === 0 && !isQuote(text[0])) return text;
  const end = closingQuote(text, start);
  if (end === -1) return text;
  const inner = text.slice(start + 1, end).replace(/\\(.)/g, (whole, char: string) => ESCAPES[char] ?? whole);
  return text.slice(0, start) + inner + text.slice(end + 1);
}

/** The shortest way to write a value as one word: as it is, or (behind `key=`) between double quotes. */
export function quote(value: string): string {
  if (isPlain(value)) return value;
  const key = /^[A-Za-z_][\w.-]*=/.exec(value)?.[0] ?? "";
  return key + quoted(value.slice(key.length));
}

/** An opening bracket without its partner could swallow the next word. */
function isPlain(value: string): boolean {
  return value !== "" && !/[\s;{}"'\\]|^#|\[(?![^[\]]*\])/.test(value) && !hasControl(value);
}

function quoted(value: string): string {
  const inner = value
    .replace(/[\\"]/g, "\\$&")
    .replaceAll("\n", "\\n")
    .replaceAll("\t", "\\t")
    .replaceAll("\r", "\\r");
  return `"${inner}"`;
}

/** True for characters that no configuration word may hold, quoted or not. */
export function hasControl(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code < 32 || code === 127) return true;
  }
  return false;
}

function isQuote(char: string | undefined): boolean {
  return char === '"' || char === "'";
}

function closingQuote(text: string, start: number): number {
  const mark = text[start];
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === mark) return i;
  }
  return -1;
}

// The characters that XML has no way to write (XML 1.0 §2.2), lone surrogates among them.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be written
const FORBIDDEN = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]|\p{Surrogate}/u;

/** Whether XML can hold all of it, escaped or not. */
export function isXmlText(text: string): boolean {
  return !FORBIDDEN.test(text);
}

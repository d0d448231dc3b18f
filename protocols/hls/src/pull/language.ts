/** ISO 639-2/T codes of the two-letter codes that broadcasters use (ISO 639-1). */
const THREE_LETTERS: Readonly<Record<string, string>> = Object.fromEntries(
  (
    "ar:ara be:bel bg:bul bs:bos ca:cat cs:ces cy:cym da:dan de:deu el:ell en:eng es:spa et:est eu:eus fa:fas fi:fin " +
    "fr:fra ga:gle gl:glg he:heb hi:hin hr:hrv hu:hun hy:hye id:ind is:isl it:ita ja:jpn ka:kat kk:kaz ko:kor lt:lit " +
    "lv:lav mk:mkd ms:msa mt:mlt nb:nob nl:nld nn:nno no:nor pl:pol pt:por ro:ron ru:rus sk:slk sl:slv sq:sqi sr:srp " +
    "sv:swe ta:tam te:tel th:tha tr:tur uk:ukr ur:urd uz:uzb vi:vie zh:zho"
  )
    .split(" ")
    .map((pair) => pair.split(":") as [string, string]),
);

/** The ISO 639-2 code of a language tag (RFC 5646 §2.2.1); undefined where there is none. */
export function threeLetters(tag: string | undefined): string | undefined {
  const primary = /^[A-Za-z]{2,3}(?=-|$)/.exec(tag ?? "")?.[0]?.toLowerCase();
  return primary?.length === 3 ? primary : THREE_LETTERS[primary ?? ""];
}

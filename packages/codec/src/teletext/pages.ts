/** VBI teletext and teletext descriptors (ETSI EN 300 468 §6.2.43, §6.2.48). */
const DESCRIPTOR_TAGS: ReadonlySet<number> = new Set([0x46, 0x56]);
const ENTRY_BYTES = 5;
/** Table 100: subtitles, and those for the hard of hearing. */
const SUBTITLES = 2;
const FOR_HARD_OF_HEARING = 5;

/** A subtitle page of a teletext track. */
export interface TeletextSubtitlePage {
  /** As dialled, in hexadecimal: 0x888. */
  readonly page: number;
  /** ISO 639-2. */
  readonly language: string;
  readonly forHardOfHearing: boolean;
}

/** The subtitle pages that a descriptor loop of the PMT tells of, each once. What is cut off is passed over. */
export function teletextSubtitlePages(descriptors: Uint8Array): TeletextSubtitlePage[] {
  const pages: TeletextSubtitlePage[] = [];
  for (let at = 0; at + 2 <= descriptors.length; ) {
    const end = at + 2 + (descriptors[at + 1] as number);
    if (end > descriptors.length) break;
    if (DESCRIPTOR_TAGS.has(descriptors[at] as number)) readPages(descriptors.subarray(at + 2, end), pages);
    at = end;
  }
  return pages;
}

function readPages(data: Uint8Array, pages: TeletextSubtitlePage[]): void {
  for (let at = 0; at + ENTRY_BYTES <= data.length; at += ENTRY_BYTES) {
    const flags = data[at + 3] as number;
    const type = flags >> 3;
    if (type !== SUBTITLES && type !== FOR_HARD_OF_HEARING) continue;
    const page = ((flags & 7 || 8) << 8) | (data[at + 4] as number);
    if (pages.some((each) => each.page === page)) continue;
    const language = String.fromCharCode(...data.subarray(at, at + 3));
    pages.push({
      page,
      language: /^[A-Za-z]{3}$/.test(language) ? language.toLowerCase() : "und",
      forHardOfHearing: type === FOR_HARD_OF_HEARING,
    });
  }
}

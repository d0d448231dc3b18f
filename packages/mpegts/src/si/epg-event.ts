import { concat } from "@millrace/bytes";
import { allOfType, type SiDescriptor } from "./descriptors.ts";
import type { ExtendedEventDescriptor } from "./descriptors-event.ts";
import type { EitEvent } from "./eit.ts";
import { decodeText } from "./text.ts";

/** The text of an event in one language. */
export interface EventText {
  readonly language: string;
  readonly title: string;
  readonly subtitle: string;
  /** From the extended event descriptors, joined. */
  readonly description: string;
  readonly items: readonly { readonly description: string; readonly text: string }[];
}

/** Reads the parts of an extended event in one language as one text, whatever order they came in. */
export function joinExtendedEvent(
  parts: readonly ExtendedEventDescriptor[],
): Pick<EventText, "description" | "items"> {
  const ordered = parts.toSorted((a, b) => a.number - b.number);
  const first = ordered[0]?.textBytes;
  // Each part may repeat the selection of the character table; where all do, they are texts of their own.
  const separate = ordered.every(
    (part) => part.textBytes.length === 0 || (part.textBytes[0] as number) < 0x20,
  );
  const description =
    first === undefined || separate
      ? ordered.map((part) => decodeText(part.textBytes)).join("")
      : decodeText(concat(ordered.map((part) => part.textBytes)));
  return { description, items: joinItems(ordered) };
}

/** An item without a description goes on with the text of the item before. */
function joinItems(parts: readonly ExtendedEventDescriptor[]): { description: string; text: string }[] {
  const items: { description: string; text: string }[] = [];
  for (const item of parts.flatMap((part) => part.items)) {
    const last = items[items.length - 1];
    if (item.description === "" && last !== undefined) last.text += item.text;
    else items.push({ ...item });
  }
  return items;
}

/** The texts of an event, one for each language in the order of the short event descriptors. */
export function eventTexts(descriptors: readonly SiDescriptor[]): EventText[] {
  const short = allOfType(descriptors, "shortEvent");
  const extended = allOfType(descriptors, "extendedEvent");
  const languages = new Set([...short, ...extended].map((d) => d.language));
  return [...languages].map((language) => {
    const head = short.find((d) => d.language === language);
    return {
      language,
      title: head?.name ?? "",
      subtitle: head?.text ?? "",
      ...joinExtendedEvent(extended.filter((d) => d.language === language)),
    };
  });
}

/** UTC end of an event in milliseconds, if it has both a start and a duration. */
export function eventEndMs(event: EitEvent): number | undefined {
  return event.startMs === undefined || event.durationS === undefined
    ? undefined
    : event.startMs + event.durationS * 1000;
}

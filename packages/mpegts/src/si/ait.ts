import { ByteReader } from "@millrace/bytes";
import { iterateDescriptors } from "../descriptor-loop.ts";
import { latin, readCode3, readField8 } from "./descriptor-kind.ts";
import { openSection, placeOf, type SectionPlace } from "./section-body.ts";
import { decodeText } from "./text.ts";

/** One application of an AIT (ETSI TS 102 809 §5.3.4). */
export interface AitApplication {
  readonly organizationId: number;
  readonly applicationId: number;
  /** Table 3: 1 autostart, 2 present, 3 destroy, 4 kill, 7 disabled… */
  readonly controlCode: number;
  readonly names: readonly { readonly language: string; readonly name: string }[];
  /** Base URLs of transport protocol 3 (HTTP), each with its extensions. */
  readonly urls: readonly { readonly base: string; readonly extensions: readonly string[] }[];
  /** simple_application_location_descriptor: the path below the base URL. */
  readonly initialPath?: string;
  readonly descriptors: readonly { readonly tag: number; readonly data: Uint8Array }[];
}

/** One section of an application information table: HbbTV (application type 0x10), MHP (1, 2). */
export interface Ait extends SectionPlace {
  readonly type: "ait";
  readonly applicationType: number;
  readonly test: boolean;
  readonly applications: readonly AitApplication[];
}

/** A section of table 0x74; undefined if it is something else or damaged. */
export function parseAit(section: Uint8Array): Ait | undefined {
  const opened = openSection(section, 0x74);
  if (opened === undefined) return undefined;
  const { header, reader } = opened;
  reader.skip(reader.u16() & 0xfff); // common descriptors
  const list = new ByteReader(reader.take(reader.u16() & 0xfff));
  const applications: AitApplication[] = [];
  while (list.left >= 9) applications.push(readApplication(list));
  if (reader.overrun || list.overrun) return undefined;
  return {
    type: "ait",
    applicationType: header.extension & 0x7fff,
    test: (header.extension & 0x8000) !== 0,
    ...placeOf(header),
    applications,
  };
}

function readApplication(reader: ByteReader): AitApplication {
  const organizationId = reader.u32();
  const applicationId = reader.u16();
  const controlCode = reader.u8();
  const loop = reader.take(reader.u16() & 0xfff);
  const descriptors = [...iterateDescriptors(loop)].map(({ tag, data }) => ({ tag, data: data.slice() }));
  const location = descriptors.find((d) => d.tag === 0x15);
  return {
    organizationId,
    applicationId,
    controlCode,
    names: descriptors.filter((d) => d.tag === 0x01).flatMap((d) => readNames(d.data)),
    urls: descriptors.filter((d) => d.tag === 0x02).flatMap((d) => readUrls(d.data)),
    ...(location === undefined ? {} : { initialPath: latin(location.data) }),
    descriptors,
  };
}

function readNames(data: Uint8Array): { language: string; name: string }[] {
  const reader = new ByteReader(data);
  const names: { language: string; name: string }[] = [];
  while (reader.left >= 4) names.push({ language: readCode3(reader), name: decodeText(readField8(reader)) });
  return names;
}

function readUrls(data: Uint8Array): { base: string; extensions: string[] }[] {
  const reader = new ByteReader(data);
  const protocol = reader.u16();
  reader.skip(1); // transport_protocol_label
  const urls: { base: string; extensions: string[] }[] = [];
  while (protocol === 3 && reader.left > 1) {
    const base = latin(readField8(reader));
    const extensions: string[] = [];
    for (let count = reader.u8(); count > 0 && reader.left > 0; count--) {
      extensions.push(latin(readField8(reader)));
    }
    urls.push({ base, extensions });
  }
  return urls;
}

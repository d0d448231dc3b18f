import { join } from "node:path";
import { badUrl } from "@millrace/engine";
import { type InputConfig, type OptionSpec, readOption, type ServerConfig } from "@millrace/model";
import { readTsFilter, TS_FILTER_OPTIONS, type TsFilterOptions } from "@millrace/mpegts";

const LOOP: OptionSpec = {
  name: "loop",
  scope: ["input"],
  type: "flag",
  default: true,
  doc: "Plays the file again and again, without a seam; off: the input ends with the file.",
  example: "url file://vod/backup.mpegts?loop=off;",
};

/** What may follow a `file://` URL, or stand in its query. */
export const FILE_OPTIONS: readonly OptionSpec[] = [LOOP, ...TS_FILTER_OPTIONS];

/** Containers that are known, and not read yet, by the end of the name. */
const OTHER_CONTAINERS = /\.(mp4|m4v|m4a|mov|f4v|3gp|flv|mkv|webm|avi|ogg|ogv|mp3|aac|wav|mpd|m3u8?)$/i;

export interface FileSettings {
  readonly url: string;
  /** Places to look for the file, in order. */
  readonly paths: readonly string[];
  readonly loop: boolean;
  readonly filter: TsFilterOptions | undefined;
}

/**
 * Reads an input: `file:///PATH`, or `file://LOCATION/PATH` below the directories of a `file LOCATION { … }` block.
 * Throws `bad-url`.
 */
export function readSettings(input: InputConfig, server: Pick<ServerConfig, "fileLocations">): FileSettings {
  const { url, options } = input;
  const match = /^file:\/\/([^?]*)(?:\?.*)?$/is.exec(url);
  const path = decode(match?.[1] ?? "");
  if (path === "" || path.endsWith("/") || path.includes("\0")) {
    throw badUrl(url, "expected file:///PATH or file://LOCATION/PATH");
  }
  if (path.split(/[\\/]/).includes("..")) throw badUrl(url, '".." is not allowed in the path');
  const other = OTHER_CONTAINERS.exec(path)?.[1];
  if (other !== undefined) {
    throw badUrl(url, `${other.toUpperCase()} files are not supported yet: use an MPEG transport stream`);
  }
  return {
    url,
    paths: path.startsWith("/") ? [path] : inLocation(url, path, server.fileLocations),
    loop: readOption(LOOP, options) !== false,
    filter: readTsFilter(options),
  };
}

function inLocation(url: string, path: string, locations: ServerConfig["fileLocations"]): readonly string[] {
  // The longest name wins: locations may be called `vod` and `vod/news`.
  const location = locations
    .filter(({ name }) => path.startsWith(`${name}/`))
    .toSorted((a, b) => b.name.length - a.name.length)[0];
  if (location === undefined || location.paths.length === 0) {
    const name = path.split("/", 1)[0];
    throw badUrl(url, `there is no "file ${name} { path …; }" with a directory`);
  }
  const rest = path.slice(location.name.length + 1);
  if (rest === "") throw badUrl(url, "there is no file name");
  return location.paths.map((directory) => join(directory, rest));
}

/** A lone `%` is left as it is: these are texts typed by people. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

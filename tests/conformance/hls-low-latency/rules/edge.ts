import type { AnswerView, LowLatencyRule, PartView } from "../model.ts";

/** Preload hints and rendition reports. */
export const edgeRules: readonly LowLatencyRule[] = [
  {
    id: "hint.attributes",
    clause: "rfc8216bis §4.4.5.3",
    level: "must",
    doc: "EXT-X-PRELOAD-HINT has a TYPE of PART or MAP, and a URI.",
    on: "answer",
    check({ hints, fetch }, report) {
      for (const hint of hints)
        if (!["PART", "MAP"].includes(hint.get("TYPE") ?? "") || (hint.get("URI") ?? "") === "")
          report(fetch.url, `TYPE ${hint.get("TYPE")}, URI "${hint.get("URI") ?? ""}"`);
    },
  },
  {
    id: "hint.ended",
    clause: "rfc8216bis §4.4.5.3",
    level: "must",
    doc: "A playlist with EXT-X-ENDLIST hints at nothing.",
    on: "answer",
    check({ hints, ended, fetch }, report) {
      if (ended && hints.length > 0) report(fetch.url, "hints though it has ended");
    },
  },
  {
    id: "hint.once",
    clause: "rfc8216bis §6.2.6",
    level: "should",
    doc: "There is one hint of a TYPE at most.",
    on: "answer",
    check({ hints, fetch }, report) {
      const types = hints.map((hint) => hint.get("TYPE"));
      if (new Set(types).size < types.length) report(fetch.url, types.join());
    },
  },
  {
    id: "hint.new",
    clause: "rfc8216bis §4.4.5.3",
    level: "must",
    doc: "A part that is hinted at is not listed yet.",
    on: "answer",
    check(answer, report) {
      const listed = new Set(partsOf(answer).map(nameOf));
      for (const hint of answer.hints) {
        const name = `${hint.get("URI")} ${hint.get("BYTERANGE-START") ?? 0}`;
        if (hint.get("TYPE") === "PART" && listed.has(name)) report(`"${hint.get("URI")}"`, "is listed");
      }
    },
  },
  {
    id: "hint.kept",
    clause: "rfc8216bis §4.4.5.3, §6.2.6",
    level: "should",
    doc: "The part that comes next is the one that was hinted at.",
    on: "reload",
    check(before, after, report) {
      const hint = before.hints.find((one) => one.get("TYPE") === "PART");
      const known = new Set(partsOf(before).map(nameOf));
      const added = partsOf(after).filter((part) => !known.has(nameOf(part)));
      // Where several reloads were missed, parts in between may be gone already.
      const first = before.parents.at(-1)?.sequence === added[0]?.sequence ? added[0] : undefined;
      if (hint !== undefined && first !== undefined && hint.get("URI") !== first.uri)
        report(`"${first.uri}"`, `"${hint.get("URI")}" was hinted at`);
    },
  },
  {
    id: "hint.present",
    clause: "rfc8216bis appendix B.1",
    level: "should",
    doc: "A live playlist with parts hints at the next one.",
    on: "answer",
    check({ hasPartInf, ended, hints, fetch }, report) {
      if (hasPartInf && !ended && !hints.some((hint) => hint.get("TYPE") === "PART"))
        report(fetch.url, "no hint at a part");
    },
  },
  {
    id: "report.attributes",
    clause: "rfc8216bis §4.4.5.4",
    level: "must",
    doc: "EXT-X-RENDITION-REPORT has a relative URI; LAST-MSN and LAST-PART are integers.",
    on: "answer",
    check({ reports, fetch }, report) {
      for (const one of reports) {
        const uri = one.get("URI") ?? "";
        const numbers = ["LAST-MSN", "LAST-PART"].map((name) => one.get(name) ?? "0");
        if (uri === "" || /^[A-Za-z][\w+.-]*:/.test(uri) || numbers.some((text) => !/^\d+$/.test(text)))
          report(fetch.url, `URI "${uri}", ${numbers.join()}`);
      }
    },
  },
  {
    id: "report.others",
    clause: "rfc8216bis appendix B.1",
    level: "should",
    doc: "Each playlist reports on every other of its presentation, and not on itself.",
    on: "all",
    check({ streams }, report) {
      const urls = streams.map((stream) => stream.url);
      for (const { url, answers } of streams)
        for (const answer of answers) {
          if (!answer.hasPartInf || answer.ended) continue;
          const reported = answer.reports.map((one) => URL.parse(one.get("URI") ?? "", url)?.href ?? "");
          const missing = urls.filter((other) => other !== url && !reported.includes(other));
          if (missing.length > 0 || reported.includes(url))
            report(url, `reports on ${reported.join() || "none"}`);
        }
    },
  },
  {
    id: "report.fresh",
    clause: "rfc8216bis §4.4.5.4",
    level: "must",
    doc: "A report is not behind a version of the other playlist that was answered before it was asked for.",
    on: "all",
    check({ streams }, report) {
      const all = streams.flatMap((stream) => stream.answers.map((answer) => ({ url: stream.url, answer })));
      for (const { url, answer } of all)
        for (const one of answer.reports) {
          const other = URL.parse(one.get("URI") ?? "", url)?.href;
          const lastMsn = Number(one.get("LAST-MSN") ?? Number.NaN);
          const earlier = all.filter(
            (seen) => seen.url === other && seen.answer.fetch.doneMs <= answer.fetch.sentMs,
          );
          const known = Math.max(...earlier.map((seen) => lastMsnOf(seen.answer)), -1);
          if (lastMsn < known) report(`"${one.get("URI")}"`, `LAST-MSN ${lastMsn}, but ${known} was seen`);
        }
    },
  },
];

function partsOf({ parents }: AnswerView): (PartView & { readonly sequence: number })[] {
  return parents.flatMap(({ parts, sequence }) => parts.map((part) => ({ ...part, sequence })));
}

function nameOf(part: PartView): string {
  const range = part.attributes.get("BYTERANGE");
  return `${part.uri} ${range?.split("@")[1] ?? 0}`;
}

function lastMsnOf({ parents }: AnswerView): number {
  return parents.findLast((parent) => parent.complete || parent.parts.length > 0)?.sequence ?? -1;
}

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fromHex } from "@millrace/bytes";
import fc from "fast-check";
import { readLines } from "../testing/corpus.ts";
import { teletextSubtitlePages } from "./pages.ts";
import { TeletextSubtitles, type TeletextText } from "./subtitles.ts";
import {
  boxed,
  dataField,
  enhancement,
  type HeaderOptions,
  header,
  type Packet,
  row,
  triplets,
} from "./teletext.test-support.ts";

const PAGE = 0x888;
const OTHER = header({ page: 0x8ff });

/** What comes of units, 40 ms apart. */
function shown(units: readonly (readonly Packet[])[], language?: string): TeletextText[] {
  const options = language === undefined ? { page: PAGE } : { page: PAGE, language };
  const subtitles = new TeletextSubtitles(options);
  return units.flatMap((packets, i) => subtitles.push({ data: [dataField(...packets)], pts: i * 3600 }));
}

/** The text of a page of one row. */
function textOf(packets: readonly Packet[], options: Partial<HeaderOptions> & { language?: string } = {}) {
  const { language, ...more } = options;
  return shown([[header({ page: PAGE, ...more }), ...packets, OTHER]], language)[0]?.text;
}

describe("what a page shows", () => {
  for (const [name, packets, text] of [
    ["rows are lines", [row(PAGE, 20, boxed("one")), row(PAGE, 22, boxed("two"))], "one\ntwo"],
    ["what is not in a box is not shown", [row(PAGE, 20, [...boxed("in"), 0x6f, 0x75, 0x74])], "in"],
    ["two boxes of a row", [row(PAGE, 20, [...boxed("a"), ...boxed("b")])], "a b"],
    ["spaces side by side are one", [row(PAGE, 20, boxed("a    b "))], "a b"],
    ["colours are spaces", [row(PAGE, 20, boxed([0x61, 0x03, 0x62]))], "a b"],
    [
      "mosaics are spaces, capitals between them are not",
      [row(PAGE, 20, boxed([0x11, 0x61, 0x41, 0x07, 0x62]))],
      "A b",
    ],
    [
      "the row below double height is covered",
      [row(PAGE, 20, boxed("up")), row(PAGE, 21, boxed("no"))],
      "up",
    ],
  ] as const) {
    test(name, () => assert.equal(textOf(packets), text));
  }

  test("pages that are not to lie over the picture show nothing", () => {
    const packets = [row(PAGE, 20, boxed("text"))];
    assert.equal(textOf(packets, { subtitle: false }), undefined);
    assert.equal(textOf(packets, { inhibit: true }), undefined);
  });

  test("a character with an error is left out, and the one that stood there before stays", () => {
    const damaged = row(PAGE, 20, boxed("text"));
    const data = damaged.data.map((byte, i) => (i === 4 ? byte ^ 1 : byte));
    assert.equal(textOf([{ ...damaged, data }]), "t xt");
    assert.equal(textOf([row(PAGE, 20, boxed("best")), { ...damaged, data }]), "text");
  });
});

describe("alphabets", () => {
  const CODES = [0x23, 0x24, 0x40, 0x5b, 0x5c, 0x5d, 0x5e, 0x5f, 0x60, 0x7b, 0x7c, 0x7d, 0x7e];
  for (const [language, option, text] of [
    ["eng", 0, "£$@←½→↑#—¼‖¾÷"],
    ["deu", 1, "#$§ÄÖÜ^_°äöüß"],
    ["swe", 2, "#¤ÉÄÖÅÜ_éäöåü"],
    ["ita", 3, "£$é°ç→↑#ùàòèì"],
    ["fra", 4, "éïàëêùî#èâôûç"],
    ["spa", 5, "ç$¡áéíóú¿üñèà"],
    ["ces", 6, "#ůčťžýířéáěúš"],
    ["pol", 0, "#ńąŻŚŁćóężśłź"],
    ["tur", 6, "₺ğİŞÖÇÜĞışöçü"],
    ["slv", 5, "#ËČĆŽĐŠëčćžđš"],
    ["ron", 7, "#¤ŢÂŞĂÎıţâşăî"],
    ["est", 2, "#õŠÄÖŽÜÕšäöžü"],
    ["lav", 3, "#$ŠėęŽčūšąųžį"],
    ["srp", 0, "#$ЧЋЖЂШЏчћжђш"],
    ["rus", 4, "#$ЮШЭЩЧЫюшэщч"],
    ["ukr", 5, "#$ЮШЄЩЧЇюшєщч"],
    ["ell", 7, "#$ΐΫάέήίΰϋόύώ"],
    ["eng", 7, "£$@←½→↑#—¼‖¾÷"],
  ] as const) {
    test(`${language}, option ${option}`, () => {
      assert.equal(textOf([row(PAGE, 20, boxed(CODES))], { language, option }), text);
    });
  }

  test("whole words", () => {
    const words: readonly (readonly [string, number, string, string])[] = [
      ["rus", 4, "pRIWET", "пРИВЕТ"],
      ["ell", 7, "Kak'", "Λαλ'"],
      ["ukr", 5, "&_", "їЇ"],
      ["rus", 4, "&_", "ыЫ"],
    ];
    for (const [language, option, codes, text] of words)
      assert.equal(textOf([row(PAGE, 20, boxed(codes))], { language, option }), text);
  });

  test("Arabic and Hebrew, which have to be turned round, are not shown", () => {
    assert.equal(textOf([row(PAGE, 20, boxed("abc"))], { language: "heb", option: 5 }), undefined);
    assert.equal(textOf([row(PAGE, 20, boxed("abc"))], { language: "ara", option: 7 }), undefined);
  });

  test("packets X/28 and M/29 tell the region, whatever the language", () => {
    const region = (number: number) => triplets(PAGE, number, { values: [(4 * 8 + 4) << 7] });
    const text = row(PAGE, 20, boxed("a"));
    const units = (...packets: Packet[]) => [
      [...packets, header({ page: PAGE, option: 4 }), ...packets, text],
    ];
    assert.equal(shown(units(region(28)))[0]?.text, "а");
    assert.equal(shown(units(region(29)))[0]?.text, "а");
    assert.equal(shown(units())[0]?.text, "a");
  });
});

describe("packet X/26", () => {
  const at = (...values: number[]) => triplets(PAGE, 26, { values: [enhancement(40 + 20, 4, 0), ...values] });
  for (const [name, mode, code, text] of [
    ["acute", 0x12, "e", "é"],
    ["caron", 0x1f, "r", "ř"],
    ["double acute", 0x1d, "o", "ő"],
    ["ogonek", 0x1e, "a", "ą"],
    ["no mark", 0x10, "[", "["],
    ["the sign that every alphabet has replaced", 0x10, "*", "@"],
    ["another set", 0x0f, "7", "·"],
    ["another set, Latin letters", 0x0f, "s", "ð"],
    ["another mode", 0x02, "a", "x"],
  ] as const) {
    test(name, () => {
      const packets = [at(enhancement(3, mode, code.charCodeAt(0))), row(PAGE, 20, boxed("xyz"))];
      assert.equal(textOf(packets), `${text}yz`);
    });
  }

  test("ends where it says, and goes on in the packet behind it", () => {
    const first = [40 + 20, ...Array.from({ length: 12 }, () => 39)].map((address, i) =>
      enhancement(address, i === 0 ? 4 : 0x02, 0x20),
    );
    const packets = [
      triplets(PAGE, 26, { designation: 0, values: first }),
      triplets(PAGE, 26, {
        designation: 1,
        values: [enhancement(4, 0x12, 0x65), enhancement(63, 0x1f, 0x7f), enhancement(5, 0x12, 0x65)],
      }),
      row(PAGE, 20, boxed("eee")),
    ];
    assert.equal(textOf(packets), "eée");
  });

  test("does not outlast its page", () => {
    const text = row(PAGE, 20, boxed("e"));
    const accent = at(enhancement(3, 0x12, 0x65));
    const units = [
      [header({ page: PAGE }), accent, text],
      [header({ page: PAGE }), text],
    ];
    assert.deepEqual(
      shown(units).map((each) => each.text),
      ["é", "e"],
    );
  });
});

describe("from page to page", () => {
  const first = row(PAGE, 20, boxed("first"));
  const second = row(PAGE, 20, boxed("second"));

  test("text begins with its header's unit, and ends where the page is erased", () => {
    const units = [[header({ page: PAGE })], [first], [OTHER], [header({ page: PAGE })], [second, OTHER]];
    assert.deepEqual(shown(units), [
      { startTicks: 0, text: "first" },
      { startTicks: 3 * 3600, text: "" },
      { startTicks: 3 * 3600, text: "second" },
    ]);
  });

  test("what is sent again is not told again", () => {
    const page = [header({ page: PAGE }), first, OTHER];
    assert.deepEqual(shown([page, page, page]), [{ startTicks: 0, text: "first" }]);
  });

  test("two pages in one unit", () => {
    const unit = [header({ page: PAGE }), first, header({ page: PAGE }), second];
    assert.deepEqual(
      shown([unit]).map(({ text }) => text),
      ["first", "second"],
    );
  });

  test("a page that is not erased keeps its other rows", () => {
    const units = [
      [header({ page: PAGE }), first],
      [header({ page: PAGE, erase: false }), row(PAGE, 22, boxed("more"))],
    ];
    assert.deepEqual(
      shown(units).map(({ text }) => text),
      ["first", "first\nmore"],
    );
  });

  test("rows of other pages are not its own, be magazines parallel or serial", () => {
    const parallel = [header({ page: PAGE }), header({ page: 0x188 }), row(0x188, 20, boxed("no")), first];
    assert.equal(shown([parallel])[0]?.text, "first");
    assert.deepEqual(shown([[header({ page: 0x889 }), first]]), []);
    const serial = [header({ page: PAGE, serial: true }), header({ page: 0x188, serial: true }), first];
    assert.deepEqual(shown([serial]), []);
  });

  test("a header with two wrong bits ends the page", () => {
    const damaged = header({ page: 0x8ff });
    const data = damaged.data.map((byte, i) => (i === 0 ? byte ^ 3 : byte));
    assert.deepEqual(shown([[header({ page: PAGE }), { ...damaged, data }, first]]), []);
  });
});

test("a real capture", () => {
  const subtitles = new TeletextSubtitles({ page: 0x889, language: "fra" });
  const units = readLines("teletext.hex").map(([hex]) => fromHex(hex as string));
  const texts = units.flatMap((data, i) => subtitles.push({ data: [data], pts: i }).map(({ text }) => text));
  assert.deepEqual(texts, [
    "Un train met dix secondes\npour dépasser un point donné.",
    "",
    "Comme la dame a vu le crime\npar les derniers wagons,",
    "",
    "on peut supposer que le corps est\ntombé pendant le passage du train.",
    "",
  ]);
});

test("subtitle pages of descriptors", () => {
  for (const [hex, pages] of [
    [
      "560a667261288866726110 89",
      [
        [0x888, "fra", true],
        [0x889, "fra", false],
      ],
    ],
    ["0a04656e6700 5605656e670901", []],
    ["4605656e671188", [[0x188, "eng", false]]],
    ["560a656e671188656e671188", [[0x188, "eng", false]]],
    ["5605000000 1188", [[0x188, "und", false]]],
    ["5606656e671188 65", [[0x188, "eng", false]]],
    ["560a656e671188", []],
    ["56", []],
    ["", []],
  ] as const) {
    assert.deepEqual(
      teletextSubtitlePages(fromHex(hex.replaceAll(" ", ""))).map(({ page, language, forHardOfHearing }) => [
        page,
        language,
        forHardOfHearing,
      ]),
      pages,
      hex,
    );
  }
});

test("fuzz: no bytes make it throw, and there is never an empty line", () => {
  const seeds = readLines("teletext.hex").map(([hex]) => fromHex(hex as string));
  const edits = fc.array(fc.record({ at: fc.nat(322), byte: fc.nat(255) }), { maxLength: 8 });
  const unit = fc.oneof(
    { weight: 5, arbitrary: fc.tuple(fc.constantFrom(...seeds), edits, fc.nat(330)).map(damage) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 400 }) },
  );
  fc.assert(
    fc.property(
      fc.array(unit, { maxLength: 12 }),
      fc.constantFrom("fra", "rus", "ell"),
      (units, language) => {
        const subtitles = new TeletextSubtitles({ page: 0x889, language });
        units.forEach((data, pts) => {
          for (const { startTicks, text } of subtitles.push({ data: [data], pts })) {
            assert.ok(startTicks >= 0 && startTicks <= pts);
            assert.doesNotMatch(text, /\n\n|^\n|\n$/);
            assert.ok(Array.from(text).every((character) => character >= " " || character === "\n"));
            assert.ok(text.split("\n").length <= 24);
          }
        });
      },
    ),
    { numRuns: 500 },
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => void teletextSubtitlePages(bytes)));
});

function damage([seed, edits, length]: [Uint8Array, { at: number; byte: number }[], number]): Uint8Array {
  const bytes = seed.slice(0, Math.max(1, length));
  for (const { at, byte } of edits) bytes[at % bytes.length] = byte;
  return bytes;
}

import { addingTo, all, heading, type RuleCase, replacing, under, untouched } from "./changes.ts";

const KEY = 'EXT-X-KEY:METHOD=AES-128,URI="k"';
const VERSION = "#EXT-X-VERSION:3";

/** Rules on the spelling and the tags of one text. */
export const textCases: readonly RuleCase[] = [
  {
    rule: "text.utf8",
    keeps: addingTo(5, "# größer"),
    breaks: [
      (draft) => {
        draft.edit = (text) => text.replace("#EXTM3U\n", "#EXTM3U\n# gr~\n");
        draft.encode = (text) => new Uint8Array(Buffer.from(text.replace("~", "\xfc"), "latin1"));
      },
    ],
  },
  { rule: "text.bom", keeps: untouched, breaks: [replacing("#EXTM3U", "\uFEFF#EXTM3U")] },
  {
    rule: "text.control",
    keeps: replacing("\n", "\r\n"),
    breaks: [addingTo(5, "# a\u0007b"), addingTo(5, "# \t.")],
  },
  { rule: "text.nfc", keeps: addingTo(5, "# \u00fc"), breaks: [addingTo(5, "# u\u0308")] },
  {
    rule: "text.line-end",
    keeps: replacing("\n", "\r\n"),
    breaks: [
      (draft) => {
        draft.edit = (text) => text.trimEnd();
      },
      replacing(`${VERSION}\n`, `${VERSION}\r`),
    ],
  },
  {
    rule: "text.white-space",
    keeps: heading("", "# a comment"),
    breaks: [heading(" "), replacing(VERSION, `${VERSION} `), replacing("VERSION:3", "VERSION: 3")],
    also: ["tags.value", "version.features"],
  },
  {
    rule: "tags.first-line",
    keeps: replacing("#EXTM3U\n", "#EXTM3U\n\n"),
    breaks: [replacing("#EXTM3U\n", "\n#EXTM3U\n"), replacing("#EXTM3U\n", "")],
  },
  {
    rule: "tags.once",
    keeps: heading("#EXT-X-INDEPENDENT-SEGMENTS"),
    breaks: [heading(VERSION), heading("#EXT-X-INDEPENDENT-SEGMENTS", "#EXT-X-INDEPENDENT-SEGMENTS")],
  },
  {
    rule: "tags.known",
    keeps: heading("#EXT-X-ALLOW-CACHE:NO", "#extra is a comment"),
    breaks: [heading("#EXT-X-TARGET-DURATION:3")],
  },
  {
    rule: "tags.kind",
    keeps: under('#EXT-X-STREAM-INF:BANDWIDTH=5000000,CODECS="avc1.640028"', "index.m3u8"),
    breaks: [
      under(
        "#EXT-X-TARGETDURATION:2",
        '#EXT-X-STREAM-INF:BANDWIDTH=5000000,CODECS="avc1.640028"',
        "index.m3u8",
      ),
    ],
  },
  {
    rule: "tags.target-duration",
    keeps: untouched,
    breaks: [replacing(/#EXT-X-TARGETDURATION:\d+\n/, "")],
  },
  {
    rule: "tags.extinf",
    keeps: replacing("#EXTINF:2.000,", "#EXTINF:2,a title, or so"),
    breaks: [
      replacing("#EXTINF:2.000,\n42.ts", "42.ts"),
      replacing("#EXTINF:2.000,\n42.ts", "#EXTINF:2.000\n42.ts"),
      replacing("#EXTINF:2.000,\n42.ts", "#EXTINF:2.000,\n#EXTINF:2.000,\n42.ts"),
    ],
    // Without its duration the sums are wrong.
    also: ["date.sum", "window.length"],
  },
  {
    rule: "tags.order",
    keeps: heading("#EXT-X-DISCONTINUITY-SEQUENCE:4"),
    breaks: [
      (draft) => {
        draft.edit = (text) => text.replace(/(#EXT-X-MEDIA-SEQUENCE:\d+\n)((?:.*\n)*?.*\.ts\n)/, "$2$1");
      },
      all(addingTo(8, "#EXT-X-DISCONTINUITY"), addingTo(8, "#EXT-X-DISCONTINUITY-SEQUENCE:0")),
    ],
  },
  {
    rule: "tags.dangling",
    keeps: untouched,
    breaks: [
      (draft) => {
        draft.edit = (text) => `${text}#EXTINF:2.000,\n`;
      },
    ],
  },
  {
    rule: "tags.value",
    keeps: heading("#EXT-X-INDEPENDENT-SEGMENTS"),
    breaks: [
      heading("#EXT-X-INDEPENDENT-SEGMENTS:YES"),
      replacing(VERSION, "#EXT-X-VERSION:3.0"),
      heading("#EXT-X-DISCONTINUITY-SEQUENCE:-1"),
      heading("#EXT-X-PLAYLIST-TYPE:LIVE"),
      heading(`#EXT-X-BITRATE:${2n ** 64n}`),
    ],
  },
  {
    rule: "attributes.syntax",
    keeps: addingTo(5, `#${KEY}`),
    breaks: [
      addingTo(5, `#${KEY},`),
      addingTo(5, '#EXT-X-KEY:METHOD=AES-128, URI="k"'),
      addingTo(5, '#EXT-X-KEY:method=AES-128,URI="k"'),
      addingTo(5, '#EXT-X-KEY:METHOD=AES-128,URI="k'),
    ],
    also: ["attributes.types"],
  },
  {
    rule: "attributes.once",
    keeps: addingTo(5, `#${KEY}`, `#${KEY}`),
    breaks: [addingTo(5, `#${KEY},URI="l"`)],
  },
  {
    rule: "attributes.types",
    keeps: all(addingTo(5, `#${KEY},IV=0x0123`, "#EXT-X-START:TIME-OFFSET=-12")),
    breaks: [
      addingTo(5, "#EXT-X-KEY:METHOD=AES-128,URI=k"),
      addingTo(5, '#EXT-X-KEY:URI="k"'),
      addingTo(5, `#${KEY},IV=0123`),
      addingTo(5, "#EXT-X-START:PRECISE=YES"),
      under('#EXT-X-STREAM-INF:BANDWIDTH=5000000.5,CODECS="a"', "index.m3u8"),
    ],
  },
  {
    rule: "version.features",
    keeps: all(
      replacing(VERSION, "#EXT-X-VERSION:6"),
      addingTo(5, '#EXT-X-MAP:URI="i"', `#${KEY},KEYFORMAT="identity"`),
    ),
    breaks: [
      replacing(VERSION, "#EXT-X-VERSION:2"),
      replacing(`${VERSION}\n`, ""),
      addingTo(5, "#EXT-X-BYTERANGE:10@0"),
      addingTo(5, `#${KEY},KEYFORMAT="identity"`),
      all(replacing(VERSION, "#EXT-X-VERSION:5"), addingTo(5, '#EXT-X-MAP:URI="i"')),
    ],
  },
  {
    rule: "uri.resolve",
    keeps: (draft) => {
      draft.uri = (index) => `../news/${index}.ts?token=a%20b&c=[1]`;
    },
    breaks: [
      (draft) => {
        draft.uri = (index) => `a b${index}.ts`;
      },
      (draft) => {
        draft.uri = (index) => `größe${index}.ts`;
      },
    ],
  },
  {
    rule: "http.playlist-name",
    keeps: (draft) => {
      draft.playlistName = "live";
    },
    breaks: [
      (draft) => {
        draft.playlistName = "live";
        draft.contentType = "text/plain";
      },
    ],
    also: ["http.playlist-type"],
  },
  {
    rule: "http.playlist-type",
    keeps: (draft) => {
      draft.contentType = "audio/mpegURL; charset=utf-8";
    },
    breaks: [
      (draft) => {
        draft.contentType = "application/octet-stream";
      },
    ],
  },
];

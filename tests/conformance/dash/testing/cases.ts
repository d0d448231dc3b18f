import { all, type Change, type RuleCase, recorded, replacing } from "./presentation.ts";

const untouched: Change = () => {};

export const cases: readonly RuleCase[] = [
  {
    rule: "mpd.root",
    keeps: recorded,
    breaks: [
      replacing(' profiles="urn:mpeg:dash:profile:isoff-live:2011"', ""),
      replacing(' minBufferTime="PT2S"', ""),
      replacing("urn:mpeg:dash:schema:mpd:2011", "urn:mpeg:dash:schema:mpd:2012"),
      (draft) => {
        draft.versions = ["<html>"];
      },
    ],
  },
  {
    rule: "mpd.values",
    keeps: replacing('minBufferTime="PT2S"', 'minBufferTime="P0DT0H2.50S"'),
    breaks: [
      replacing('minBufferTime="PT2S"', 'minBufferTime="2"'),
      replacing('minBufferTime="PT2S"', 'minBufferTime="PT"'),
      replacing('start="PT0S"', 'start="0"'),
      replacing('09:46:00Z" publish', 'noon" publish'),
    ],
    also: ["period.start"],
  },
  {
    rule: "mpd.order",
    keeps: replacing("</SegmentTemplate>", "</SegmentTemplate><!-- -->"),
    breaks: [
      replacing(
        /( {2}<UTCTiming.*\n)|(?<=<MPD[^>]*>\n)/,
        '<UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-iso:2014"/>',
      ),
      all(
        replacing(/ +<Role.*\n/, ""),
        replacing(
          "</SegmentTemplate>",
          '</SegmentTemplate><Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>',
        ),
      ),
    ],
  },
  {
    rule: "mpd.dynamic",
    keeps: recorded,
    breaks: [replacing(/ publishTime="[^"]*"/, ""), replacing(/ availabilityStartTime="[^"]*"/, "")],
  },
  {
    rule: "mpd.static",
    keeps: recorded,
    breaks: [
      all(recorded, replacing(' mediaPresentationDuration="PT20S"', "")),
      all(recorded, replacing(' type="static"', ' type="static" timeShiftBufferDepth="PT9S"')),
    ],
  },
  {
    rule: "mpd.update-period",
    keeps: replacing(' minimumUpdatePeriod="PT2S"', ' mediaPresentationDuration="PT1H"'),
    breaks: [replacing(' minimumUpdatePeriod="PT2S"', "")],
  },
  {
    rule: "mpd.clock",
    keeps: all(recorded, replacing(/ +<UTCTiming.*\n/, "")),
    breaks: [replacing(/ +<UTCTiming.*\n/, ""), replacing("utc:http-iso:2014", "utc:sundial:2014")],
  },
  {
    rule: "mpd.type",
    keeps: (draft) => {
      draft.contentType = "application/dash+xml; charset=utf-8";
    },
    breaks: [
      (draft) => {
        draft.contentType = "text/xml";
      },
    ],
  },
  {
    rule: "period.id",
    keeps: all(recorded, replacing(' id="1" start', " start")),
    breaks: [
      replacing(' id="1" start', " start"),
      replacing("  </Period>", '  </Period><Period id="1" start="PT1H"/>'),
    ],
    also: ["update.timeline", "update.periods"],
  },
  {
    rule: "period.start",
    keeps: replacing("  </Period>", '  </Period><Period id="2"/><Period id="3" start="PT1H"/>'),
    breaks: [
      replacing(' start="PT0S"', ""),
      replacing("  </Period>", '  </Period><Period id="2" start="PT0S"/>'),
    ],
  },
  {
    rule: "set.representations",
    keeps: untouched,
    breaks: [replacing("  </Period>", '<AdaptationSet id="3" contentType="text" lang="en"/></Period>')],
  },
  {
    rule: "set.alignment",
    keeps: replacing(/ segmentAlignment="true" startWithSAP="1">\n +<Pro/, "><Pro"),
    breaks: [
      replacing('segmentAlignment="true"', 'segmentAlignment="0"'),
      replacing(' startWithSAP="1"', ""),
      replacing('startWithSAP="1"', 'startWithSAP="3"'),
    ],
  },
  {
    rule: "set.language",
    keeps: replacing('lang="en"', 'lang="und"'),
    breaks: [replacing(' lang="en"', "")],
  },
  {
    rule: "events.scheme",
    keeps: replacing(/ id="[12]"\/>/, "/>"),
    breaks: [
      replacing(' schemeIdUri="urn:scte:scte35:2014:xml+bin"', ""),
      replacing('presentationTime="900000"', 'presentationTime="10s"'),
      replacing('id="2"/>', 'id="1"/>'),
    ],
  },
  {
    rule: "representation.id",
    keeps: untouched,
    breaks: [
      replacing('id="v2"', 'id="v 2"'),
      replacing('id="v2"', 'id="a1"'),
      replacing(' bandwidth="128000"', ""),
    ],
    also: ["update.representations"],
  },
  {
    rule: "representation.type",
    keeps: all(replacing(' codecs="mp4a.40.2"', ""), replacing('lang="en"', 'lang="en" codecs="mp4a.40.2"')),
    breaks: [
      replacing(' codecs="mp4a.40.2"', ""),
      replacing("mp4a.40.2", "mp4a.40.2, "),
      replacing(' mimeType="audio/mp4"', ""),
    ],
  },
  {
    rule: "representation.media",
    keeps: all(
      replacing(' audioSamplingRate="48000"', ""),
      replacing('lang="en"', 'lang="en" audioSamplingRate="48000"'),
    ),
    breaks: [
      replacing(' frameRate="25"', ""),
      replacing(' audioSamplingRate="48000"', ""),
      replacing(/ +<AudioChannelConfiguration.*\n/, ""),
    ],
  },
  {
    rule: "segments.one-way",
    keeps: replacing(/<SegmentTemplate timescale="48000".*\n/, "<BaseURL>a.mp4</BaseURL>"),
    breaks: [
      replacing(/ +<SegmentTemplate timescale="48000".*\n/, ""),
      replacing(
        '      <SegmentTemplate timescale="48000"',
        '<SegmentBase/><SegmentTemplate timescale="48000"',
      ),
    ],
  },
  {
    rule: "template.identifiers",
    keeps: replacing("a/$Number%05d$.m4s", "$$$Bandwidth%02d$/$Number$.m4s"),
    breaks: [
      replacing("a/$Number%05d$.m4s", "a/$Number$-$Time$.m4s"),
      replacing("a/$Number%05d$.m4s", "a/all.m4s"),
      replacing("a/$Number%05d$.m4s", "a/$Number%5d$.m4s"),
      replacing("a/$Number%05d$.m4s", "a/$Number$$.m4s"),
      replacing("a/init.mp4", "a/$Number$.mp4"),
      replacing("a/init.mp4", "a/$Day$.mp4"),
    ],
  },
  {
    rule: "template.distinct",
    keeps: replacing("$RepresentationID$/$Time$", "$Bandwidth$/$Time$"),
    breaks: [replacing("$RepresentationID$/$Time$", "$Time$")],
  },
  {
    rule: "template.duration",
    keeps: untouched,
    breaks: [
      replacing(' duration="96000"', ""),
      replacing('timescale="1000"', 'timescale="1000" duration="2000"'),
      replacing('timescale="48000" duration="96000"', 'timescale="0" duration="96000"'),
    ],
    also: ["timeline.longest", "low-latency.offset"],
  },
  {
    rule: "timeline.order",
    keeps: replacing(/r="6"\/>\n +<S d="2000"\/>/, 'r="5"/><S t="22000" n="12" d="2000"/>', 2),
    breaks: [
      replacing(/<S d="2000"\/>/, '<S t="4000" d="2000"/>', 0),
      replacing(/<S d="2000"\/>/, '<S d="0"/>', 2),
    ],
    also: ["timeline.available", "update.window", "update.timeline"],
  },
  {
    rule: "timeline.longest",
    keeps: replacing(/ maxSegmentDuration="[^"]*"/, ""),
    breaks: [replacing('maxSegmentDuration="PT2S"', 'maxSegmentDuration="PT1.99S"')],
  },
  {
    rule: "timeline.available",
    keeps: all(
      replacing('timescale="1000"', 'timescale="1000" availabilityTimeOffset="10"'),
      replacing('2026-11-21T09:46:00Z" pub', '2026-11-21T09:46:10Z" pub'),
    ),
    breaks: [replacing('2026-11-21T09:46:00Z" pub', '2026-11-21T09:46:10Z" pub')],
  },
  {
    rule: "low-latency.offset",
    keeps: replacing(
      ' availabilityTimeOffset="1.5" availabilityTimeComplete="false"',
      ' availabilityTimeOffset="INF"',
    ),
    breaks: [
      replacing(' availabilityTimeOffset="1.5"', ""),
      replacing('availabilityTimeOffset="1.5"', 'availabilityTimeOffset="2"'),
      replacing('availabilityTimeOffset="1.5"', 'availabilityTimeOffset="INF"'),
    ],
  },
  {
    rule: "low-latency.service",
    keeps: all(
      replacing(/ availabilityTimeComplete="false"/, ""),
      replacing(/ +<(ServiceD|ProducerR).*\n/, ""),
    ),
    breaks: [
      replacing(/ +<ServiceD.*\n/, ""),
      replacing(' target="3500"', ""),
      replacing(/ +<ProducerR.*\n/, ""),
    ],
  },
  {
    rule: "update.publish-time",
    keeps: (draft) => {
      draft.versions[1] = draft.versions[0] as string;
    },
    breaks: [
      replacing(/T09:46:22.000Z/, "T09:46:20.000Z", 1),
      replacing(/T09:46:24.000Z/, "T09:46:21.000Z", 2),
    ],
    also: ["timeline.available"],
  },
  {
    rule: "update.zero",
    keeps: replacing('id="news"', 'id="sports"'),
    breaks: [replacing('id="news"', 'id="sports"', 1), replacing('09:46:00Z" pub', '09:45:59Z" pub', 1)],
  },
  {
    rule: "update.ended",
    keeps: all(
      replacing('type="dynamic"', 'type="static" mediaPresentationDuration="PT20S"', 2),
      replacing(/ (minimumUpdatePeriod|timeShiftBufferDepth)="[^"]*"/, "", 2),
      // What has ended stays as long as it likes.
      replacing('<S t="8000" d="2000" r="6"/>', '<S t="4000" d="2000" r="8"/>', 2),
      replacing('startNumber="5"', 'startNumber="3"', 2),
    ),
    breaks: [
      all(
        replacing('type="dynamic"', 'type="static" mediaPresentationDuration="PT20S"', 0),
        replacing(/ (minimumUpdatePeriod|timeShiftBufferDepth)="[^"]*"/, "", 0),
      ),
    ],
  },
  {
    rule: "update.periods",
    keeps: replacing("  </Period>", '  </Period><Period id="2" start="PT1H"/>', 2),
    breaks: [
      replacing('start="PT0S"', 'start="PT0.5S"', 1),
      replacing(
        '  <Period id="1" start="PT0S"',
        '<Period id="0" start="PT0S"/><Period id="1" start="PT0.5S"',
        2,
      ),
    ],
    also: ["timeline.available"],
  },
  {
    rule: "update.timeline",
    keeps: replacing(/<S t="6000" d="2000" r="6"\/>/, '<S t="6000" d="2000"/><S d="2000" r="5"/>', 1),
    breaks: [
      replacing('<S t="6000" d="2000" r="6"/>', '<S t="6001" d="2000" r="6"/>', 1),
      replacing('<S t="6000" d="2000" r="6"/>', '<S t="6000" d="1000"/><S t="8000" d="2000" r="5"/>', 1),
      replacing('startNumber="4"', 'startNumber="5"', 1),
    ],
    also: ["update.window", "timeline.available"],
  },
  {
    rule: "update.window",
    keeps: replacing('<S t="8000" d="2000" r="6"/>', '<S t="14000" n="8" d="2000" r="3"/>', 2),
    breaks: [
      all(replacing('<S t="8000" d="2000" r="6"/>', '<S t="16000" n="9" d="2000" r="2"/>', 2)),
      all(replacing('<S t="8000" d="2000" r="6"/>', '<S t="8000" d="2000" r="4"/>', 2)),
    ],
  },
  {
    rule: "update.representations",
    keeps: replacing("  </Period>", '  </Period><Period id="2" start="PT1H"/>', 2),
    breaks: [
      replacing('codecs="avc1.64001e"', 'codecs="avc1.64001f"', 2),
      replacing(/ +<Representation id="v2".*\n/, "", 2),
    ],
  },
];

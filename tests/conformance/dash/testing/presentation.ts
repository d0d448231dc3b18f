import assert from "node:assert/strict";
import type { Fetch } from "../../hls-linter/model.ts";
import type { RuleCase as Case, Change as DraftChange } from "../../kit/rule-tests.ts";

/** A live MPD without a fault, at the time of its version: each second version of 2 s segments has one more. */
function liveText(version: number): string {
  const publish = new Date(Date.UTC(2026, 10, 21, 9, 46, 20 + 2 * version)).toISOString();
  return `<?xml version="1.0" encoding="UTF-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" id="news" profiles="urn:mpeg:dash:profile:isoff-live:2011" type="dynamic" availabilityStartTime="2026-11-21T09:46:00Z" publishTime="${publish}" minimumUpdatePeriod="PT2S" minBufferTime="PT2S" timeShiftBufferDepth="PT10S" maxSegmentDuration="PT2S">
  <ServiceDescription id="0"><Latency referenceId="1" target="3500"/></ServiceDescription>
  <Period id="1" start="PT0S">
    <EventStream schemeIdUri="urn:scte:scte35:2014:xml+bin" timescale="90000">
      <Event presentationTime="0" duration="900000" id="1"/>
      <Event presentationTime="900000" id="2"/>
    </EventStream>
    <AdaptationSet id="1" contentType="video" mimeType="video/mp4" segmentAlignment="true" startWithSAP="1">
      <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>
      <SegmentTemplate timescale="1000" media="$RepresentationID$/$Time$.m4s" initialization="$RepresentationID$/init.mp4" startNumber="${3 + version}">
        <SegmentTimeline>
          <S t="${4000 + 2000 * version}" d="2000" r="6"/>
          <S d="2000"/>
        </SegmentTimeline>
      </SegmentTemplate>
      <Representation id="v1" bandwidth="3000000" codecs="avc1.64001f" width="1280" height="720" frameRate="25"/>
      <Representation id="v2" bandwidth="1000000" codecs="avc1.64001e" width="640" height="360" frameRate="25"/>
    </AdaptationSet>
    <AdaptationSet id="2" contentType="audio" mimeType="audio/mp4" lang="en" segmentAlignment="true" startWithSAP="1">
      <ProducerReferenceTime id="1" wallClockTime="2026-11-21T09:46:00Z" presentationTime="0"/>
      <SegmentTemplate timescale="48000" duration="96000" media="a/$Number%05d$.m4s" initialization="a/init.mp4" availabilityTimeOffset="1.5" availabilityTimeComplete="false"/>
      <Representation id="a1" bandwidth="128000" codecs="mp4a.40.2" audioSamplingRate="48000">
        <AudioChannelConfiguration schemeIdUri="urn:mpeg:dash:23003:3:audio_channel_configuration:2011" value="2"/>
      </Representation>
    </AdaptationSet>
  </Period>
  <UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-iso:2014" value="/time"/>
</MPD>
`;
}

/** Text of each version. */
export interface Draft {
  versions: string[];
  contentType: string;
}

export function draft(): Draft {
  return { versions: [0, 1, 2].map(liveText), contentType: "application/dash+xml" };
}

export function observe({ versions, contentType }: Draft): Fetch[] {
  return versions.map((text, i) => ({
    url: "http://127.0.0.1:8080/news/manifest.mpd",
    sentMs: 2000 * i,
    doneMs: 2000 * i + 5,
    status: 200,
    contentType,
    bytes: new TextEncoder().encode(text),
  }));
}

export type Change = DraftChange<Draft>;
export type RuleCase = Case<Draft>;

/** Replaces text in every version, or in `only` one; must hit. */
export function replacing(from: string | RegExp, to: string, only?: number): Change {
  return (changed) => {
    const pattern = from instanceof RegExp ? new RegExp(from, "g") : from;
    const before = changed.versions;
    changed.versions = before.map((text, i) =>
      only === undefined || i === only ? text.replaceAll(pattern, () => to) : text,
    );
    assert.notDeepEqual(changed.versions, before, "the replacement must hit");
  };
}

/** Several changes at once. */
export function all(...changes: Change[]): Change {
  return (changed) => {
    for (const change of changes) change(changed);
  };
}

/** A recording instead: what is live about it goes. */
export const recorded: Change = all(
  replacing('type="dynamic"', 'type="static" mediaPresentationDuration="PT20S"'),
  replacing(/ (availabilityStartTime|publishTime|minimumUpdatePeriod|timeShiftBufferDepth)="[^"]*"/, ""),
  (changed) => {
    changed.versions = changed.versions.slice(0, 1);
  },
);

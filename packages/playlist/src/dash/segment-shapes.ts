import type { AttributeShape, ChildShape, Shape } from "../xml/shape.ts";
import {
  booleanForm,
  byteSpanForm,
  durationForm,
  integerForm,
  secondsForm,
  signedForm,
  textForm,
} from "../xml/values.ts";
import type {
  MultipleSegments,
  SegmentBase,
  SegmentInfo,
  SegmentList,
  SegmentTemplate,
  SegmentUrl,
  TimelineEntry,
  UrlRange,
} from "./mpd.ts";

const urlRangeShape: Shape<UrlRange> = {
  attributes: [
    ["sourceURL", "sourceUrl", textForm],
    ["range", "range", byteSpanForm],
  ],
};

const baseAttributes: readonly AttributeShape<SegmentBase>[] = [
  ["timescale", "timescale", integerForm],
  ["presentationTimeOffset", "presentationTimeOffsetTicks", integerForm],
  ["presentationDuration", "presentationDurationTicks", integerForm],
  ["timeShiftBufferDepth", "timeShiftBufferDepthUs", durationForm],
  ["indexRange", "indexRange", byteSpanForm],
  ["indexRangeExact", "indexRangeExact", booleanForm],
  ["availabilityTimeOffset", "availabilityTimeOffsetUs", secondsForm],
  ["availabilityTimeComplete", "availabilityTimeComplete", booleanForm],
];

const baseChildren: readonly ChildShape<SegmentBase>[] = [
  { element: "Initialization", key: "initialization", shape: urlRangeShape },
  { element: "RepresentationIndex", key: "representationIndex", shape: urlRangeShape },
];

const multipleAttributes: readonly AttributeShape<MultipleSegments>[] = [
  ...baseAttributes,
  ["duration", "durationTicks", integerForm],
  ["startNumber", "startNumber", integerForm],
  ["endNumber", "endNumber", integerForm],
];

const timelineEntryShape: Shape<TimelineEntry> = {
  attributes: [
    ["t", "startTicks", integerForm],
    ["n", "number", integerForm],
    ["d", "durationTicks", integerForm],
    ["r", "repeat", signedForm],
    ["k", "pieces", integerForm],
  ],
  required: ["durationTicks"],
};

const multipleChildren: readonly ChildShape<MultipleSegments>[] = [
  ...baseChildren,
  {
    element: "SegmentTimeline",
    key: "timeline",
    shape: { children: [{ element: "S", key: "entries", many: true, shape: timelineEntryShape }] },
  },
];

const segmentUrlShape: Shape<SegmentUrl> = {
  attributes: [
    ["media", "media", textForm],
    ["mediaRange", "mediaRange", byteSpanForm],
    ["index", "index", textForm],
    ["indexRange", "indexRange", byteSpanForm],
  ],
};

const segmentListShape: Shape<SegmentList> = {
  attributes: multipleAttributes,
  children: [...multipleChildren, { element: "SegmentURL", key: "urls", many: true, shape: segmentUrlShape }],
};

const segmentTemplateShape: Shape<SegmentTemplate> = {
  attributes: [
    ["media", "media", textForm],
    ["index", "index", textForm],
    ["initialization", "initializationTemplate", textForm],
    ["bitstreamSwitching", "bitstreamSwitching", textForm],
    ...multipleAttributes,
  ],
  children: multipleChildren,
};

/** SegmentBase, SegmentList and SegmentTemplate, in the order of the schema. */
export const segmentInfoChildren: readonly ChildShape<SegmentInfo>[] = [
  {
    element: "SegmentBase",
    key: "segmentBase",
    shape: { attributes: baseAttributes, children: baseChildren },
  },
  { element: "SegmentList", key: "segmentList", shape: segmentListShape },
  { element: "SegmentTemplate", key: "segmentTemplate", shape: segmentTemplateShape },
];

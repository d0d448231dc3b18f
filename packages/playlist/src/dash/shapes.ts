import type { AttributeShape, ChildShape, Shape } from "../xml/shape.ts";
import {
  base64Form,
  booleanForm,
  commaListForm,
  dateForm,
  durationForm,
  integerForm,
  secondsForm,
  textForm,
  thousandthsForm,
  type ValueForm,
  wordForm,
  wordListForm,
} from "../xml/values.ts";
import type {
  AdaptationSet,
  BaseUrl,
  ContentProtection,
  Descriptor,
  EventScheme,
  EventStream,
  Mpd,
  MpdEvent,
  Period,
  ProducerReferenceTime,
  Representation,
  RepresentationBase,
  Resync,
  ServiceDescription,
} from "./mpd.ts";
import { segmentInfoChildren } from "./segment-shapes.ts";
import { SCTE35_NAMESPACE, signalShape } from "./splice.ts";

const descriptorAttributes: readonly AttributeShape<Descriptor>[] = [
  ["schemeIdUri", "schemeIdUri", textForm],
  ["value", "value", textForm],
  ["id", "id", textForm],
];
const descriptorShape: Shape<Descriptor> = { attributes: descriptorAttributes, required: ["schemeIdUri"] };

const contentProtectionShape: Shape<ContentProtection> = {
  constants: [["xmlns:cenc", "urn:mpeg:cenc:2013"]],
  attributes: [...descriptorAttributes, ["cenc:default_KID", "defaultKid", textForm]],
  required: ["schemeIdUri"],
  children: [{ element: "cenc:pssh", key: "pssh", many: true, form: base64Form }],
};

const baseUrlShape: Shape<BaseUrl> = {
  attributes: [
    ["serviceLocation", "serviceLocation", textForm],
    ["byteRange", "byteRange", textForm],
    ["availabilityTimeOffset", "availabilityTimeOffsetUs", secondsForm],
    ["availabilityTimeComplete", "availabilityTimeComplete", booleanForm],
  ],
  text: { key: "uri", form: textForm },
  required: ["uri"],
  otherwise: { uri: "" },
};

const eventSchemeAttributes: readonly AttributeShape<EventScheme>[] = [
  ["schemeIdUri", "schemeIdUri", textForm],
  ["value", "value", textForm],
  ["timescale", "timescale", integerForm],
  ["presentationTimeOffset", "presentationTimeOffsetTicks", integerForm],
];

const eventShape: Shape<MpdEvent> = {
  attributes: [
    ["presentationTime", "presentationTimeTicks", integerForm],
    ["duration", "durationTicks", integerForm],
    ["id", "id", integerForm],
    ["contentEncoding", "contentEncoding", wordForm("base64")],
    ["messageData", "messageData", textForm],
  ],
  children: [{ element: "Signal", key: "signal", namespace: SCTE35_NAMESPACE, shape: signalShape }],
  text: { key: "message", form: textForm },
};

const eventStreamShape: Shape<EventStream> = {
  attributes: eventSchemeAttributes,
  required: ["schemeIdUri"],
  children: [{ element: "Event", key: "events", many: true, shape: eventShape }],
};

const producerReferenceTimeShape: Shape<ProducerReferenceTime> = {
  attributes: [
    ["id", "id", integerForm],
    ["inband", "inband", booleanForm],
    ["type", "type", wordForm("encoder", "captured", "application")],
    ["wallClockTime", "wallClockTime", textForm],
    ["presentationTime", "presentationTimeTicks", integerForm],
  ],
  required: ["id", "wallClockTime", "presentationTimeTicks"],
  children: [{ element: "UTCTiming", key: "utcTiming", shape: descriptorShape }],
};

const resyncShape: Shape<Resync> = {
  attributes: [
    ["type", "type", integerForm],
    ["dT", "maxDistanceTicks", integerForm],
    ["dImin", "minDistanceThousandths", thousandthsForm],
    ["dImax", "maxDistanceThousandths", thousandthsForm],
    ["marker", "marker", booleanForm],
  ],
};

const commonAttributes: readonly AttributeShape<RepresentationBase>[] = [
  ["profiles", "profiles", commaListForm],
  ["width", "width", integerForm],
  ["height", "height", integerForm],
  ["sar", "sar", textForm],
  ["frameRate", "frameRate", textForm],
  ["audioSamplingRate", "audioSamplingRate", textForm],
  ["mimeType", "mimeType", textForm],
  ["segmentProfiles", "segmentProfiles", wordListForm],
  ["codecs", "codecs", commaListForm],
  ["maximumSAPPeriod", "maximumSapPeriodUs", secondsForm],
  ["startWithSAP", "startWithSap", integerForm],
  ["maxPlayoutRate", "maxPlayoutRateThousandths", thousandthsForm],
  ["codingDependency", "codingDependency", booleanForm],
  ["scanType", "scanType", wordForm("progressive", "interlaced", "unknown")],
  ["selectionPriority", "selectionPriority", integerForm],
];

const commonChildren: readonly ChildShape<RepresentationBase>[] = [
  { element: "FramePacking", key: "framePackings", many: true, shape: descriptorShape },
  {
    element: "AudioChannelConfiguration",
    key: "audioChannelConfigurations",
    many: true,
    shape: descriptorShape,
  },
  { element: "ContentProtection", key: "contentProtections", many: true, shape: contentProtectionShape },
  { element: "EssentialProperty", key: "essentialProperties", many: true, shape: descriptorShape },
  { element: "SupplementalProperty", key: "supplementalProperties", many: true, shape: descriptorShape },
  {
    element: "InbandEventStream",
    key: "inbandEventStreams",
    many: true,
    shape: { attributes: eventSchemeAttributes, required: ["schemeIdUri"] },
  },
  {
    element: "Label",
    key: "labels",
    many: true,
    shape: {
      attributes: [
        ["id", "id", integerForm],
        ["lang", "lang", textForm],
      ],
      text: { key: "text", form: textForm },
      required: ["text"],
      otherwise: { text: "" },
    },
  },
  {
    element: "ProducerReferenceTime",
    key: "producerReferenceTimes",
    many: true,
    shape: producerReferenceTimeShape,
  },
  { element: "Resync", key: "resyncs", many: true, shape: resyncShape },
];

const baseUrlChild = { element: "BaseURL", key: "baseUrls", many: true, shape: baseUrlShape } as const;

const representationShape: Shape<Representation> = {
  attributes: [
    ["id", "id", textForm],
    ["bandwidth", "bandwidth", integerForm],
    ["qualityRanking", "qualityRanking", integerForm],
    ["dependencyId", "dependencyIds", wordListForm],
    ...commonAttributes,
  ],
  required: ["id", "bandwidth"],
  otherwise: { bandwidth: 0 },
  children: [...commonChildren, baseUrlChild, ...segmentInfoChildren],
};

/** xs:unsignedInt or xs:boolean: a number names sets that are aligned with each other, which says that each is. */
const alignmentForm: ValueForm<boolean> = {
  read: (text) => booleanForm.read(text) ?? (/^\d{1,10}$/.test(text.trim()) ? true : undefined),
  write: (value) => booleanForm.write(value),
};

const adaptationSetShape: Shape<AdaptationSet> = {
  attributes: [
    ["id", "id", integerForm],
    ["group", "group", integerForm],
    ["lang", "lang", textForm],
    ["contentType", "contentType", wordForm("video", "audio", "text", "image", "application", "font")],
    ["par", "par", textForm],
    ["minBandwidth", "minBandwidth", integerForm],
    ["maxBandwidth", "maxBandwidth", integerForm],
    ["minWidth", "minWidth", integerForm],
    ["maxWidth", "maxWidth", integerForm],
    ["minHeight", "minHeight", integerForm],
    ["maxHeight", "maxHeight", integerForm],
    ["minFrameRate", "minFrameRate", textForm],
    ["maxFrameRate", "maxFrameRate", textForm],
    ["segmentAlignment", "segmentAlignment", alignmentForm],
    ["subsegmentAlignment", "subsegmentAlignment", alignmentForm],
    ["subsegmentStartsWithSAP", "subsegmentStartsWithSap", integerForm],
    ["bitstreamSwitching", "bitstreamSwitching", booleanForm],
    ...commonAttributes,
  ],
  children: [
    ...commonChildren,
    { element: "Accessibility", key: "accessibilities", many: true, shape: descriptorShape },
    { element: "Role", key: "roles", many: true, shape: descriptorShape },
    { element: "Rating", key: "ratings", many: true, shape: descriptorShape },
    { element: "Viewpoint", key: "viewpoints", many: true, shape: descriptorShape },
    baseUrlChild,
    ...segmentInfoChildren,
    { element: "Representation", key: "representations", many: true, shape: representationShape },
  ],
  initial: { representations: [] },
};

const periodShape: Shape<Period> = {
  constants: [["xmlns:xlink", "http://www.w3.org/1999/xlink", "href"]],
  attributes: [
    ["xlink:href", "href", textForm],
    ["id", "id", textForm],
    ["start", "startUs", durationForm],
    ["duration", "durationUs", durationForm],
    ["bitstreamSwitching", "bitstreamSwitching", booleanForm],
  ],
  children: [
    baseUrlChild,
    ...segmentInfoChildren,
    { element: "AssetIdentifier", key: "assetIdentifier", shape: descriptorShape },
    { element: "EventStream", key: "eventStreams", many: true, shape: eventStreamShape },
    { element: "AdaptationSet", key: "adaptationSets", many: true, shape: adaptationSetShape },
    { element: "SupplementalProperty", key: "supplementalProperties", many: true, shape: descriptorShape },
  ],
  initial: { adaptationSets: [] },
};

const serviceDescriptionShape: Shape<ServiceDescription> = {
  attributes: [["id", "id", integerForm]],
  children: [
    { element: "Scope", key: "scopes", many: true, shape: descriptorShape },
    {
      element: "Latency",
      key: "latency",
      shape: {
        attributes: [
          ["referenceId", "referenceId", integerForm],
          ["target", "targetMs", integerForm],
          ["max", "maxMs", integerForm],
          ["min", "minMs", integerForm],
        ],
      },
    },
    {
      element: "PlaybackRate",
      key: "playbackRate",
      shape: {
        attributes: [
          ["max", "maxThousandths", thousandthsForm],
          ["min", "minThousandths", thousandthsForm],
        ],
      },
    },
  ],
};

/** MPD: the order of the children is that of the schema. */
export const mpdShape: Shape<Mpd> = {
  attributes: [
    ["id", "id", textForm],
    ["profiles", "profiles", commaListForm],
    ["type", "type", wordForm("static", "dynamic")],
    ["availabilityStartTime", "availabilityStartTimeMs", dateForm],
    ["availabilityEndTime", "availabilityEndTimeMs", dateForm],
    ["publishTime", "publishTimeMs", dateForm],
    ["mediaPresentationDuration", "mediaPresentationDurationUs", durationForm],
    ["minimumUpdatePeriod", "minimumUpdatePeriodUs", durationForm],
    ["minBufferTime", "minBufferTimeUs", durationForm],
    ["timeShiftBufferDepth", "timeShiftBufferDepthUs", durationForm],
    ["suggestedPresentationDelay", "suggestedPresentationDelayUs", durationForm],
    ["maxSegmentDuration", "maxSegmentDurationUs", durationForm],
    ["maxSubsegmentDuration", "maxSubsegmentDurationUs", durationForm],
  ],
  required: ["profiles", "minBufferTimeUs"],
  otherwise: { profiles: [], minBufferTimeUs: 0 },
  children: [
    {
      element: "ProgramInformation",
      key: "programInformation",
      shape: {
        attributes: [
          ["lang", "lang", textForm],
          ["moreInformationURL", "moreInformationUrl", textForm],
        ],
        children: [
          { element: "Title", key: "title", form: textForm },
          { element: "Source", key: "source", form: textForm },
          { element: "Copyright", key: "copyright", form: textForm },
        ],
      },
    },
    baseUrlChild,
    { element: "Location", key: "locations", many: true, form: textForm },
    {
      element: "PatchLocation",
      key: "patchLocations",
      many: true,
      shape: {
        attributes: [["ttl", "ttlUs", secondsForm]],
        text: { key: "uri", form: textForm },
        required: ["uri"],
      },
    },
    { element: "ServiceDescription", key: "serviceDescriptions", many: true, shape: serviceDescriptionShape },
    { element: "Period", key: "periods", many: true, shape: periodShape },
    { element: "EssentialProperty", key: "essentialProperties", many: true, shape: descriptorShape },
    { element: "SupplementalProperty", key: "supplementalProperties", many: true, shape: descriptorShape },
    { element: "UTCTiming", key: "utcTimings", many: true, shape: descriptorShape },
  ],
  initial: { periods: [] },
};

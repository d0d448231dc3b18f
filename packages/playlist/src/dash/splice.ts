import type { Shape } from "../xml/shape.ts";
import { base64Form, booleanForm, integerForm, textForm } from "../xml/values.ts";

/** A moment in PTS, 90 kHz; absent: at once, or not known. */
export interface SpliceMoment {
  readonly ptsTicks?: number;
}

/** SpliceInsert (SCTE 35 §9.7.3, in the XML of its schema). Components are not modelled. */
export interface SpliceInsertXml {
  readonly eventId: number;
  readonly cancelled?: boolean;
  readonly outOfNetwork?: boolean;
  readonly immediate?: boolean;
  readonly uniqueProgramId?: number;
  readonly availNum?: number;
  readonly availsExpected?: number;
  readonly program?: { readonly time?: SpliceMoment };
  /** 90 kHz. */
  readonly breakDuration?: { readonly autoReturn: boolean; readonly durationTicks: number };
}

/** SegmentationUpid: `type` says what the text is (SCTE 35 table 22). */
export interface SegmentationUpidXml {
  readonly type?: number;
  readonly text?: string;
}

/** SegmentationDescriptor (SCTE 35 §10.3.3). */
export interface SegmentationXml {
  readonly eventId: number;
  readonly cancelled?: boolean;
  /** SCTE 35 table 23; 48 and 52 begin an ad, 49 and 53 end it. */
  readonly typeId?: number;
  /** 90 kHz. */
  readonly durationTicks?: number;
  readonly segmentNum?: number;
  readonly segmentsExpected?: number;
  readonly upids?: readonly SegmentationUpidXml[];
}

/** SpliceInfoSection (SCTE 35 §9.6, §11). Of the commands, only those that say when something is. */
export interface SpliceInfoXml {
  readonly ptsAdjustmentTicks?: number;
  readonly tier?: number;
  readonly insert?: SpliceInsertXml;
  readonly timeSignal?: { readonly time?: SpliceMoment };
  readonly segmentations?: readonly SegmentationXml[];
}

/** Signal (SCTE 35 §11): the section in binary (`urn:scte:scte35:2014:xml+bin`) or taken apart (`urn:scte:scte35:2013:xml`). */
export interface SpliceSignal {
  /** splice_info_section(). */
  readonly binary?: Uint8Array;
  readonly section?: SpliceInfoXml;
}

/** The namespace that is written; any is read. */
export const SCTE35_NAMESPACE = "http://www.scte.org/schemas/35/2016";

const momentShape: Shape<SpliceMoment> = { attributes: [["ptsTime", "ptsTicks", integerForm]] };

const insertShape: Shape<SpliceInsertXml> = {
  attributes: [
    ["spliceEventId", "eventId", integerForm],
    ["spliceEventCancelIndicator", "cancelled", booleanForm],
    ["outOfNetworkIndicator", "outOfNetwork", booleanForm],
    ["spliceImmediateFlag", "immediate", booleanForm],
    ["uniqueProgramId", "uniqueProgramId", integerForm],
    ["availNum", "availNum", integerForm],
    ["availsExpected", "availsExpected", integerForm],
  ],
  required: ["eventId"],
  children: [
    {
      element: "Program",
      key: "program",
      shape: { children: [{ element: "SpliceTime", key: "time", shape: momentShape }] },
    },
    {
      element: "BreakDuration",
      key: "breakDuration",
      shape: {
        attributes: [
          ["autoReturn", "autoReturn", booleanForm],
          ["duration", "durationTicks", integerForm],
        ],
        required: ["autoReturn", "durationTicks"],
        otherwise: { autoReturn: false },
      },
    },
  ],
};

const segmentationShape: Shape<SegmentationXml> = {
  attributes: [
    ["segmentationEventId", "eventId", integerForm],
    ["segmentationEventCancelIndicator", "cancelled", booleanForm],
    ["segmentationDuration", "durationTicks", integerForm],
    ["segmentationTypeId", "typeId", integerForm],
    ["segmentNum", "segmentNum", integerForm],
    ["segmentsExpected", "segmentsExpected", integerForm],
  ],
  required: ["eventId"],
  children: [
    {
      element: "SegmentationUpid",
      key: "upids",
      many: true,
      shape: {
        attributes: [["segmentationUpidType", "type", integerForm]],
        text: { key: "text", form: textForm },
      },
    },
  ],
};

const sectionShape: Shape<SpliceInfoXml> = {
  attributes: [
    ["ptsAdjustment", "ptsAdjustmentTicks", integerForm],
    ["tier", "tier", integerForm],
  ],
  children: [
    { element: "SpliceInsert", key: "insert", shape: insertShape },
    {
      element: "TimeSignal",
      key: "timeSignal",
      shape: { children: [{ element: "SpliceTime", key: "time", shape: momentShape }] },
    },
    { element: "SegmentationDescriptor", key: "segmentations", many: true, shape: segmentationShape },
  ],
};

export const signalShape: Shape<SpliceSignal> = {
  children: [
    { element: "SpliceInfoSection", key: "section", shape: sectionShape },
    { element: "Binary", key: "binary", form: base64Form },
  ],
};

import type { VideoFormat } from "@millrace/model";
import type { NalList } from "../nal.ts";
import type { PictureInfo } from "./picture.ts";

/** What H.264 and H.265 tracks keep of their headers, behind one face. */
export interface VideoHeaders {
  /** Grows whenever a parameter set is new or differs. */
  readonly version: number;
  /** Whether a decoder could start with the parameter sets that are there. */
  readonly complete: boolean;
  /** All parameter set NAL units, in the order in which they must be sent. */
  readonly nals: Uint8Array[];
  /** AVCDecoderConfigurationRecord or HEVCDecoderConfigurationRecord, once complete. */
  readonly config: Uint8Array | undefined;
  readonly format: VideoFormat | undefined;
  /** RFC 6381 name. */
  readonly codecString: string | undefined;
  /** Takes in the parameter sets among the NAL units of one access unit. True when anything changed. */
  collect(buf: Uint8Array, nals: NalList): boolean;
  /** Says what picture an access unit holds. */
  inspect(buf: Uint8Array, nals: NalList, out: PictureInfo): void;
  /** Takes the sets out of a configuration record. False when it cannot be read. */
  load(config: Uint8Array): boolean;
}

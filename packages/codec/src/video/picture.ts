/** Frame types, ordered so that the greatest of a picture's slices is the picture's. */
export const FRAME_UNKNOWN = 0;
export const FRAME_I = 1;
export const FRAME_P = 2;
export const FRAME_B = 3;

/** What one coded picture is; a mutable object serves all pictures of a track. */
export interface PictureInfo {
  /** `FRAME_*`. */
  frameType: number;
  /** A decoder may start here. */
  key: boolean;
  /** Nothing before it is referred to by anything after it (IDR; H.265 IDR; closed GOP). */
  idr: boolean;
  /** All slices are intra coded. */
  intra: boolean;
  /** Parameter sets (sequence header) come with it. */
  parameterSets: boolean;
  /** Other pictures may refer to it. */
  reference: boolean;
  /** Slices, or 0 where the unit holds no picture. */
  slices: number;
}

export function emptyPictureInfo(): PictureInfo {
  return {
    frameType: FRAME_UNKNOWN,
    key: false,
    idr: false,
    intra: false,
    parameterSets: false,
    reference: false,
    slices: 0,
  };
}

/** The encoder process ends with this code when FFmpeg (`node-av`) is not installed. */
export const EXIT_NO_ENCODER = 3;
/** … when FFmpeg failed, or the reader of its output is gone. */
export const EXIT_FAILED = 1;

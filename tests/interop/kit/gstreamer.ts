import { FPS, GOP } from "./encoder.ts";

/** GStreamer encodes a test picture and a tone live, as a transport stream in packets of seven. */
export function gstEncoding(): string[] {
  const raw = `video/x-raw,format=I420,width=320,height=180,framerate=${FPS}/1`;
  const words = [
    `videotestsrc is-live=true ! ${raw} ! openh264enc gop-size=${GOP} ! h264parse config-interval=-1 ! queue`,
    "! mpegtsmux name=mux alignment=7",
    "audiotestsrc is-live=true ! audio/x-raw,rate=48000,channels=2 ! voaacenc ! aacparse ! queue ! mux.",
    "mux.",
  ];
  return words.join(" ").split(" ");
}

/** GStreamer takes a transport stream apart and writes the decoded pictures, I420, into a file. */
export function gstDecoding(file: string): string[] {
  return `! tsdemux ! h264parse ! openh264dec ! video/x-raw,format=I420 ! filesink location=${file}`.split(
    " ",
  );
}

/**
 * Words that the manuals of this configuration language know and Millrace does not have yet. Each gets a warning
 * that names its line, and the rest of the file works. A word leaves this list when its option arrives: a registered
 * option always wins over it.
 */
export interface UnsupportedWords {
  readonly scope: "server" | "stream" | "input" | "push" | "endpoint" | "file";
  readonly topic: string;
  readonly words: readonly string[];
}

export const UNSUPPORTED_WORDS: readonly UnsupportedWords[] = [
  {
    scope: "server",
    topic: "listeners",
    words: ["rtmp", "rtmps", "rtsp", "rtsps", "mysql", "snmp", "admin_http", "admin_https"],
  },
  {
    scope: "server",
    topic: "access",
    words: [
      "edit_auth",
      "view_auth",
      "api_allowed_from",
      "auth",
      "auth_backend",
      "auth_token",
      "auto_token",
      "no_auto_token",
      "max_sessions",
      "aliaser",
      "domains",
      "allowed_countries",
    ],
  },
  {
    scope: "server",
    topic: "logs, statistics and events",
    words: ["loglevel", "logrequests", "pulsedb", "session_log", "notify"],
  },
  {
    scope: "server",
    topic: "cluster",
    words: ["cluster_key", "peer", "source", "balancer", "cloud", "loadbalance"],
  },
  {
    scope: "server",
    topic: "media for all streams",
    words: ["url_prefix", "cache", "dvr", "segments", "segment_duration", "segment_count", "template"],
  },
  {
    scope: "server",
    topic: "plugins, scripts and cards",
    words: ["plugin", "iptv", "web_script", "transponder", "dvb_card"],
  },
  {
    scope: "stream",
    topic: "recording",
    words: ["dvr", "dvr_offline", "cache", "replicate"],
  },
  {
    scope: "stream",
    topic: "access",
    words: ["auth", "domain", "domains", "allowed_countries", "max_sessions", "on_publish", "max_bitrate"],
  },
  {
    scope: "stream",
    topic: "protocols on and off",
    words: ["rtsp", "rtmp", "hds", "hls", "mpegts", "dash", "drm", "meta"],
  },
  {
    scope: "stream",
    topic: "packaging",
    words: [
      "segments",
      "segment_duration",
      "segment_count",
      "mpegts_pids",
      "url_prefix",
      "add_audio_only",
      "prepush",
      "no_prepush",
      "logo",
      "group",
      "template",
    ],
  },
  {
    scope: "stream",
    topic: "input",
    words: ["frames_timeout", "rtp", "tracks", "dvbsubs_ocr", "skip_stalled_check", "cluster_ingest"],
  },
  { scope: "stream", topic: "pictures and transcoding", words: ["thumbnails", "transcoder"] },
  {
    scope: "input",
    topic: "choice of tracks",
    words: ["program", "pids", "tracks", "allow_subtitles", "bypass_nit", "dvbsubs_ocr", "mbr"],
  },
  { scope: "input", topic: "HTTP", words: ["user_agent", "header.*", "skip_stalled_check"] },
  { scope: "input", topic: "capture cards", words: ["enc"] },
  { scope: "push", topic: "UDP", words: ["multicast_loop", "ttl", "cbr", "pcr", "tracks"] },
  {
    scope: "file",
    topic: "files on demand",
    words: [
      "auth",
      "cache",
      "segment_cache",
      "domain",
      "domains",
      "allowed_countries",
      "download",
      "read_queue",
      "max_readers",
      "max_sessions",
      "thumbnails",
      "drm",
      "meta",
      "rtsp",
      "rtmp",
      "hds",
      "hls",
      "mpegts",
      "dash",
    ],
  },
];

/** URL schemes of the manuals; those without a registered protocol are answered with a warning. */
export const KNOWN_SCHEMES: { readonly input: readonly string[]; readonly push: readonly string[] } = {
  input: [
    "tshttp",
    "tshttps",
    "udp",
    "rtp",
    "tstcp",
    "hls",
    "hlss",
    "hls2",
    "rtsp",
    "rtsp2",
    "rtmp",
    "rtmps",
    "srt",
    "rist",
    "m4f",
    "timeshift",
    "shout",
    "mixer",
    "mosaic",
    "playlist",
    "file",
    "fake",
    "decklink",
  ],
  push: [
    "udp",
    "rtp",
    "tstcp",
    "tshttp",
    "tshttps",
    "hls",
    "hlss",
    "rtmp",
    "rtmps",
    "rtsp",
    "srt",
    "rist",
    "m4f",
    "http",
    "https",
    "http(s)",
  ],
};

/** Containers that no file input reads yet, by the end of their names. */
export const UNSUPPORTED_FILES: readonly string[] = [
  ".mp4",
  ".m4v",
  ".mov",
  ".f4v",
  ".3gp",
  ".flv",
  ".mkv",
  ".webm",
];

/** Places outside this machine where file locations may lie; none is read yet. */
export const KNOWN_STORES: readonly string[] = ["http", "https", "s3", "swift", "akamai"];

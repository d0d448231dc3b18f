/** One media fragment, or several of one duration in a row (MS-SSTR §2.2.2.6). */
export interface SmoothChunk {
  /** Where the one before ends when absent. */
  readonly startTicks?: number;
  /** To the next chunk's start when absent. */
  readonly durationTicks?: number;
  readonly number?: number;
  /** How many of this duration there are, this one included; 1 when absent. */
  readonly repeat?: number;
}

/** QualityLevel (MS-SSTR §2.2.2.5). */
export interface SmoothQualityLevel {
  readonly index: number;
  /** Bits a second; it is part of the URL. */
  readonly bitrate: number;
  /** `H264`, `HVC1`, `AACL`, `AACH`, `EC-3`, `TTML`… */
  readonly fourCc?: string;
  /** H264: SPS and PPS with start codes; AACL: AudioSpecificConfig; EC-3: WAVEFORMATEXTENSIBLE's extension. */
  readonly codecPrivateData?: Uint8Array;
  readonly maxWidth?: number;
  readonly maxHeight?: number;
  readonly nalUnitLengthBytes?: number;
  readonly samplingRateHz?: number;
  readonly channels?: number;
  readonly bitsPerSample?: number;
  readonly packetSize?: number;
  /** WAVE format tag; 255 for AAC. */
  readonly audioTag?: number;
}

/** StreamIndex (MS-SSTR §2.2.2.3). */
export interface SmoothStream {
  readonly type: "video" | "audio" | "text";
  readonly subtype?: string;
  readonly name?: string;
  /** ISO 639-2. */
  readonly language?: string;
  /** Ticks a second; that of the manifest when absent. */
  readonly timescale?: number;
  /** `QualityLevels({bitrate})/Fragments(video={start time})`. */
  readonly url?: string;
  readonly maxWidth?: number;
  readonly maxHeight?: number;
  readonly displayWidth?: number;
  readonly displayHeight?: number;
  /** The stream whose fragments carry this one's manifest: sparse streams. */
  readonly parentStream?: string;
  readonly manifestOutput?: boolean;
  readonly qualityLevels: readonly SmoothQualityLevel[];
  readonly chunks: readonly SmoothChunk[];
}

/** Protection (MS-SSTR §2.2.2.2). */
export interface SmoothProtection {
  /** UUID in the usual spelling. */
  readonly systemId: string;
  /** What that system wants: a PlayReady Object. */
  readonly header: Uint8Array;
}

/** A client manifest (MS-SSTR §2.2.2.1). */
export interface SmoothManifest {
  /** Ticks a second; 10,000,000 when absent. */
  readonly timescale?: number;
  /** 0 while live. */
  readonly durationTicks: number;
  readonly isLive?: boolean;
  /** How many fragments announce those behind them; required where live. */
  readonly lookAheadFragmentCount?: number;
  /** 0: everything since the beginning. */
  readonly dvrWindowTicks?: number;
  readonly protection?: SmoothProtection;
  readonly streams: readonly SmoothStream[];
}

import type { MultivariantPlaylist, Rendition, Variant } from "@millrace/playlist";
import { unsupported } from "./errors.ts";

/** What to play of a Multivariant Playlist. */
export interface Choice {
  readonly variant: Variant;
  /** Sounds with playlists of their own, the default one first. */
  readonly sounds: readonly Rendition[];
}

export interface Wish {
  /** Most, bits a second. */
  readonly bandwidth: number | undefined;
  readonly variant: string | undefined;
  /** All sounds, or only the default one. */
  readonly renditions: boolean;
}

/** Chooses a variant and its sounds. Throws `hls.unsupported` where none is as it should be. */
export function choose(playlist: MultivariantPlaylist, wish: Wish): Choice {
  const variant =
    wish.variant === undefined
      ? byBandwidth(playlist.variants, wish.bandwidth)
      : named(playlist, wish.variant);
  const all = (playlist.renditions ?? []).filter(
    ({ type, groupId, uri }) =>
      type === "AUDIO" && groupId === variant.audio && uri !== undefined && uri !== variant.uri,
  );
  const sounds = all.toSorted((a, b) => Number(b.default === true) - Number(a.default === true));
  return { variant, sounds: wish.renditions ? sounds : sounds.slice(0, 1) };
}

/** The best that fits, else the smallest. Those without picture only where there is nothing else. */
function byBandwidth(variants: readonly Variant[], most = Number.POSITIVE_INFINITY): Variant {
  const playable = variants.filter(({ reqVideoLayout }) => reqVideoLayout === undefined);
  const withPicture = playable.filter((variant) => !isSoundAlone(variant));
  const sorted = (withPicture.length > 0 ? withPicture : playable).toSorted(
    (a, b) => b.bandwidth - a.bandwidth,
  );
  const found = sorted.find(({ bandwidth }) => bandwidth <= most) ?? sorted.at(-1);
  if (found === undefined) throw unsupported("the playlist lists no variant that can be played");
  return found;
}

const SOUND = /^(mp4a|ac-3|ec-3|ac-4|opus|flac|fLaC|mp3|dts)/i;

function isSoundAlone({ codecs = [], resolution }: Variant): boolean {
  return resolution === undefined && codecs.length > 0 && codecs.every((codec) => SOUND.test(codec));
}

function named({ variants }: MultivariantPlaylist, wanted: string): Variant {
  const number = /^\d+$/.test(wanted) ? Number(wanted) : undefined;
  const height = /^(\d+)p$/i.exec(wanted)?.[1];
  const fits = ({ name, resolution, stableVariantId }: Variant): boolean =>
    height === undefined
      ? name === wanted || stableVariantId === wanted
      : resolution?.height === Number(height);
  const found = number === undefined ? variants.filter(fits) : variants.slice(number - 1, number);
  if (number !== 0 && found.length > 0) return byBandwidth(found);
  const offered = variants.map(
    ({ resolution, name }, i) => name ?? (resolution ? `${resolution.height}p` : i + 1),
  );
  throw unsupported(`the playlist has no variant "${wanted}", but ${offered.join(", ")}`);
}

/** Speeds: what a media element plays, and what is shown as pictures. */

export const PLAYED = [0.25, 0.5, 1, 1.5, 2, 4, 8] as const;
export const SHOWN = [16, 30, 60, 120] as const;
export const SPEEDS: readonly number[] = [...PLAYED, ...SHOWN];

/** Return whether a speed is a show of still pictures. */
export function isSlideShow(speed: number): boolean {
  return speed > PLAYED.at(-1)!;
}

/** Return the next speed up or down; the same one at the end of the row. */
export function nextSpeed(speed: number, direction: 1 | -1): number {
  if (direction > 0) {
    return SPEEDS.find((each) => each > speed) ?? speed;
  }
  return SPEEDS.findLast((each) => each < speed) ?? speed;
}

/** What happens if a media element does not take a speed: it keeps one it can. */
export function readBack(media: { playbackRate: number }, wanted: number): number {
  try {
    media.playbackRate = wanted;
  } catch {
    // Safari throws NotSupportedError for what it cannot play
  }
  return media.playbackRate;
}

/** How long a picture of a slide show stands, in milliseconds. */
export const SLIDE_MS = 250;

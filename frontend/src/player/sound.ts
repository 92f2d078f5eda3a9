/** Sound as it was chosen last in this browser. */

import type { Sound } from "./deck-row";

const PLACE = "vtrack-nvr.sound";
/** Nobody's house begins to talk by itself. */
const FIRST: Sound = { muted: true, volume: 1 };

export function recallSound(): Sound {
  try {
    const kept = JSON.parse(localStorage.getItem(PLACE) ?? "{}") as Partial<Sound>;
    const volume = Number(kept.volume);
    return {
      muted: kept.muted !== false,
      volume: volume >= 0 && volume <= 1 ? volume : FIRST.volume,
    };
  } catch {
    return FIRST; // storage may be forbidden
  }
}

export function keepSound(sound: Sound): void {
  try {
    localStorage.setItem(PLACE, JSON.stringify(sound));
  } catch {
    // Then it is forgotten with the page
  }
}

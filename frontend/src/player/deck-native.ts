/** A deck that leaves HLS to the browser (Apple's). */

import { clipIn, Deck, type Listing } from "./deck";
import { readPlaylist } from "./playlist";
import { TimeMap } from "./time-map";

const RELOAD_MS = 5000;
/** Of a segment, if its length is not known. */
const SKIP_S = 2;

export class NativeDeck extends Deck {
  private reloading: ReturnType<typeof setTimeout> | undefined;
  private starts: { start: number; address: string }[] = [];

  load(listing: Listing, media: number): void {
    const { video } = this;
    this.read(listing.text);
    video.playsInline = true;
    video.src = listing.url;
    video.load();
    this.seek(media);
    if (this.isGrowing) {
      this.reloadLater(listing.mediaUrl);
    }
  }

  clipAt(media: number): number {
    return clipIn(this.starts.findLast((each) => each.start <= media + 0.001)?.address ?? "");
  }

  afterDamage(media: number): number {
    return this.starts.find((each) => each.start > media + 0.001)?.start ?? media + SKIP_S;
  }

  protected unload(): void {
    clearTimeout(this.reloading);
    this.video.removeAttribute("src");
    this.video.load();
  }

  private read(text: string): void {
    const { pieces, isEnded, addresses } = readPlaylist(text);
    this.map = new TimeMap(pieces);
    this.isGrowing = !isEnded;
    this.starts = pieces.map(({ start }, i) => ({ start, address: addresses[i] ?? "" }));
    this.host.changed(this);
  }

  private reloadLater(address: string): void {
    this.reloading = setTimeout(() => void this.reload(address), RELOAD_MS);
  }

  private async reload(address: string): Promise<void> {
    try {
      const answer = await fetch(address, { cache: "no-store" });
      if (answer.ok) {
        this.read(await answer.text());
      }
    } catch {
      // The element meets the same trouble and tells of it
    }
    if (this.isGrowing && !this.isDestroyed) {
      this.reloadLater(address);
    }
  }
}

/** Return whether the browser is Apple's: it plays HLS itself, and best. */
export function prefersNative(): boolean {
  const video = document.createElement("video");
  return (
    "webkitSetPresentationMode" in video &&
    video.canPlayType("application/vnd.apple.mpegurl") !== ""
  );
}

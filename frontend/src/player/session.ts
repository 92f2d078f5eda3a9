/** A deck with what it was opened for. */

import { nameOf } from "./codecs";
import type { Deck } from "./deck";
import type { Footage } from "./finder";
import { type Border, borderOf } from "./plan";
import { holds, isNearEnd, type Window } from "./windows";

/** Pictures of footage other than this are called damaged only once they have been seen. */
const SAFE_CODEC = "H.264";

const EXACT_S = 0.005;

export class Session {
  private fetches = true;

  constructor(
    readonly deck: Deck,
    readonly footage: Footage,
    private readonly mayFetch: boolean,
  ) {}

  /** Footage of a gap did not come: gaps are jumped over from here on. */
  giveUpFetching(): void {
    this.fetches = false;
  }

  get window(): Window {
    return this.footage.window;
  }

  /**
   * Where this deck hands over; undefined while it grows. `jumps`: gaps are jumped over, so that
   * one whose footage can be fetched is a border.
   */
  border(jumps: boolean): Border | undefined {
    const { deck, footage } = this;
    const media = Number.isNaN(deck.shownMedia) ? deck.media : deck.shownMedia;
    const may = jumps && this.fetches && this.mayFetch && !footage.isFetched;
    const border = borderOf(deck.map, media, deck.isGrowing, footage.spans, may);
    if (deck.cutAt < (border?.media ?? Infinity)) {
      return { media: deck.cutAt, nextMs: deck.cutMs, kind: "end" };
    }
    return border;
  }

  /** Return the media time of a true time that this deck can go to by itself. */
  reach(ms: number): number | undefined {
    const place = this.deck.map.toMedia(ms);
    return place.kind === "at" && ms < this.deck.cutMs ? place.media : undefined;
  }

  /**
   * Go to exactly a true time. Before the first picture, a playlist's times are rounded: a still
   * picture could be the one before.
   */
  settle(ms: number): void {
    const media = this.reach(ms);
    if (media !== undefined && Math.abs(media - this.deck.media) > EXACT_S) this.deck.seek(media);
  }

  /** Return whether a true time lies in what this deck has loaded, be it in a gap. */
  isWithin(ms: number): boolean {
    const { map, cutMs, isGrowing } = this.deck;
    if (map.isEmpty || this.reach(ms) !== undefined) {
      return true;
    }
    const isBeyond = ms >= Math.min(map.lastMs, cutMs);
    return holds(this.window, ms) && (!isBeyond || (isGrowing && cutMs === Infinity));
  }

  isNear(border: Border, rate: number): boolean {
    return isNearEnd(this.deck.media, border.media, rate);
  }

  /** Whether playing has come to what there is so far of a growing playlist. */
  get isAtEnd(): boolean {
    const { deck } = this;
    return deck.isGrowing && !deck.hasAhead && deck.map.mediaEnd - deck.media < 0.75;
  }

  /** The codec that may be to blame if no picture comes. */
  get suspect(): string | undefined {
    if (this.footage.isConverted) {
      return undefined;
    }
    const codec = this.footage.formats.map(({ codecs }) => nameOf(codecs));
    return codec.find((each) => each !== SAFE_CODEC);
  }
}

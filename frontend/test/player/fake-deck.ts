import { Deck, type DeckHost, type Listing } from "../../src/player/deck";
import { TimeMap, type Piece } from "../../src/player/time-map";

/** As much of a video element as a deck uses; it never plays by itself. */
export class FakeVideo extends EventTarget {
  currentTime = 0;
  readyState = 4;
  seeking = false;
  paused = true;
  muted = true;
  volume = 1;
  playbackRate = 1;
  videoWidth = 640;
  error: { code: number } | null = null;
  bufferedTo = 1e9;

  get buffered() {
    return { length: 1, start: () => 0, end: () => this.bufferedTo };
  }

  requestVideoFrameCallback = (): number => 0;

  play(): Promise<void> {
    this.paused = false;
    return Promise.resolve();
  }

  pause(): void {
    this.paused = true;
  }
}

export class FakeDeck extends Deck {
  declare readonly video: HTMLVideoElement & FakeVideo;
  listing?: Listing;
  isGone = false;

  constructor(
    video: HTMLVideoElement,
    host: DeckHost,
    private readonly pieces: (listing: Listing) => Piece[],
    now: () => number,
  ) {
    super(video, host, now);
  }

  load(listing: Listing, media: number): void {
    this.listing = listing;
    this.isGrowing = listing.isGrowing;
    this.map = new TimeMap(this.pieces(listing));
    this.video.currentTime = media;
  }

  /** A picture of a media time comes to the screen. */
  show(media = this.video.currentTime): void {
    this.video.currentTime = media;
    this.shownMedia = media;
    this.shownAt = this.now();
    this.host.pictured(this);
  }

  fail(media: number): void {
    this.host.failed(this, { kind: "decode", media, clip: this.clipAt() });
  }

  clipAt(): number {
    return 7;
  }

  afterDamage(media: number): number {
    return media + 4;
  }

  protected unload(): void {
    this.isGone = true;
  }
}

/** A video element with one playlist in it: loaded, sought, watched, let go of. */

import type { Failure } from "./ladder";
import { readBack } from "./speeds";
import { TimeMap } from "./time-map";

/** No more than ten seeks a second reach the element; the last one always does. */
const SEEK_PAUSE_MS = 100;
/** A seek by less than this is none. */
const SAME_S = 0.002;
/** A picture stands for no longer than this, but for footage of a picture every few seconds. */
const NEAR_S = 0.6;

/** A media playlist as it was read before playing. */
export interface Listing {
  /** The master playlist; what native players are given. */
  url: string;
  /** The media playlist, and its text when it was read. */
  mediaUrl: string;
  text: string;
  isGrowing: boolean;
  /** The true time that the times inside of segments count from. */
  originMs: number;
}

export interface DeckHost {
  /** A picture is on the screen; called for each where the browser tells. */
  pictured(deck: Deck): void;
  /** The element stopped for want of data, goes on, or came to its end. */
  changed(deck: Deck): void;
  failed(deck: Deck, failure: Failure): void;
}

/** Older browsers do not tell of each picture. */
type FrameVideo = Partial<
  Pick<HTMLVideoElement, "requestVideoFrameCallback" | "cancelVideoFrameCallback">
>;

export abstract class Deck {
  map = new TimeMap([]);
  isGrowing = false;
  /** The true time from which on the tracks are others: another deck has to play them. */
  cutMs = Infinity;
  /** Media time of the picture on the screen; NaN before the first. */
  shownMedia = NaN;
  /** Seconds between two pictures, as seen last. */
  frameS = 0.04;
  /** When the last picture came, by the clock handed in. */
  shownAt = NaN;
  seekAt = -Infinity;
  protected isDestroyed = false;
  private wanted: number | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private frameHandle = 0;
  private readonly abort = new AbortController();

  constructor(
    readonly video: HTMLVideoElement,
    protected readonly host: DeckHost,
    protected readonly now: () => number = () => performance.now(),
  ) {
    const on = (name: string, listener: () => void): void =>
      video.addEventListener(name, listener, { signal: this.abort.signal });
    on("seeked", () => {
      this.flush();
      this.host.changed(this);
    });
    for (const name of ["waiting", "stalled", "playing", "pause", "ended", "canplay"]) {
      on(name, () => this.host.changed(this));
    }
    on("timeupdate", () => this.timeMoved());
    on("loadeddata", () => this.timeMoved());
    on("error", () => this.mediaFailed());
    this.askFrame();
  }

  /** Load a playlist and get ready to show a media time of it. */
  abstract load(listing: Listing, media: number): void;

  protected abstract unload(): void;

  /** The clip at a media time, for what is remembered of damage; 0 if not known. */
  abstract clipAt(media: number): number;

  /** Return where the segment behind a media time begins: a place to go on after damage. */
  abstract afterDamage(media: number): number;

  destroy(): void {
    this.isDestroyed = true;
    clearTimeout(this.timer);
    (this.video as FrameVideo).cancelVideoFrameCallback?.(this.frameHandle);
    this.abort.abort();
    this.unload();
  }

  /** The media time of `cutMs`. */
  get cutAt(): number {
    const place = this.cutMs < Infinity ? this.map.toMedia(this.cutMs) : undefined;
    return place?.kind === "at" ? place.media : Infinity;
  }

  /** True time of the picture on the screen; NaN before the first. */
  get shownMs(): number {
    return this.map.toTrue(this.shownMedia);
  }

  /** The place that is shown, or will be when its seek is done. */
  get media(): number {
    return this.wanted ?? this.video.currentTime;
  }

  get isSeeking(): boolean {
    return this.wanted !== undefined || this.video.seeking;
  }

  /** Whether the picture of the present place is decoded. */
  get isReady(): boolean {
    return !this.isSeeking && this.video.readyState >= 2 && !Number.isNaN(this.shownMedia);
  }

  /** Whether the picture on the screen is the one that was sought. */
  get isAtPlace(): boolean {
    return this.isReady && Math.abs(this.shownMedia - this.video.currentTime) < NEAR_S;
  }

  /** Whether more than the present picture is there. */
  get hasAhead(): boolean {
    return this.video.readyState >= 3;
  }

  /** Whether data for the present place is in the buffer, decoded or not. */
  get isBuffered(): boolean {
    const { buffered } = this.video;
    const at = this.media;
    for (let i = 0; i < buffered.length; i += 1) {
      if (buffered.start(i) <= at + 0.1 && buffered.end(i) > at + 0.1) {
        return true;
      }
    }
    return false;
  }

  /** Go to a media time: at once, or when the seek under way is done. */
  seek(media: number): void {
    this.wanted = Math.max(0, media);
    this.flush();
  }

  /**
   * Play or stand. Browsers refuse to play with sound what nobody has touched: then it plays
   * without, and `muted` is called.
   */
  run(wants: boolean, muted: () => void): void {
    const { video } = this;
    if (!wants) {
      video.pause();
    } else if (video.paused) {
      video.play().catch((error: unknown) => {
        const isRefused = error instanceof DOMException && error.name === "NotAllowedError";
        if (!isRefused || video.muted) return;
        muted();
        video.muted = true;
        // What is refused even so plays when somebody presses the button
        video.play().catch(() => undefined);
      });
    }
  }

  pause(): void {
    this.video.pause();
  }

  /** Return the speed that the element took. */
  setRate(rate: number): number {
    if (Math.abs(this.video.playbackRate - rate) < 0.001) {
      return this.video.playbackRate;
    }
    return readBack(this.video, rate);
  }

  /** Show the next or previous picture; playing has to be paused. */
  step(direction: 1 | -1): void {
    const at = Number.isNaN(this.shownMedia) ? this.video.currentTime : this.shownMedia;
    // The middle of the picture wanted: rounding never leads to its neighbour
    this.seek(at + this.frameS * (direction > 0 ? 1.5 : -0.5));
  }

  private flush(): void {
    if (this.wanted === undefined || this.isDestroyed) {
      return;
    }
    const pause = SEEK_PAUSE_MS - (this.now() - this.seekAt);
    if (this.video.seeking || this.video.readyState < 1 || pause > 0) {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.flush(), Math.max(pause, 20));
      return;
    }
    const media = this.wanted;
    this.wanted = undefined;
    if (Math.abs(this.video.currentTime - media) > SAME_S) {
      this.seekAt = this.now();
      this.video.currentTime = media;
    }
  }

  private askFrame(): void {
    const video = this.video as FrameVideo;
    if (!video.requestVideoFrameCallback) {
      return;
    }
    this.frameHandle = video.requestVideoFrameCallback((_, frame) => {
      this.pictured(frame.mediaTime);
      this.askFrame();
    });
  }

  private pictured(media: number): void {
    const distance = media - this.shownMedia;
    if (distance > 0.005 && distance < 0.6) {
      this.frameS = distance;
    }
    this.shownMedia = media;
    this.shownAt = this.now();
    this.host.pictured(this);
  }

  private timeMoved(): void {
    const { video } = this;
    const tells = (video as FrameVideo).requestVideoFrameCallback !== undefined;
    // Nobody is told of pictures that nobody sees
    const isHidden = (globalThis as { document?: Document }).document?.hidden === true;
    if ((!tells || isHidden) && video.readyState >= 2 && !video.seeking && video.videoWidth > 0) {
      this.pictured(video.currentTime);
    }
    this.host.changed(this);
  }

  protected mediaFailed(): void {
    const code = this.video.error?.code;
    if (code === undefined || this.isDestroyed) {
      return;
    }
    const media = this.media;
    this.host.failed(
      this,
      code === 2 ? { kind: "network" } : { kind: "decode", media, clip: this.clipAt(media) },
    );
  }
}

/** Return the clip that a segment's address names; 0 if it names none. */
export function clipIn(address: string): number {
  return Number(/\/(\d+)\/(?:init|\d+-\d+)\.(?:mp4|m4s)(?:[?#]|$)/.exec(address)?.[1] ?? 0);
}

/** The decks of a player: the one on the screen, one on its way there, one got ready. */

import type { Deck, DeckHost } from "./deck";
import type { Footage } from "./finder";
import { Session } from "./session";

/** Where videos are shown. */
export interface Screen {
  addVideo(): HTMLVideoElement;
  /** Make a video the visible one. */
  show(video: HTMLVideoElement): void;
  removeVideo(video: HTMLVideoElement): void;
  /** Whether the visible video must stay the same element (picture in picture, full screen). */
  mustKeepVideo(): boolean;
}

export interface Sound {
  muted: boolean;
  volume: number;
}

export class DeckRow {
  /** On the screen. */
  front: Session | undefined;
  /** Takes the screen with its first picture. */
  incoming: Session | undefined;
  /** Waits at the border of the one on the screen. */
  prepared: { session: Session; nextMs: number } | undefined;
  private sound: Sound = { muted: true, volume: 1 };

  constructor(
    private readonly screen: Screen,
    private readonly makeDeck: (video: HTMLVideoElement, host: DeckHost) => Promise<Deck>,
    private readonly host: DeckHost,
    private readonly mayFetch: boolean,
  ) {}

  /** Load footage to be shown as soon as its first picture is there. */
  async bring(footage: Footage, isWanted: () => boolean): Promise<void> {
    const kept = this.screen.mustKeepVideo() ? this.front?.deck.video : undefined;
    const session = await this.make(footage, kept);
    if (!isWanted()) {
      this.drop(session, kept);
      return;
    }
    if (kept) {
      this.front?.deck.destroy();
      this.front = undefined;
    }
    this.dropIncoming();
    this.incoming = session;
    session.deck.load(footage.listing, footage.media);
  }

  /** Load footage to be shown when the border is reached; not if one video has to do. */
  async prepare(footage: Footage, nextMs: number, isWanted: () => boolean): Promise<void> {
    if (this.screen.mustKeepVideo()) {
      return;
    }
    const session = await this.make(footage, undefined);
    if (!isWanted()) {
      this.drop(session);
      return;
    }
    this.dropPrepared();
    this.prepared = { session, nextMs };
    session.deck.load(footage.listing, footage.media);
  }

  /** Put a session on the screen. */
  bringToFront(session: Session): void {
    const old = this.front;
    this.front = session;
    if (this.incoming === session) {
      this.incoming = undefined;
    }
    if (this.prepared?.session === session) {
      this.prepared = undefined;
    } else {
      this.dropPrepared();
    }
    this.screen.show(session.deck.video);
    if (old && old !== session) {
      this.drop(old);
    }
  }

  dropIncoming(): void {
    this.drop(this.incoming);
    this.incoming = undefined;
  }

  dropPrepared(): void {
    this.drop(this.prepared?.session);
    this.prepared = undefined;
  }

  clear(): void {
    this.dropIncoming();
    this.dropPrepared();
    this.drop(this.front);
    this.front = undefined;
  }

  setSound(sound: Sound): void {
    this.sound = sound;
    for (const session of [this.front, this.incoming, this.prepared?.session]) {
      if (session) {
        this.tune(session.deck.video);
      }
    }
  }

  private async make(
    footage: Footage,
    kept: HTMLVideoElement | undefined,
  ): Promise<Session> {
    const video = kept ?? this.screen.addVideo();
    this.tune(video);
    try {
      return new Session(await this.makeDeck(video, this.host), footage, this.mayFetch);
    } catch (error) {
      if (!kept) {
        this.screen.removeVideo(video);
      }
      throw error;
    }
  }

  private tune(video: HTMLVideoElement): void {
    video.muted = this.sound.muted;
    video.volume = this.sound.volume;
  }

  private drop(session: Session | undefined, kept?: HTMLVideoElement): void {
    if (!session) {
      return;
    }
    const { deck } = session;
    deck.destroy();
    if (deck.video !== kept && deck.video !== this.front?.deck.video) {
      this.screen.removeVideo(deck.video);
    }
  }
}

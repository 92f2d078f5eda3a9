/**
 * Plays one camera: live or any moment of its past, by true time.
 *
 * The picture on the screen stays until the next one is there: what is sought or comes after a
 * border is loaded in another video element, which then takes the screen.
 */

import { type Behind, Borders, type BordersHost } from "./borders";
import { type CodecMemory, FIRST_PICTURE_MS } from "./codecs";
import type { Deck, DeckHost } from "./deck";
import { DeckRow, type Screen, type Sound } from "./deck-row";
import { Finder, type Footage, type Found } from "./finder";
import type { Failure } from "./ladder";
import { LastWish } from "./last-wish";
import { CLOSED, isHistory, type Missing, next, type PlayerEvent, type PlayerState } from "./machine";
import { type Border, missingOf } from "./plan";
import { Rescue, type RescueHost } from "./rescue";
import type { Session } from "./session";
import { SlideShow } from "./slides";
import { type Direction, findEdge, type PlayerSource, type Want } from "./source";
import { isSlideShow, PLAYED } from "./speeds";
import { type Clock, Follower, type FollowerHost, type Readiness } from "./follow";
import { Watchdog } from "./watchdog";
import type { Window } from "./windows";

const TICK_MS = 250;
/** Pictures further apart than this were not played one after the other. */
const IN_A_ROW_S = 1;
/** How far from the place asked for its first picture may lie. */
const AT_PLACE_S = 0.6;
const FASTEST_PLAYED = PLAYED.at(-1)!;

export interface Stage extends Screen {
  /** Show a still over the video: the `index`th of `count` in a strip; null takes it away. */
  slide(address: string | null, index: number, count: number): void;
  /** Something that a person sees has changed. */
  changed(): void;
  /** Footage was jumped over. */
  skipped(missing: Missing): void;
  /** The browser refused to play with sound. */
  mutedByBrowser(): void;
}

export interface ControllerParts {
  stage: Stage;
  source: PlayerSource;
  camera: string;
  mayFetch: boolean;
  memory: CodecMemory;
  isNative: boolean;
  makeDeck(video: HTMLVideoElement, host: DeckHost): Promise<Deck>;
  finder?: Finder;
  now?: () => number;
}

interface Wish {
  ms: number;
  window?: Window;
  isAsked?: boolean;
}

export class PlayerController implements DeckHost, BordersHost, RescueHost, FollowerHost {
  state: PlayerState = CLOSED;
  speed = 1;
  private readonly row: DeckRow;
  private readonly finder: Finder;
  private readonly opening: LastWish<Wish, Found>;
  private readonly borders: Borders;
  private readonly rescue: Rescue;
  private readonly follower: Follower;
  private readonly watchdog = new Watchdog();
  private readonly slides: SlideShow;
  private readonly timer: ReturnType<typeof setInterval>;
  private readonly now: () => number;
  private openedAt = 0;
  private lastMedia = NaN;
  private epoch = 0;
  private clock: Clock | undefined;

  constructor(private readonly parts: ControllerParts) {
    this.now = parts.now ?? (() => performance.now());
    this.finder = parts.finder ?? new Finder(parts);
    this.row = new DeckRow(parts.stage, parts.makeDeck.bind(parts), this, parts.mayFetch);
    this.opening = new LastWish(
      ({ ms, window, isAsked }, signal) => this.look(ms, window, signal, isAsked),
      (found, wish) => this.found(found, wish),
    );
    this.rescue = new Rescue(this, parts.memory);
    this.borders = new Borders(this, this.row, () => parts.stage.mustKeepVideo(), this.now);
    this.follower = new Follower(this, this.row, this.now);
    this.slides = new SlideShow(parts.source, parts.camera, this.now, (picture) =>
      parts.stage.slide(picture?.address ?? null, picture?.index ?? 0, picture?.count ?? 1),
    );
    this.timer = setInterval(() => this.tick(), TICK_MS);
  }

  // --- What a person does -----------------------------------------------------------------

  goLive(): void {
    this.letGo();
    this.dispatch({ type: "live" });
  }

  /** Go to a true time. It goes on playing if it did; out of live, it plays. */
  seek(ms: number, play?: boolean): void {
    this.dispatch({ type: "seek", ms, ...(play === undefined ? {} : { play }) });
    this.rescue.begin();
    if (isSlideShow(this.speed) && this.state.wantsPlay) {
      this.dispatch({ type: "slides" });
      this.slides.start(ms, this.speed);
      return;
    }
    this.goTo(ms);
  }

  play(): void {
    if (this.state.phase === "problem") {
      this.seek(this.shownMs, true);
      return;
    }
    this.dispatch({ type: "play" });
    this.setSpeed(this.speed);
  }

  pause(): void {
    this.dispatch({ type: "pause" });
    if (this.slides.isRunning) {
      this.endSlides();
    }
    this.apply();
  }

  /** Play at a speed; above eight, as still pictures. */
  setSpeed(speed: number): void {
    const at = this.shownMs;
    this.speed = speed;
    if (isSlideShow(speed) && isHistory(this.state) && this.state.wantsPlay) {
      this.row.front?.deck.pause();
      this.dispatch({ type: "slides" });
      this.slides.start(at, speed);
    } else if (this.slides.isRunning) {
      this.endSlides();
    } else {
      this.apply();
    }
    this.parts.stage.changed();
  }

  step(direction: 1 | -1): void {
    this.pause();
    this.row.front?.deck.step(direction);
  }

  /** Return the true time of the next or previous event or problem; null if there is none. */
  find(direction: Direction, want: Want, from: number): Promise<number | null> {
    return findEdge(this.parts.source, this.parts.camera, from, direction, want);
  }

  setSound(sound: Sound): void {
    this.row.setSound(sound);
  }

  /** Do what the button of the present problem says, as far as it is done here. */
  remedy(): void {
    this.rescue.remedy(this.row.front ?? this.row.incoming);
  }

  close(): void {
    this.letGo();
    this.dispatch({ type: "close" });
  }

  destroy(): void {
    clearInterval(this.timer);
    this.close();
  }

  // --- What is shown ----------------------------------------------------------------------

  /** True time of what is shown, or will be; NaN in live. */
  get shownMs(): number {
    if (this.slides.isRunning) {
      return this.slides.ms;
    }
    if (!isHistory(this.state)) {
      return NaN;
    }
    const isUnderWay = ["opening", "fetching", "problem"].includes(this.state.phase);
    return isUnderWay || Number.isNaN(this.pictureMs) ? this.state.targetMs : this.pictureMs;
  }

  /** True time of the picture on the screen itself; NaN if none is. */
  get pictureMs(): number {
    return this.row.front?.deck.shownMs ?? NaN;
  }

  get video(): HTMLVideoElement | undefined {
    return this.row.front?.deck.video;
  }

  get footage(): Footage | undefined {
    return this.row.front?.footage;
  }

  /** The clip that is shown; 0 if not known. */
  get clip(): number {
    const deck = this.row.front?.deck;
    return deck ? deck.clipAt(deck.media) : 0;
  }

  get isFollowing(): boolean {
    return this.clock !== undefined;
  }

  /** Whether a place is being looked for. */
  get isOpening(): boolean {
    return this.opening.isBusy;
  }

  /** What this camera is to others that follow the same clock. */
  get readiness(): Readiness {
    if (this.state.phase === "gap" || this.state.phase === "problem") {
      return "absent";
    }
    return this.row.front && !this.row.incoming && this.row.front.deck.isReady ? "ready" : "loading";
  }

  // --- Following a clock --------------------------------------------------------------------

  /** Be where a clock is; called a few times a second. Undefined leaves it. */
  follow(clock: Clock | undefined): void {
    const wasFollowing = this.clock !== undefined;
    this.clock = clock;
    if (clock) {
      this.follower.follow(clock);
    } else if (wasFollowing) {
      this.follower.forgetNothing();
      this.apply();
    }
  }

  /** Where nothing was found a moment ago, look again. */
  forgetNothing(): void {
    this.follower.forgetNothing();
  }

  // --- Opening ------------------------------------------------------------------------------

  private goTo(ms: number): void {
    const { front } = this.row;
    const media = front?.reach(ms);
    if (!front || media === undefined) {
      this.open({ ms, isAsked: true });
      return;
    }
    this.epoch += 1;
    this.opening.drop();
    this.row.dropIncoming();
    this.borders.forget();
    front.deck.seek(media);
    this.apply();
  }

  /** Open a place in a deck of its own, whatever is loaded. */
  open(wish: Wish): void {
    this.epoch += 1;
    this.borders.forget();
    this.openedAt = this.now();
    this.opening.want(wish);
  }

  look(ms: number, window: Window | undefined, signal: AbortSignal, isAsked?: boolean): Promise<Found> {
    return this.finder.find({
      ms,
      isAsked: isAsked ?? this.row.front?.footage.isFetched ?? false,
      jumps: !this.isFollowing,
      signal,
      fetching: (missing) => {
        // What is fetched ahead is told when it is its turn
        if (this.opening.isBusy) this.dispatch({ type: "fetching", missing });
      },
      ...(window ? { window } : {}),
    });
  }

  private found(found: Found, wish: Wish): void {
    switch (found.kind) {
      case "footage":
        this.bring(found);
        return;
      case "codec":
        this.rescue.tellCodec(found.formats);
        return;
      case "missing":
        this.rescue.nearestMs = found.nearestMs;
        this.follower.nothingFrom(wish.ms);
        this.dispatch({ type: "gap", missing: found.missing });
        if (!this.clock) {
          const remedy = found.nearestMs === null ? "live" : "nearest";
          this.rescue.tell({ code: "no_footage", remedy });
        }
        return;
      case "failed":
        this.rescue.meet(found.failure);
        return;
      case "dropped":
    }
  }

  private bring(footage: Footage): void {
    const epoch = this.epoch;
    this.openedAt = this.now();
    this.row
      .bring(footage, () => epoch === this.epoch)
      .catch(() => this.rescue.tell({ code: "no_player", remedy: "again" }));
  }

  // --- The screen --------------------------------------------------------------------------

  reached(session: Session, behind: Behind, { kind, nextMs }: Border): void {
    if (typeof behind === "object" && "session" in behind) {
      this.bringToFront(behind.session);
      return;
    }
    if (typeof behind === "object") {
      if (!this.opening.isBusy && !this.row.incoming) {
        this.open(behind);
      }
    } else if (behind === "coming" && kind === "fetch") {
      const missing = missingOf(session.footage.spans, nextMs, null);
      this.dispatch({ type: "fetching", missing });
    } else {
      this.dispatch({ type: behind === "coming" ? "stalled" : "end" });
    }
    session.deck.pause();
  }

  goOn(): void {
    this.apply();
  }

  private bringToFront(session: Session): void {
    const { missing } = session.footage;
    this.lastMedia = session.deck.shownMedia;
    this.row.bringToFront(session);
    if (missing && !this.clock) {
      this.parts.stage.skipped(missing);
    }
    this.dispatch({ type: "shown" });
    if (!this.state.wantsPlay && !this.clock) session.settle(this.state.targetMs);
    this.apply();
  }

  pictured(deck: Deck): void {
    const { front, incoming } = this.row;
    if (incoming?.deck === deck) {
      if (Math.abs(deck.shownMedia - incoming.footage.media) < AT_PLACE_S) {
        this.bringToFront(incoming);
      }
      return;
    }
    if (front?.deck !== deck || deck.isSeeking) {
      return;
    }
    const gap = deck.map.gapFrom(this.lastMedia);
    if (gap && deck.shownMedia >= gap.at - 0.01 && deck.shownMedia - this.lastMedia < IN_A_ROW_S) {
      this.parts.stage.skipped(missingOf(front.footage.spans, gap.fromMs, gap.toMs));
    }
    const hasMoved = deck.shownMedia !== this.lastMedia;
    this.lastMedia = deck.shownMedia;
    if (hasMoved || this.state.phase === "opening") {
      this.wentOn(front);
    }
  }

  private wentOn(session: Session): void {
    if (["opening", "buffering", "end", "fetching"].includes(this.state.phase)) {
      this.dispatch({ type: "shown" });
    }
    // Of several formats nothing tells which one it is
    const { isConverted, formats } = session.footage;
    if (!isConverted && formats.length === 1) this.parts.memory.remember(formats[0]!, "shown");
  }

  changed(deck: Deck): void {
    const { front } = this.row;
    if (front?.deck !== deck) {
      return;
    }
    // The picture of a seek may come before the element calls the seek done
    if (this.state.phase === "opening" && !this.row.incoming && deck.isAtPlace) {
      this.wentOn(front);
    }
    this.borders.watch(front);
  }

  failed(deck: Deck, failure: Failure): void {
    const { front, incoming, prepared } = this.row;
    if (prepared?.session.deck === deck) {
      this.row.dropPrepared();
      return;
    }
    const session = [incoming, front].find((each) => each?.deck === deck);
    if (session) {
      this.rescue.meet(failure, session);
    }
  }

  /** Stop what plays: there is something to say. */
  halt(): void {
    this.row.front?.deck.pause();
    this.row.dropIncoming();
  }

  // --- From moment to moment --------------------------------------------------------------------

  private tick(): void {
    if (!isHistory(this.state)) {
      return;
    }
    const { front, incoming } = this.row;
    if (this.slides.isRunning) {
      if (!this.slides.tick()) {
        this.endSlides();
      }
    } else if (incoming) {
      this.watchFirst(incoming);
    } else if (front) {
      this.watch(front);
    }
    this.parts.stage.changed();
  }

  private watchFirst(session: Session): void {
    if (session.deck.isBuffered && this.now() - this.openedAt > FIRST_PICTURE_MS) {
      this.openedAt = this.now();
      this.rescue.meet({ kind: "stall", media: session.footage.media }, session);
    }
  }

  private watch(session: Session): void {
    const { deck } = session;
    this.borders.watch(session);
    if (session.isAtEnd && this.state.wantsPlay) {
      this.dispatch({ type: "end" });
    } else if (!deck.hasAhead && !deck.video.paused) {
      this.dispatch({ type: "stalled" });
    }
    const mark = `${deck.shownMedia} ${deck.video.currentTime}`;
    const isMoving = this.state.wantsPlay && ["playing", "buffering"].includes(this.state.phase);
    const shouldMove = this.state.phase === "opening" ? deck.isSeeking : isMoving && !deck.video.paused;
    const watched = { mark, shouldMove, isBuffered: deck.isBuffered };
    if (this.watchdog.isStuck(watched, this.now())) {
      this.rescue.meet({ kind: "stall", media: deck.media }, session);
    }
  }

  private apply(): void {
    const deck = this.row.front?.deck;
    if (!deck || this.clock) {
      return;
    }
    const rate = deck.setRate(Math.min(this.speed, FASTEST_PLAYED));
    if (!isSlideShow(this.speed)) {
      this.speed = rate;
    }
    const mayRun = isHistory(this.state) && !["problem", "slides"].includes(this.state.phase);
    this.run(deck, mayRun && this.state.wantsPlay);
  }

  /** Have a deck play or stand. */
  run(deck: Deck, wants: boolean): void {
    deck.run(wants, () => this.parts.stage.mutedByBrowser());
  }

  private endSlides(): void {
    const at = this.slides.ms;
    this.slides.stop();
    this.speed = Math.min(this.speed, FASTEST_PLAYED);
    this.dispatch({ type: "seek", ms: at });
    this.goTo(at);
  }

  private letGo(): void {
    this.epoch += 1;
    this.rescue.stop();
    this.slides.stop();
    this.opening.drop();
    this.borders.forget();
    this.row.clear();
  }

  dispatch(event: PlayerEvent): void {
    const before = this.state;
    this.state = next(before, event);
    if (this.state !== before) {
      this.parts.stage.changed();
    }
  }
}

/** Hands over from one deck to the next: gets it ready in time, and puts it on the screen. */

import type { DeckRow } from "./deck-row";
import type { Found } from "./finder";
import { LastWish } from "./last-wish";
import type { Border } from "./plan";
import type { Session } from "./session";
import { type Window, windowAfter } from "./windows";

/** So near to a border it is watched more often than every tick. */
const CLOSE_S = 1;
/** About one picture: what is left when the next deck takes over. */
const SWAP_S = 0.04;
/** Where there is no footage yet, it is looked for again after this. */
export const LOOK_AGAIN_MS = 10_000;

/** A border moves by a few milliseconds while players learn exact times; it is the same one. */
const SAME_MS = 500;

/** What lies behind a border, for the player to show. */
export type Behind = "coming" | "nothing" | { session: Session } | { ms: number; window: Window };

export interface BordersHost {
  readonly speed: number;
  /** Whether gaps are waited for, by a clock shared with others. */
  readonly isFollowing: boolean;
  look(ms: number, window: Window | undefined, signal: AbortSignal): Promise<Found>;
  /** The border was reached. */
  reached(session: Session, behind: Behind, border: Border): void;
  /** What the border was for does not come: go on as if there was none. */
  goOn(): void;
}

export class Borders {
  private readonly search: LastWish<Border, Found>;
  private preparedFor = NaN;
  private lookedAt = -Infinity;
  private epoch = 0;

  constructor(
    private readonly host: BordersHost,
    private readonly row: DeckRow,
    private readonly mustKeepVideo: () => boolean,
    private readonly now: () => number,
  ) {
    this.search = new LastWish(
      ({ nextMs, kind }, signal) =>
        host.look(nextMs, kind === "end" ? windowAfter(nextMs) : undefined, signal),
      (found, border) => this.found(found, border),
    );
  }

  /** Nothing of what was got ready is wanted any more. */
  forget(): void {
    this.epoch += 1;
    this.search.drop();
    this.preparedFor = NaN;
    this.row.dropPrepared();
  }

  /** Look how far the border is, and do what is due; called often. */
  watch(session: Session): void {
    const border = session.border(!this.host.isFollowing);
    if (!border) {
      return;
    }
    const { speed } = this.host;
    const { video } = session.deck;
    if (session.isNear(border, speed) && this.isDue(border.nextMs)) {
      this.preparedFor = border.nextMs;
      this.lookedAt = this.now();
      this.search.want(border);
    }
    const left = border.media - video.currentTime;
    if (left <= SWAP_S) {
      this.host.reached(session, this.behind(border.nextMs), border);
    } else if (left < CLOSE_S && !video.paused) {
      setTimeout(() => this.again(session), Math.max((left * 500) / speed, 5));
    }
  }

  private again(session: Session): void {
    if (this.row.front === session) {
      this.watch(session);
    }
  }

  private isDue(nextMs: number): boolean {
    if (!isSame(this.preparedFor, nextMs)) {
      return true;
    }
    const isOld = this.now() - this.lookedAt > LOOK_AGAIN_MS;
    return isOld && !this.row.prepared && !this.search.isBusy;
  }

  private behind(nextMs: number): Behind {
    const { prepared } = this.row;
    if (prepared && isSame(prepared.nextMs, nextMs)) {
      return prepared.session.deck.isReady ? { session: prepared.session } : "coming";
    }
    if (this.mustKeepVideo()) {
      return { ms: nextMs, window: windowAfter(nextMs) };
    }
    return this.search.isBusy ? "coming" : "nothing";
  }

  private found(found: Found, { nextMs, kind }: Border): void {
    const epoch = this.epoch;
    if (kind === "fetch" && found.kind !== "footage") {
      this.row.front?.giveUpFetching();
      this.host.goOn();
    }
    if (found.kind === "footage") {
      // A deck that cannot be made is missed, and told, when it is its turn
      this.row
        .prepare(found, nextMs, () => epoch === this.epoch)
        .catch(() => this.row.dropPrepared());
    }
  }
}

function isSame(ms: number, other: number): boolean {
  return Math.abs(ms - other) < SAME_MS;
}

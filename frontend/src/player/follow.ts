/** A camera against a clock that it shares with others. */

import { LOOK_AGAIN_MS } from "./borders";
import type { Deck } from "./deck";
import type { DeckRow } from "./deck-row";
import { isHistory, type PlayerEvent, type PlayerState } from "./machine";
import { missingOf } from "./plan";
import type { Session } from "./session";
import { type Follow, follow } from "./sync";
import { holds, type Window } from "./windows";

export type { Readiness } from "./sync";

/** A clock as it is handed to those who follow it. */
export interface Clock {
  ms: number;
  rate: number;
  runs: boolean;
}

type WaitStep = Extract<Follow, { do: "wait" }>;

export interface FollowerHost {
  readonly state: PlayerState;
  readonly isOpening: boolean;
  dispatch(event: PlayerEvent): void;
  open(wish: { ms: number }): void;
  run(deck: Deck, wants: boolean): void;
}

export class Follower {
  private nothingIn: Window | undefined;

  constructor(
    private readonly host: FollowerHost,
    private readonly row: DeckRow,
    private readonly now: () => number,
  ) {}

  /** No footage was found there: it is not looked for again at once. */
  nothingFrom(ms: number): void {
    this.nothingIn = { fromMs: ms, toMs: ms + LOOK_AGAIN_MS };
  }

  forgetNothing(): void {
    this.nothingIn = undefined;
  }

  /** Do what is due to be where the clock is. */
  follow(clock: Clock): void {
    const { host, row } = this;
    if (!isHistory(host.state)) host.dispatch({ type: "seek", ms: clock.ms, play: clock.runs });
    const session = row.front;
    if (session?.isWithin(clock.ms)) {
      this.align(session, clock);
    } else if (this.nothingIn && holds(this.nothingIn, clock.ms)) {
      session?.deck.pause();
    } else if (!host.isOpening && !row.incoming?.isWithin(clock.ms)) {
      host.open({ ms: clock.ms });
    }
  }

  private align(session: Session, clock: Clock): void {
    const { host } = this;
    const step = stepOf(session.deck, clock, this.now());
    if (step.do === "wait") {
      this.waitAt(session, step, clock.ms);
      return;
    }
    if (host.state.phase === "gap" || host.state.wantsPlay !== clock.runs) {
      host.dispatch({ type: clock.runs ? "play" : "pause" });
      host.dispatch({ type: "shown" });
    }
    if (step.do === "seek") session.deck.seek(step.media);
    else if (step.do === "rate") session.deck.setRate(step.rate);
    host.run(session.deck, clock.runs);
  }

  /** Stand, black, where the footage goes on. */
  private waitAt({ deck, footage }: Session, step: WaitStep, ms: number): void {
    const { state } = this.host;
    deck.pause();
    if (Math.abs(deck.media - step.media) > 0.1) deck.seek(step.media + 0.001);
    if (state.phase !== "gap" || state.missing?.toMs !== step.until) {
      const gap = deck.map.gaps.find(({ toMs }) => toMs === step.until);
      const missing = missingOf(footage.spans, gap?.fromMs ?? ms, step.until);
      this.host.dispatch({ type: "gap", missing });
    }
  }
}

/** Return what a deck does next to be where a clock is. */
function stepOf(deck: Deck, clock: Clock, now: number): Follow {
  return follow(
    {
      shownMs: deck.map.toTrue(deck.video.currentTime),
      place: deck.map.toMedia(clock.ms),
      isSeeking: deck.isSeeking,
      sinceSeekMs: now - deck.seekAt,
      rate: deck.video.playbackRate,
    },
    clock.ms,
    clock.rate,
  );
}

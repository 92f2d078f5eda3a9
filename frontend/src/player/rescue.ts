/** Carries out what the ladder of errors decides, and what the button beside a sentence does. */

import { type CodecMemory, type Format, nameOf } from "./codecs";
import { climb, type Failure, type Problem, type Tried, UNTRIED, wentWell } from "./ladder";
import type { PlayerEvent, PlayerState } from "./machine";
import type { Session } from "./session";

/** Gone over if nothing tells where the damage ends. */
const SKIP_MS = 2000;

export interface RescueHost {
  readonly state: PlayerState;
  readonly shownMs: number;
  seek(ms: number, play?: boolean): void;
  goLive(): void;
  /** Open a place anew, whatever is loaded. */
  open(wish: { ms: number }): void;
  /** Stop what plays, for a sentence. */
  halt(): void;
  dispatch(event: PlayerEvent): void;
}

export class Rescue {
  /** The footage nearest to a place without any. */
  nearestMs: number | null = null;
  private tried: Tried = UNTRIED;
  private refused: readonly Format[] = [];
  private retry: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly host: RescueHost,
    private readonly memory: CodecMemory,
  ) {}

  /** A person went elsewhere: what was tried does not count there. */
  begin(): void {
    clearTimeout(this.retry);
    this.tried = wentWell(this.tried);
  }

  stop(): void {
    clearTimeout(this.retry);
    this.tried = UNTRIED;
  }

  /** Do what is due after a failure; `session` is the deck it was met in, if any. */
  meet(failure: Failure, session?: Session): void {
    const suspect = session?.suspect;
    const isOfPictures = failure.kind === "decode" || failure.kind === "stall";
    if (session && suspect && isOfPictures && Number.isNaN(session.deck.shownMedia)) {
      this.tellCodec(session.footage.formats.filter(({ codecs }) => nameOf(codecs) === suspect));
      return;
    }
    const { host } = this;
    const { step, tried } = climb(this.tried, failure);
    const ms = host.shownMs;
    this.tried = tried;
    clearTimeout(this.retry);
    switch (step.do) {
      case "reopen":
        host.dispatch(step.told ? { type: "problem", problem: step.told } : { type: "stalled" });
        this.retry = setTimeout(() => host.open({ ms }), step.afterMs);
        return;
      case "look":
        host.open({ ms });
        return;
      case "skip":
        this.skip(session, step.media);
        return;
      case "tell":
        if (step.problem.code === "no_convert") {
          this.remember("no_convert");
        }
        this.tell(step.problem);
    }
  }

  tell(problem: Problem): void {
    this.host.halt();
    this.host.dispatch({ type: "problem", problem });
  }

  tellCodec(formats: readonly Format[]): void {
    this.refused = formats;
    this.remember("black");
    const codec = nameOf(formats[0]?.codecs ?? "");
    this.tell({ code: "codec", remedy: "h264", values: { codec } });
  }

  /** Do what the button of the present problem says, as far as it is done here. */
  remedy(session: Session | undefined): void {
    const { host } = this;
    switch (host.state.problem?.remedy) {
      case "live":
        host.goLive();
        return;
      case "nearest":
        if (this.nearestMs !== null) {
          host.seek(this.nearestMs);
        }
        return;
      case "h264":
        this.remember("chosen_h264");
        host.seek(host.state.targetMs, true);
        return;
      case "skip":
        this.skip(session, session?.deck.media ?? NaN);
        return;
      default:
        host.seek(host.shownMs);
    }
  }

  private skip(session: Session | undefined, media: number): void {
    const deck = session?.deck;
    const ms = deck && !deck.map.isEmpty ? deck.map.toTrue(deck.afterDamage(media)) : NaN;
    this.host.open({ ms: Number.isNaN(ms) ? this.host.shownMs + SKIP_MS : ms });
  }

  private remember(outcome: Parameters<CodecMemory["remember"]>[1]): void {
    for (const format of this.refused) {
      this.memory.remember(format, outcome);
    }
  }
}

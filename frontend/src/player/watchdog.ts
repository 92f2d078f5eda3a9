/** Notices that pictures should move and do not. */

const STUCK_MS = 3000;
/** Without a byte of the place, loading anew would only begin the same download again. */
const STARVED_MS = 15_000;

export interface Watched {
  /** Anything that changes while pictures move. */
  mark: string;
  shouldMove: boolean;
  isBuffered: boolean;
}

export class Watchdog {
  private mark = "";
  private since = 0;

  /** Return whether it is time to do something; the count begins anew then. */
  isStuck(watched: Watched, now: number): boolean {
    if (!watched.shouldMove || watched.mark !== this.mark) {
      this.mark = watched.mark;
      this.since = now;
      return false;
    }
    if (now - this.since < (watched.isBuffered ? STUCK_MS : STARVED_MS)) {
      return false;
    }
    this.since = now;
    return true;
  }
}

/**
 * What a failure leads to: a quiet second try, a skip, or one sentence and one button.
 *
 * A pure decision: what was tried before is handed in, and given back changed.
 */

/** The button beside a sentence. */
export type Remedy = "again" | "reload" | "live" | "skip" | "nearest" | "h264" | "download";

/** A sentence (`config_panel.player.problem.<code>`) and its button. */
export interface Problem {
  code: ProblemCode;
  remedy: Remedy;
  /** What the sentence names, for example the codec. */
  values?: Record<string, string>;
}

export type ProblemCode =
  | "signed_out"
  | "not_allowed"
  | "gone"
  | "busy"
  | "storage_away"
  | "not_reached"
  | "damaged"
  | "stuck"
  | "codec"
  | "no_convert"
  | "no_player"
  | "no_footage"
  | "device_silent"
  | "failed";

export type Failure =
  /** A playlist or segment was answered with a status that is no success. */
  | { kind: "status"; status: number; retryAfterS?: number }
  | { kind: "network" }
  /** Bytes that the browser cannot decode or append, at a media time of a clip. */
  | { kind: "decode"; media: number; clip: number }
  /** No new picture for three seconds though there should be. */
  | { kind: "stall"; media: number }
  /** A command was answered with an error; its code. */
  | { kind: "command"; code: string };

export type Step =
  /** Open the place anew after a pause; `told`, if any, is shown meanwhile. */
  | { do: "reopen"; afterMs: number; told: Problem | null }
  /** Ask coverage what is at the place now, then open. */
  | { do: "look" }
  /** Go on behind the group of pictures at a media time. */
  | { do: "skip"; media: number }
  | { do: "tell"; problem: Problem };

/** What was tried since it last played well. */
export interface Tried {
  readonly refused: number;
  readonly looked: number;
  readonly away: number;
  readonly network: number;
  readonly stalls: number;
  /** Decoding errors by clip. */
  readonly damaged: Readonly<Record<number, number>>;
}

export const UNTRIED: Tried = {
  refused: 0,
  looked: 0,
  away: 0,
  network: 0,
  stalls: 0,
  damaged: {},
};

const AWAY_S = [5, 10, 20, 40, 60] as const;
const NETWORK_S = [1, 2, 4, 8, 16, 30] as const;
const BUSY_S = [1, 2, 4, 8, 15] as const;
const MOST_STALLS = 3;

const CODES: Readonly<Record<string, Problem>> = {
  unauthorized: { code: "not_allowed", remedy: "live" },
  no_rights: { code: "not_allowed", remedy: "live" },
  not_found: { code: "not_allowed", remedy: "live" },
  unknown_camera: { code: "gone", remedy: "nearest" },
  no_footage: { code: "no_footage", remedy: "nearest" },
  device_silent: { code: "device_silent", remedy: "again" },
};

/** Return what to do about a failure, and what has been tried then. */
export function climb(tried: Tried, failure: Failure): { step: Step; tried: Tried } {
  switch (failure.kind) {
    case "status":
      return ofStatus(tried, failure.status, failure.retryAfterS);
    case "network":
      return ofNetwork(tried);
    case "decode":
      return ofDecode(tried, failure);
    case "stall":
      return ofStall(tried);
    case "command":
      return ofCommand(tried, failure.code);
  }
}

/** Return what has been tried once pictures move again; damage of clips is remembered. */
export function wentWell(tried: Tried): Tried {
  return { ...UNTRIED, damaged: tried.damaged };
}

function ofStatus(tried: Tried, status: number, retryAfterS?: number): ReturnType<typeof climb> {
  if (status === 401 || status === 403) {
    const next = { ...tried, refused: tried.refused + 1 };
    return tried.refused === 0
      ? { step: { do: "reopen", afterMs: 0, told: null }, tried: next }
      : tell(next, { code: "signed_out", remedy: "reload" });
  }
  if (status === 404 || status === 410) {
    const next = { ...tried, looked: tried.looked + 1 };
    return tried.looked < 2
      ? { step: { do: "look" }, tried: next }
      : tell(next, { code: "gone", remedy: "nearest" });
  }
  if (status === 415) {
    return tell(tried, { code: "no_convert", remedy: "download" });
  }
  if (status === 429) {
    return again(tried, "away", BUSY_S, { code: "busy", remedy: "again" }, retryAfterS);
  }
  if (status >= 500) {
    return again(tried, "away", AWAY_S, { code: "storage_away", remedy: "again" }, retryAfterS);
  }
  return tell(tried, { code: "failed", remedy: "again" });
}

function ofNetwork(tried: Tried): ReturnType<typeof climb> {
  const told: Problem | null = tried.network > 0 ? { code: "not_reached", remedy: "again" } : null;
  return again(tried, "network", NETWORK_S, told);
}

function ofDecode(
  tried: Tried,
  failure: { media: number; clip: number },
): ReturnType<typeof climb> {
  const before = tried.damaged[failure.clip] ?? 0;
  const next = { ...tried, damaged: { ...tried.damaged, [failure.clip]: before + 1 } };
  return before === 0
    ? { step: { do: "skip", media: failure.media }, tried: next }
    : tell(next, { code: "damaged", remedy: "skip" });
}

function ofStall(tried: Tried): ReturnType<typeof climb> {
  const next = { ...tried, stalls: tried.stalls + 1 };
  return next.stalls <= MOST_STALLS
    ? { step: { do: "reopen", afterMs: (tried.stalls ** 2) * 1000, told: null }, tried: next }
    : tell(next, { code: "stuck", remedy: "again" });
}

function ofCommand(tried: Tried, code: string): ReturnType<typeof climb> {
  const known = CODES[code];
  if (known) {
    return tell(tried, known);
  }
  if (code === "limit" || code === "too_many") {
    return again(tried, "away", BUSY_S, { code: "busy", remedy: "again" });
  }
  if (code === "connection") {
    return ofNetwork(tried);
  }
  if (code.startsWith("storage") || code === "index_failed") {
    return again(tried, "away", AWAY_S, { code: "storage_away", remedy: "again" });
  }
  return tell(tried, { code: "failed", remedy: "again" });
}

function again(
  tried: Tried,
  count: "away" | "network",
  pausesS: readonly number[],
  told: Problem | null,
  atLeastS = 0,
): ReturnType<typeof climb> {
  const pauseS = pausesS[Math.min(tried[count], pausesS.length - 1)]!;
  return {
    step: { do: "reopen", afterMs: Math.max(pauseS, atLeastS) * 1000, told },
    tried: { ...tried, [count]: tried[count] + 1 },
  };
}

function tell(tried: Tried, problem: Problem): ReturnType<typeof climb> {
  return { step: { do: "tell", problem }, tried };
}

/** What a card is set to show, as it stands in a dashboard, and what that means. */

export const SHOWN = ["player", "timeline", "list"] as const;
export type Part = (typeof SHOWN)[number];

/** The configuration as people write it in YAML or the editor makes it. */
export interface CardConfig {
  type: string;
  /** Live entities of one to four of our cameras. */
  cameras?: string[] | string;
  /** As other cards have it; the same as one of `cameras`. */
  entity?: string;
  title?: string;
  show?: Part[];
  /** How much of the past the timeline shows at first. */
  hours?: number;
  /** Height of the picture in pixels; the grid decides where it is absent. */
  height?: number;
  /** Whether it begins with the live picture, not with the newest footage. */
  live_first?: boolean;
  /** Home Assistant's own: how many rows of a section the card takes. */
  grid_options?: { rows?: number | "auto" };
}

export interface CardSettings {
  readonly entities: readonly string[];
  readonly title: string;
  readonly show: ReadonlySet<Part>;
  readonly hours: number;
  readonly height: number | null;
  readonly liveFirst: boolean;
  /** The dashboard gives the card a height; else it takes what it needs. */
  readonly isBounded: boolean;
}

export const MOST_CAMERAS = 4;
const MOST_HOURS = 31 * 24;

/** What is wrong with a configuration, in English as all of YAML is. */
export class ConfigProblem extends Error {
  override name = "ConfigProblem";
}

/**
 * Return what a configuration means, with everything left out filled in.
 *
 * Throws ConfigProblem where a value cannot be meant; a card without a camera is no mistake,
 * it is a card that was just added.
 */
export function readConfig(config: CardConfig): CardSettings {
  const listed: unknown = typeof config.cameras === "string" ? [config.cameras] : (config.cameras ?? []);
  if (!Array.isArray(listed) || !listed.every((each) => typeof each === "string")) {
    throw new ConfigProblem("cameras must be a list of camera entities");
  }
  const entities = [...new Set(config.entity ? [config.entity, ...listed] : listed)];
  if (entities.length > MOST_CAMERAS) throw new ConfigProblem(`cameras: at most ${MOST_CAMERAS}`);
  const show: readonly Part[] = config.show?.length ? config.show : SHOWN;
  const unknown = show.find((part) => !SHOWN.includes(part));
  if (unknown !== undefined) throw new ConfigProblem(`show: ${unknown} is not one of ${SHOWN.join(", ")}`);
  const hours = config.hours ?? 24;
  if (!(hours > 0) || hours > MOST_HOURS) throw new ConfigProblem(`hours must lie between 0 and ${MOST_HOURS}`);
  return {
    entities,
    title: config.title ?? "",
    show: new Set(show),
    hours,
    height: config.height ?? null,
    liveFirst: config.live_first ?? true,
    isBounded: typeof config.grid_options?.rows === "number",
  };
}

/** small: picture and a thin timeline; medium: both; large: the list beside them. */
export type Size = "small" | "medium" | "large";

export interface Layout {
  readonly parts: ReadonlySet<Part>;
  readonly size: Size;
  /** The list stands beside the picture, not below it. */
  readonly isBeside: boolean;
}

const WIDE = 640;
const HIGH = 420;
const LOW = 260;
const LEAST = 150;

/**
 * Return which parts fit a card of so many pixels: first the list goes, then the timeline.
 *
 * Three rows of a dashboard are 184 px. A card that takes the height it needs has room below.
 */
export function layoutFor(settings: CardSettings, width: number, height: number): Layout {
  const parts = new Set(settings.show);
  const isAlone = parts.size === 1;
  const { isBounded } = settings;
  const isBeside = width >= WIDE && (!isBounded || height >= LOW);
  if (!isAlone && isBounded && !isBeside && height < 2 * HIGH) parts.delete("list");
  if (parts.size > 1 && isBounded && height < LEAST) parts.delete("timeline");
  const size = isBounded && height < LOW ? "small" : width < WIDE || (isBounded && height < HIGH) ? "medium" : "large";
  return { parts, size, isBeside: isBeside && parts.has("list") && parts.size > 1 };
}

/** What can be shared, by which kind of link, and what stands before it. */

import type { ShareTarget } from "../../api/share-types";
import type { Camera, Info, Key } from "../../api/types";

/** Something to share: what it shows, and the two ways to it. */
export interface Shared {
  readonly cameras: readonly Key[];
  readonly fromMs: number;
  readonly toMs: number;
  /** The address of our page that shows it, for people who sign in. */
  readonly address: string;
  /** What of it a link without signing in can show: one of these. */
  readonly targets: readonly ShareTarget[];
}

/** For so many hours a link may be open; the first that is shown is the second. */
export const HOURS = [1, 24, 72, 168, 720] as const;
export const USUAL_HOURS = 24;

export type ShareMistake = "no_control" | "too_long" | "no_cameras";

/** Return what stands before a link without signing in, the first thing only; null: it can be made. */
export function shareMistake(
  target: ShareTarget | undefined,
  cameras: readonly (Camera | undefined)[],
  limits: Pick<Info["limits"], "share_ms">,
): ShareMistake | null {
  if (!target || cameras.length === 0) return "no_cameras";
  if (!cameras.every((camera) => camera?.may_control)) return "no_control";
  if (target.kind === "range" && target.to_ms - target.from_ms > limits.share_ms) return "too_long";
  return null;
}

/** Return the cameras that a target shows. */
export function camerasOf(shared: Shared, target: ShareTarget | undefined): readonly Key[] {
  return target?.kind === "range" ? [target.camera] : shared.cameras;
}

const PRIVATE_HOSTS = [
  /^localhost$/,
  /^127\./,
  /^10\./,
  /^192\.168\./,
  /^172\.(1[6-9]|2\d|3[01])\./,
  /^169\.254\./,
  /^\[(::1|f[cd][0-9a-f]{2}:.*|fe80:.*)\]$/,
  /\.(local|lan|home|internal|localdomain|home\.arpa)$/,
];

/** Return whether an address is one that only the network of the house knows. */
export function isOfTheHouse(address: string): boolean {
  const host = new URL(address).hostname.toLowerCase();
  const isName = !host.includes(".") && !host.startsWith("[");
  return isName || PRIVATE_HOSTS.some((each) => each.test(host));
}

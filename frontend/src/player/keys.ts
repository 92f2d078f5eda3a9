/** What the player's share of the keyboard does. */

export type Act =
  | { do: "toggle" | "pip" | "full" | "mute" | "snapshot" | "slower" | "faster" }
  | { do: "by"; seconds: number }
  | { do: "frame"; direction: 1 | -1 }
  | { do: "event" | "problem"; direction: "next" | "previous" }
  | { do: "tile"; index: number };

export interface Key {
  key: string;
  shiftKey: boolean;
  altKey: boolean;
  ctrlKey: boolean;
  metaKey: boolean;
}

const SIMPLE: Readonly<Record<string, Act>> = {
  " ": { do: "toggle" },
  k: { do: "toggle" },
  j: { do: "by", seconds: -10 },
  l: { do: "by", seconds: 10 },
  ",": { do: "frame", direction: -1 },
  ".": { do: "frame", direction: 1 },
  n: { do: "event", direction: "next" },
  b: { do: "event", direction: "previous" },
  "<": { do: "slower" },
  ">": { do: "faster" },
  f: { do: "full" },
  u: { do: "mute" },
  i: { do: "pip" },
  s: { do: "snapshot" },
  "1": { do: "tile", index: 0 },
  "2": { do: "tile", index: 1 },
  "3": { do: "tile", index: 2 },
  "4": { do: "tile", index: 3 },
};

/** Return what a key does; undefined if it is not the player's. */
export function actOf(key: Key): Act | undefined {
  if (key.ctrlKey || key.metaKey) return undefined;
  const direction = key.key === "ArrowRight" ? 1 : key.key === "ArrowLeft" ? -1 : 0;
  if (direction) {
    if (key.altKey) return { do: "frame", direction };
    return { do: "by", seconds: direction * (key.shiftKey ? 60 : 5) };
  }
  if (key.altKey) return undefined;
  const act = SIMPLE[key.key.length === 1 ? key.key.toLowerCase() : key.key];
  if (key.shiftKey && act?.do === "event") return { do: "problem", direction: act.direction };
  return act;
}

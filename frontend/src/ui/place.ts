/** Places floating things beside what they belong to, inside the window. */

const GAP = 6;
const EDGE = 8;

export type Side = "above" | "below-start" | "below-end";

export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** Return where a box of this size goes: on the wished side, or the other one if it has no room. */
export function position(
  anchor: Box,
  size: { width: number; height: number },
  view: { width: number; height: number },
  side: Side,
): { left: number; top: number } {
  const above = anchor.top - GAP - size.height;
  const below = anchor.bottom + GAP;
  const fitsAbove = above >= EDGE;
  const fitsBelow = below + size.height <= view.height - EDGE;
  const goesAbove = side === "above" ? fitsAbove || !fitsBelow : !fitsBelow && fitsAbove;
  const wished =
    side === "above"
      ? (anchor.left + anchor.right - size.width) / 2
      : side === "below-start"
        ? anchor.left
        : anchor.right - size.width;
  const clamp = (value: number, most: number): number => Math.max(EDGE, Math.min(value, most));
  return {
    left: clamp(wished, view.width - EDGE - size.width),
    top: clamp(goesAbove ? above : below, view.height - EDGE - size.height),
  };
}

export function place(floating: HTMLElement, anchor: Box, side: Side): void {
  const { width, height } = floating.getBoundingClientRect();
  const { left, top } = position(
    anchor,
    { width, height },
    { width: document.documentElement.clientWidth, height: window.innerHeight },
    side,
  );
  floating.style.left = `${left}px`;
  floating.style.top = `${top}px`;
}

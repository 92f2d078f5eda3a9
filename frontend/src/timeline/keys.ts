/** The timeline's share of the keyboard. */

import { MINUTE, SECOND } from "../time/zone";
import type { Handle } from "./selection";

export type KeyAction =
  | { kind: "seek"; ms: number }
  | { kind: "lane"; by: number }
  | { kind: "zoom"; factor: number }
  | { kind: "range"; handle: Handle }
  | { kind: "fit" | "home" | "end" | "clear" };

export function keyAction(
  event: Pick<KeyboardEvent, "key" | "shiftKey" | "altKey" | "ctrlKey" | "metaKey">,
): KeyAction | undefined {
  if (event.ctrlKey || event.metaKey || event.altKey) return undefined;
  const step = event.shiftKey ? MINUTE : 5 * SECOND;
  switch (event.key) {
    case "ArrowLeft":
      return { kind: "seek", ms: -step };
    case "ArrowRight":
      return { kind: "seek", ms: step };
    case "PageUp":
      return { kind: "seek", ms: -60 * MINUTE };
    case "PageDown":
      return { kind: "seek", ms: 60 * MINUTE };
    case "j":
      return { kind: "seek", ms: -10 * SECOND };
    case "l":
      return { kind: "seek", ms: 10 * SECOND };
    case "ArrowUp":
      return { kind: "lane", by: -1 };
    case "ArrowDown":
      return { kind: "lane", by: 1 };
    case "+":
    case "=":
      return { kind: "zoom", factor: 0.5 };
    case "-":
      return { kind: "zoom", factor: 2 };
    case "0":
      return { kind: "fit" };
    case "Home":
      return { kind: "home" };
    case "End":
      return { kind: "end" };
    case "[":
      return { kind: "range", handle: "from" };
    case "]":
      return { kind: "range", handle: "to" };
    case "Escape":
      return { kind: "clear" };
    default:
      return undefined;
  }
}

/** Whether a key is meant for a field. */
export function isTyping(event: Event): boolean {
  const target = event.composedPath()[0];
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.matches("input, select, textarea"))
  );
}

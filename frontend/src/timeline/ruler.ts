/** Draws the time axis: days above, times below; the first day's name stays in sight. */

import type { Formats } from "../time/formats";
import { SECOND } from "../time/zone";
import { axis, days } from "./axis";
import type { Palette } from "./looks";
import { fit } from "./painter";
import { type View, xOf } from "./view";

export const RULER_HEIGHT = 40;
/** At least so much lies between the names of two days. */
const NAMES_APART = 14;

export function drawRuler(
  canvas: HTMLCanvasElement,
  view: View,
  width: number,
  dpr: number,
  palette: Palette,
  formats: Formats,
): void {
  if (width <= 0) return;
  fit(canvas, width, RULER_HEIGHT, dpr);
  const g = canvas.getContext("2d")!;
  g.setTransform(dpr, 0, 0, dpr, 0, 0);
  g.clearRect(0, 0, width, RULER_HEIGHT);
  const x = (t: number): number => Math.round(xOf(view, width, t)) + 0.5;
  const { zone } = formats;
  const { ticks, minor, step } = axis(view, width, formats.hour12 ? 96 : 76, zone);
  const isDays = step.unit === "day" || step.unit === "month";

  g.strokeStyle = palette.text2;
  g.globalAlpha = 0.4;
  g.beginPath();
  for (const t of minor) line(g, x(t), RULER_HEIGHT - 4);
  g.stroke();
  g.globalAlpha = 0.8;
  g.beginPath();
  for (const { t } of ticks) line(g, x(t), RULER_HEIGHT - 7);
  g.stroke();
  g.globalAlpha = 1;

  g.textBaseline = "alphabetic";
  g.textAlign = "center";
  g.fillStyle = palette.text2;
  g.font = `400 12px ${palette.font}`;
  for (const { t } of ticks) {
    const text = isDays
      ? formats.dayOfMonth(t)
      : step.ms < 60 * SECOND
        ? formats.timeSeconds(t)
        : formats.time(t);
    const half = g.measureText(text).width / 2;
    if (x(t) >= half && x(t) <= width - half) g.fillText(text, x(t), RULER_HEIGHT - 11);
  }
  g.textAlign = "start";
  g.fillStyle = palette.text;
  g.font = `600 12px ${palette.font}`;
  const names = isDays
    ? months(view, formats)
    : days(view, zone).map(({ from, to }) => ({ from, to, text: formats.day(from) }));
  for (const { from, to, text } of names) {
    const left = Math.max(xOf(view, width, from) + 4, 6);
    const room = Math.min(xOf(view, width, to), width + NAMES_APART / 2) - left - NAMES_APART;
    if (g.measureText(text).width <= room) g.fillText(text, left, 14);
  }
}

function months(view: View, formats: Formats): { from: number; to: number; text: string }[] {
  const found: { from: number; to: number; text: string }[] = [];
  for (let from = formats.zone.startOfMonth(view.from); from < view.to; ) {
    const to = formats.zone.monthAfter(from);
    found.push({ from, to, text: formats.month(from) });
    from = to;
  }
  return found;
}

function line(g: CanvasRenderingContext2D, x: number, from: number): void {
  g.moveTo(x, from);
  g.lineTo(x, RULER_HEIGHT);
}

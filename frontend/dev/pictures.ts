/** Pictures of a camera that never was, with its time burnt in. */

import type { House } from "./house";
import { CLIP, random } from "./house";

const WIDTH = 320;
const HEIGHT = 180;

function mix(a: number[], b: number[], share: number): string {
  return `rgb(${a.map((value, at) => Math.round(value + (b[at]! - value) * share)).join(" ")})`;
}

function paint(g: CanvasRenderingContext2D, x: number, house: House, index: number, t: number): void {
  const rnd = random(index * 97 + 3);
  const hour = (t % 86_400_000) / 3_600_000;
  const light = Math.max(0, Math.min(1, Math.sin(((hour - 5) / 15) * Math.PI) * 1.6));
  g.save();
  g.translate(x, 0);
  g.beginPath();
  g.rect(0, 0, WIDTH, HEIGHT);
  g.clip();
  const sky = g.createLinearGradient(0, 0, 0, HEIGHT);
  sky.addColorStop(0, mix([16, 22, 40], [118, 170, 214], light));
  sky.addColorStop(1, mix([30, 36, 54], [226, 232, 224], light));
  g.fillStyle = sky;
  g.fillRect(0, 0, WIDTH, HEIGHT);
  const horizon = HEIGHT * (0.5 + rnd() * 0.15);
  g.fillStyle = mix([18, 24, 26], rnd() < 0.5 ? [106, 132, 84] : [150, 146, 138], light);
  g.fillRect(0, horizon, WIDTH, HEIGHT);
  for (let n = 0; n < 5; n += 1) {
    const [left, wide, high] = [rnd() * WIDTH - 30, 30 + rnd() * 90, 30 + rnd() * 70];
    g.fillStyle = mix([12, 14, 20], [90 + rnd() * 110, 84 + rnd() * 80, 70 + rnd() * 60], light * 0.9);
    g.fillRect(left, horizon - high, wide, high + 6);
    g.fillStyle = light < 0.4 ? "rgb(250 214 130 / 80%)" : "rgb(60 80 100 / 70%)";
    for (let w = 0; w < 3; w += 1) g.fillRect(left + 8 + w * 20, horizon - high + 12, 10, 12);
  }
  g.fillStyle = mix([26, 30, 30], [126, 120, 112], light);
  g.beginPath();
  g.moveTo(WIDTH * 0.42, horizon);
  g.lineTo(WIDTH * 0.58, horizon);
  g.lineTo(WIDTH * 1.0, HEIGHT);
  g.lineTo(WIDTH * 0.1, HEIGHT);
  g.fill();
  if (house.eventsBetween(index, t - 20_000, t + 20_000).length > 0) {
    const across = ((t / 400) % WIDTH) + 10;
    g.fillStyle = "#2b2f36";
    g.fillRect(across, horizon + 6, 12, 34);
    g.beginPath();
    g.arc(across + 6, horizon, 8, 0, 7);
    g.fill();
  }
  g.font = "600 13px monospace";
  g.fillStyle = "rgb(0 0 0 / 55%)";
  g.fillRect(4, 4, 182, 20);
  g.fillStyle = "#fff";
  g.fillText(new Date(t).toISOString().slice(0, 19).replace("T", " "), 10, 18);
  g.restore();
}

/** Answers the addresses of thumbnails, strips and frames. */
export function picture(house: House, path: string): Promise<Blob> | undefined {
  const match = /\/api\/vtrack_nvr\/(thumbnail|strip|frame)\/(\d+)(?:\/(\d+))?/.exec(path);
  if (!match) return undefined;
  const index = Math.floor(Number(match[2]) / 10_000_000);
  const start = (Number(match[2]) % 10_000_000) * CLIP;
  const count = match[1] === "strip" ? 12 : 1;
  const canvas = new OffscreenCanvas(WIDTH * count, HEIGHT);
  const g = canvas.getContext("2d")! as unknown as CanvasRenderingContext2D;
  for (let n = 0; n < count; n += 1) {
    paint(g, n * WIDTH, house, index, start + Number(match[3] ?? 0) + n * (CLIP / 12));
  }
  return canvas.convertToBlob({ type: "image/jpeg", quality: 0.8 });
}

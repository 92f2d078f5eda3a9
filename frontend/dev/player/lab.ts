/** The player's parts without the page around them, for scripts/player-proof.mjs. */

import { CodecMemory } from "../../src/player/codecs";
import { PlayerController, type Stage } from "../../src/player/controller";
import { HlsDeck } from "../../src/player/deck-hls";
import { SyncGroup } from "../../src/player/group";
import { loadHls } from "../../src/player/load-hls";
import type { Missing } from "../../src/player/machine";
import { AppSource } from "../../src/player/app-source";
import { Api } from "../../src/api/api";
import type { Connection } from "../../src/api/hass";
import type { App } from "../../src/store/app";
import { readCode } from "./read-code";

async function call<T>(message: Record<string, unknown>): Promise<T> {
  const answer = await fetch("/dev/command", { method: "POST", body: JSON.stringify(message) });
  const body = (await answer.json()) as T & { code?: string };
  if (!answer.ok) throw Object.assign(new Error(body.code), { code: body.code });
  return body;
}

const connection = { sendMessagePromise: call } as unknown as Connection;
/** As much of the app as the player's source asks of it. */
const app = { api: new Api(() => connection) } as unknown as App;

interface Seen {
  /** When it was seen, by performance.now. */
  at: number;
  /** The number and the time that are drawn into the picture. */
  number: number;
  shownMs: number;
  /** What the player says it shows. */
  saidMs: number;
}

class Lab implements Stage {
  readonly box = document.createElement("div");
  readonly seen: Seen[] = [];
  readonly skips: Missing[] = [];
  readonly phases: string[] = [];
  readonly controller: PlayerController;
  clickedAt = NaN;
  firstAfter = NaN;
  private front: HTMLVideoElement | undefined;
  private readonly canvas = new OffscreenCanvas(640, 360);

  constructor(camera: string, mayFetch = true) {
    this.box.style.cssText = "position:relative;width:640px;height:360px;background:#000";
    document.body.append(this.box);
    this.controller = new PlayerController({
      stage: this,
      source: new AppSource(app),
      camera,
      mayFetch,
      memory: new CodecMemory(),
      isNative: false,
      makeDeck: async (video, host) => new HlsDeck(await loadHls(), video, host),
    });
  }

  addVideo(): HTMLVideoElement {
    const video = document.createElement("video");
    video.playsInline = true;
    video.muted = true;
    video.style.cssText = "position:absolute;inset:0;width:100%;height:100%;z-index:0";
    this.box.append(video);
    this.watch(video);
    return video;
  }

  show(video: HTMLVideoElement): void {
    this.front = video;
    for (const each of this.box.querySelectorAll("video")) {
      each.style.zIndex = each === video ? "1" : "0";
    }
  }

  removeVideo(video: HTMLVideoElement): void {
    video.remove();
  }

  mustKeepVideo = (): boolean => false;
  slides: string[] = [];

  slide(address: string | null, index: number): void {
    this.slides.push(`${address ?? "-"}#${index}`);
  }

  changed(): void {
    const { phase } = this.controller?.state ?? {};
    if (phase && this.phases.at(-1) !== phase) this.phases.push(phase);
  }

  skipped(missing: Missing): void {
    this.skips.push(missing);
  }

  mutedByBrowser(): void {
    this.phases.push("muted");
  }

  click(ms: number): void {
    this.clickedAt = performance.now();
    this.firstAfter = NaN;
    this.controller.seek(ms, true);
  }

  /** Look at the present picture. */
  peek(): void {
    if (this.front) this.look(this.front);
  }

  private watch(video: HTMLVideoElement): void {
    const look = (): void => {
      if (!video.isConnected) return;
      if (video === this.front) this.look(video);
      video.requestVideoFrameCallback(look);
    };
    video.requestVideoFrameCallback(look);
  }

  private look(video: HTMLVideoElement): void {
    const context = this.canvas.getContext("2d", { willReadFrequently: true })!;
    context.drawImage(video, 0, 0, 640, 360);
    const code = readCode(context.getImageData(0, 0, 640, 360));
    if (!code) return;
    const at = performance.now();
    if (Number.isNaN(this.firstAfter) && at > this.clickedAt) this.firstAfter = at;
    this.seen.push({
      at,
      number: code.number,
      shownMs: code.timeMs,
      saidMs: this.controller.pictureMs,
    });
  }
}

const lab = { Lab, SyncGroup, call };
declare global {
  interface Window {
    lab: typeof lab;
  }
}
window.lab = lab;

/** The videos of one camera, one over the other; only one is seen. */

import type { AppleVideo } from "./apple";
import type { Stage } from "./controller";
import type { Missing } from "./machine";

export interface StageHost {
  changed(): void;
  skipped(missing: Missing): void;
  mutedByBrowser(): void;
}

export class VideoStage implements Stage {
  readonly box = document.createElement("div");
  private readonly still = document.createElement("div");
  private front: HTMLVideoElement | undefined;

  constructor(
    private readonly host: StageHost,
    private readonly isNative: boolean,
  ) {
    this.box.className = "videos";
    this.still.className = "still";
    this.still.hidden = true;
    this.box.append(this.still);
  }

  addVideo(): HTMLVideoElement {
    const video = document.createElement("video");
    video.playsInline = true;
    video.preload = "auto";
    // Controls of ours name what it shows
    video.tabIndex = -1;
    video.ariaHidden = "true";
    this.box.prepend(video);
    return video;
  }

  show(video: HTMLVideoElement): void {
    this.front = video;
    for (const each of this.box.querySelectorAll("video")) {
      each.classList.toggle("front", each === video);
    }
  }

  removeVideo(video: HTMLVideoElement): void {
    video.remove();
    if (this.front === video) this.front = undefined;
  }

  /**
   * Apple lets a video element play only if it was touched; and one that is shown elsewhere
   * cannot be exchanged.
   */
  mustKeepVideo(): boolean {
    const video: AppleVideo | undefined = this.front;
    if (!video) return false;
    return (
      this.isNative ||
      document.pictureInPictureElement === video ||
      (this.box.getRootNode() as ShadowRoot).pictureInPictureElement === video ||
      video.webkitDisplayingFullscreen === true ||
      video.webkitPresentationMode === "picture-in-picture"
    );
  }

  slide(address: string | null, index: number, count: number): void {
    this.still.hidden = address === null;
    if (address === null) return;
    this.still.style.backgroundImage = `url("${address}")`;
    this.still.style.backgroundSize = `${count * 100}% 100%`;
    this.still.style.backgroundPosition = `${count > 1 ? (index * 100) / (count - 1) : 0}% 0`;
  }

  changed(): void {
    this.host.changed();
  }

  skipped(missing: Missing): void {
    this.host.skipped(missing);
  }

  mutedByBrowser(): void {
    this.host.mutedByBrowser();
  }
}

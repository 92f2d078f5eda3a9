/** Full screen, by whichever way a browser knows. */

import type { AppleVideo } from "./apple";

/**
 * Full screen of an element: the browser's own; on iPhones, which have none for elements, that
 * of the video; else the element fills the window (attribute `filled`), as in Android's WebView,
 * where a request is refused or never answered.
 */
export class FullScreen {
  constructor(
    private readonly element: HTMLElement,
    private readonly video: () => HTMLVideoElement | undefined,
    private readonly told: () => void,
  ) {}

  connect(): void {
    document.addEventListener("fullscreenchange", this.told);
  }

  disconnect(): void {
    document.removeEventListener("fullscreenchange", this.told);
    this.element.removeAttribute("filled");
  }

  get isOn(): boolean {
    return this.isNative || this.element.hasAttribute("filled");
  }

  private get isNative(): boolean {
    return (this.element.getRootNode() as Document | ShadowRoot).fullscreenElement === this.element;
  }

  async toggle(): Promise<void> {
    if (this.isNative) {
      await document.exitFullscreen();
    } else if (this.element.hasAttribute("filled")) {
      this.element.removeAttribute("filled");
    } else {
      await this.enter();
    }
    this.told();
  }

  /** Leave a filled window; the browser's own full screen is left by the browser. */
  leave(): boolean {
    if (!this.element.hasAttribute("filled")) return false;
    this.element.removeAttribute("filled");
    this.told();
    return true;
  }

  private async enter(): Promise<void> {
    const video: AppleVideo | undefined = this.video();
    if (document.fullscreenEnabled) {
      try {
        await Promise.race([this.element.requestFullscreen(), refusedAfter(1000)]);
        return;
      } catch {
        // A WebView may say that it can, and not do it
      }
    } else if (video?.webkitEnterFullscreen) {
      video.webkitEnterFullscreen();
      return;
    }
    this.element.setAttribute("filled", "");
  }
}

function refusedAfter(ms: number): Promise<never> {
  return new Promise((_, reject) => setTimeout(() => reject(new Error("no answer")), ms));
}

/** Return whether a video can be shown over other windows. */
export function canFloat(video: AppleVideo | undefined): boolean {
  return (
    document.pictureInPictureEnabled ||
    typeof (video)?.webkitSetPresentationMode === "function"
  );
}

/** Show a video over other windows, or back in its place. */
export async function float(video: AppleVideo): Promise<void> {
  const { pictureInPictureElement } = video.getRootNode() as Document | ShadowRoot;
  if (pictureInPictureElement === video) {
    await document.exitPictureInPicture();
  } else if (document.pictureInPictureEnabled) {
    await video.requestPictureInPicture();
  } else {
    const isOut = video.webkitPresentationMode === "picture-in-picture";
    video.webkitSetPresentationMode?.(isOut ? "inline" : "picture-in-picture");
  }
}

/** What videos of Apple's browsers have besides. */
export interface AppleVideo extends HTMLVideoElement {
  readonly webkitDisplayingFullscreen?: boolean;
  readonly webkitPresentationMode?: string;
  webkitEnterFullscreen?(): void;
  webkitSetPresentationMode?(mode: string): void;
}

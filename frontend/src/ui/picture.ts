import { css, html, nothing, type PropertyValues } from "lit";
import { property, state } from "lit/decorators.js";
import { base } from "../styles/base";
import { fill } from "../timeline/clips";
import { element } from "./element";
import { VtrackElement } from "./vtrack-element";

/** The thumbnail of a clip, 16:9, loaded when it comes into sight; grey where there is none. */
@element("vtrack-picture")
export class VtrackPicture extends VtrackElement {
  @property({ type: Number }) clip?: number;
  /** Empty for decoration: the words stand beside it. */
  @property() alt = "";
  @state() private address?: string;
  private isSeen = false;
  private wished?: string;
  private readonly watch = new IntersectionObserver((entries) => {
    this.isSeen = entries.some((entry) => entry.isIntersecting);
    if (this.isSeen) this.load();
    else this.giveUp();
  });

  static override styles = [
    base,
    css`
      :host {
        display: block;
        aspect-ratio: 16 / 9;
        overflow: hidden;
        background: var(--vt-soft-2);
      }

      img {
        display: block;
        inline-size: 100%;
        block-size: 100%;
        object-fit: cover;
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    this.watch.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.watch.disconnect();
    this.giveUp();
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has("clip")) return;
    this.giveUp();
    this.address = undefined;
    if (this.isSeen) this.load();
  }

  private load(): void {
    const { clip } = this;
    if (clip === undefined || this.address || this.wished || !this.hasUpdated) return;
    const path = fill(this.app.store.state.info!.urls.thumbnail, { id: clip });
    this.wished = path;
    void this.app.pictures.get(path).then((address) => {
      if (this.wished !== path) return;
      this.wished = undefined;
      this.address = address;
    });
  }

  private giveUp(): void {
    if (this.wished) this.app.pictures.cancel(this.wished);
    this.wished = undefined;
  }

  override render() {
    return this.address ? html`<img src=${this.address} alt=${this.alt} />` : nothing;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "vtrack-picture": VtrackPicture;
  }
}

import { css, html, nothing } from "lit";
import { property, state } from "lit/decorators.js";
import { mdiCctv } from "@mdi/js";
import { base } from "../../styles/base";
import { element } from "../../ui/element";
import "../../ui/icon";
import { VtrackElement } from "../../ui/vtrack-element";

/** Pictures are asked for when they come near the window. */
const NEAR = "240px";

/**
 * A thumbnail, or some pictures of a strip, behind the person's login.
 *
 * With `frames` the picture is a strip of `of` pictures side by side, of which that many are
 * shown, evenly spaced. Decoration: what it shows is told beside it.
 */
@element("vtrack-thumbnail")
export class VtrackThumbnail extends VtrackElement {
  @property() path?: string;
  @property({ type: Number, reflect: true }) frames = 0;
  @property({ type: Number }) of = 12;
  @state() private address?: string;
  @state() private isMissing = false;
  private isNear = false;
  private watcher?: IntersectionObserver;

  static override styles = [
    base,
    css`
      :host {
        display: block;
        position: relative;
        aspect-ratio: 16 / 9;
        overflow: hidden;
        background: var(--vt-lane);
        color: var(--vt-text-2);
      }

      :host([frames]:not([frames="0"])) {
        aspect-ratio: auto;
      }

      img,
      .none {
        position: absolute;
        inset: 0;
        inline-size: 100%;
        block-size: 100%;
        object-fit: cover;
        animation: appear 180ms ease-out;
      }

      .none {
        display: grid;
        place-content: center;
        --vt-icon-size: 32px;
        opacity: var(--none-opacity, 0.55);
      }

      .frames {
        position: absolute;
        inset: 0;
        display: flex;
        gap: 2px;
        overflow: hidden;
      }

      .frame {
        flex: 0 0 auto;
        block-size: 100%;
        aspect-ratio: 16 / 9;
        background-repeat: no-repeat;
        animation: appear 180ms ease-out;
      }

      @keyframes appear {
        from {
          opacity: 0;
        }
      }

      @media (prefers-reduced-motion: reduce) {
        img,
        .none,
        .frame {
          animation: none;
        }
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    this.watcher = new IntersectionObserver(
      (entries) => {
        this.isNear = entries.some((entry) => entry.isIntersecting);
        if (this.isNear) void this.load();
      },
      { rootMargin: NEAR },
    );
    this.watcher.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.watcher?.disconnect();
    this.isNear = false;
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (!changed.has("path")) return;
    const known = this.path === undefined ? undefined : this.app.pictures.peek(this.path);
    // The former picture stays until the new one is there: a tile does not flicker.
    if (known || this.path === undefined) this.address = known;
    this.isMissing = false;
    if (this.isNear) void this.load();
  }

  private async load(): Promise<void> {
    const path = this.path;
    if (path === undefined) return;
    const address = await this.app.pictures.get(path);
    if (path !== this.path) return;
    if (address !== undefined) this.address = address;
    this.isMissing = address === undefined && this.address === undefined;
  }

  override render() {
    if (this.isMissing || this.path === undefined) return html`<div class="none"><vtrack-icon .path=${mdiCctv}></vtrack-icon></div>`;
    if (this.address === undefined) return nothing;
    if (this.frames > 0) return html`<div class="frames">${this.strip(this.address)}</div>`;
    return html`<img src=${this.address} alt="" @error=${this.broken} />`;
  }

  private strip(address: string) {
    return Array.from({ length: this.frames }, (_, index) => {
      const place = this.frames === 1 ? 0 : Math.round((index * (this.of - 1)) / (this.frames - 1));
      const style = `background-image:url(${address});background-size:${this.of * 100}% 100%;background-position:${(100 * place) / (this.of - 1)}% 0`;
      return html`<div class="frame" style=${style}></div>`;
    });
  }

  private broken(): void {
    this.address = undefined;
    this.isMissing = true;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "vtrack-thumbnail": VtrackThumbnail;
  }
}

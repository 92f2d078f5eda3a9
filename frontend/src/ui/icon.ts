import { LitElement, css, svg, html } from "lit";
import { property } from "lit/decorators.js";
import { element } from "./element";

/** An icon by its path (import { mdiPlay } from "@mdi/js"); decoration, never read out. */
@element("vtrack-icon")
export class VtrackIcon extends LitElement {
  @property() path = "";
  /** Whether the icon points along the reading direction and is mirrored where that is leftward. */
  @property({ type: Boolean }) directed = false;

  static override styles = css`
    :host {
      display: inline-flex;
      inline-size: var(--vt-icon-size, 20px);
      block-size: var(--vt-icon-size, 20px);
      flex: none;
    }

    svg {
      inline-size: 100%;
      block-size: 100%;
      fill: currentcolor;
    }

    :host([directed]:dir(rtl)) svg {
      transform: scaleX(-1);
    }
  `;

  override render() {
    return html`<svg viewBox="0 0 24 24" aria-hidden="true">${svg`<path d=${this.path}></path>`}</svg>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "vtrack-icon": VtrackIcon;
  }
}

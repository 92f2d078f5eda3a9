/** The live picture, by Home Assistant's own element if it is there, else as stills. */

import { css, html, nothing } from "lit";
import { property, state } from "lit/decorators.js";
import { mdiOpenInNew } from "@mdi/js";
import { base } from "../styles/base";
import "../ui/button";
import { element } from "../ui/element";
import { VtrackElement } from "../ui/vtrack-element";

const STREAM = "ha-camera-stream";
/** Home Assistant defines it when it is first needed: not there after this, it will not be. */
const WAIT_MS = 1000;
const STILL_EVERY_MS = 10_000;

@element("vtrack-player-live")
export class VtrackPlayerLive extends VtrackElement {
  @property() entity?: string;
  @property() name = "";
  @property({ type: Boolean }) muted = false;
  @state() private stream: "waiting" | "there" | "absent" = customElements.get(STREAM)
    ? "there"
    : "waiting";
  @state() private tick = 0;
  private timer?: ReturnType<typeof setInterval>;

  static override styles = [
    base,
    css`
      :host {
        display: grid;
        background: #000;
        color: #fff;
      }

      ha-camera-stream,
      img {
        inline-size: 100%;
        block-size: 100%;
        min-block-size: 0;
        object-fit: contain;
      }

      p {
        place-self: center;
        padding: var(--vt-s4);
        text-align: center;
      }

      vtrack-button {
        position: absolute;
        inset-block-end: var(--vt-s3);
        inset-inline-end: var(--vt-s3);
        --vt-tint: rgb(0 0 0 / 66%);
        --vt-accent-text: #fff;
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    this.timer = setInterval(() => {
      if (this.stream === "absent" && !document.hidden) this.tick += 1;
    }, STILL_EVERY_MS);
    if (this.stream === "waiting") void this.waitForStream();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.timer);
  }

  private async waitForStream(): Promise<void> {
    const there = await Promise.race([
      customElements.whenDefined(STREAM).then(() => true),
      new Promise<false>((resolve) => setTimeout(() => resolve(false), WAIT_MS)),
    ]);
    this.stream = there ? "there" : "absent";
  }

  override render() {
    const entity = this.entity ? this.app.hass.states[this.entity] : undefined;
    if (!entity || entity.state === "unavailable") {
      return html`<p role="status">${this.t("player.no_live")}</p>`;
    }
    if (this.stream === "waiting") return nothing;
    if (this.stream === "there") {
      return html`<ha-camera-stream
        .hass=${this.app.hass}
        .stateObj=${entity}
        .controls=${false}
        .muted=${this.muted}
        .fitMode=${"contain"}
        allow-exoplayer
      ></ha-camera-stream>`;
    }
    const picture = entity.attributes.entity_picture;
    return html`${typeof picture === "string"
        ? html`<img
            alt=${this.t("player.live_of", { camera: this.name })}
            src=${`${picture}${picture.includes("?") ? "&" : "?"}t=${this.tick}`}
          />`
        : nothing}
      <vtrack-button
        compact
        .icon=${mdiOpenInNew}
        .label=${this.t("player.open_live")}
        @click=${this.more}
      ></vtrack-button>`;
  }

  private readonly more = (): void => {
    this.dispatchEvent(
      new CustomEvent("hass-more-info", {
        detail: { entityId: this.entity },
        bubbles: true,
        composed: true,
      }),
    );
  };
}

declare global {
  interface HTMLElementTagNameMap {
    "vtrack-player-live": VtrackPlayerLive;
  }
}

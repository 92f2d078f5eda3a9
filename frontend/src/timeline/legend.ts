import { css, html, type PropertyValues } from "lit";
import { EVENT_CLASSES, type EventClass, type State } from "../api/types";
import { base } from "../styles/base";
import { element } from "../ui/element";
import { VtrackElement } from "../ui/vtrack-element";
import { Patterns, drawEvent, drawState, readPalette } from "./looks";
import { fit } from "./painter";

const SHOWN: readonly State[] = [
  "kept",
  "on_device",
  "on_request",
  "fetching",
  "failed",
  "lost",
  "missing",
  "removed",
  "absent",
  "not_wanted",
];
const WIDTH = 44;
const HEIGHT = 20;

/** What the shapes on the timeline mean, drawn as they are there. */
@element("vtrack-legend")
export class VtrackLegend extends VtrackElement {
  static override styles = [
    base,
    css`
      :host {
        display: grid;
        gap: var(--vt-s4);
      }

      ul {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(190px, 1fr));
        gap: var(--vt-s2) var(--vt-s4);
      }

      li {
        display: flex;
        align-items: flex-start;
        gap: var(--vt-s3);
      }

      canvas {
        flex: none;
        inline-size: ${WIDTH}px;
        block-size: ${HEIGHT}px;
        border-radius: 4px;
      }

      .words {
        display: grid;
        font-size: var(--vt-size-s);
      }

      .words span {
        color: var(--vt-text-2);
      }
    `,
  ];

  protected override updated(_changed: PropertyValues<this>): void {
    const palette = readPalette(this);
    const dpr = window.devicePixelRatio || 1;
    for (const canvas of this.renderRoot.querySelectorAll("canvas")) {
      fit(canvas, WIDTH, HEIGHT, dpr);
      const g = canvas.getContext("2d")!;
      g.setTransform(dpr, 0, 0, dpr, 0, 0);
      g.clearRect(0, 0, WIDTH, HEIGHT);
      const { state, event, gold } = canvas.dataset;
      if (event) {
        g.fillStyle = palette.event;
        drawEvent(g, event as EventClass, WIDTH / 2, HEIGHT / 2, 12);
        continue;
      }
      g.fillStyle = palette.lane;
      g.fillRect(0, 0, WIDTH, HEIGHT);
      const rects = [{ x: 0, y: 0, width: WIDTH }];
      drawState(g, new Patterns(g, dpr), palette, (state ?? "kept") as State, rects, HEIGHT);
      g.fillStyle = palette.protected;
      if (gold) g.fillRect(0, 0, WIDTH, 3);
    }
  }

  override render() {
    return html`<ul>
        ${SHOWN.map(
          (state) =>
            html`<li>
              <canvas data-state=${state} aria-hidden="true"></canvas>
              <div class="words"><b>${this.t(`state.${state}`)}</b><span>${this.t(`state_help.${state}`)}</span></div>
            </li>`,
        )}
        <li>
          <canvas data-gold="1" aria-hidden="true"></canvas>
          <div class="words"><b>${this.t("timeline.protected")}</b><span>${this.t("timeline.protected_help")}</span></div>
        </li>
      </ul>
      <ul>
        ${EVENT_CLASSES.map(
          (cls) =>
            html`<li>
              <canvas data-event=${cls} aria-hidden="true"></canvas>
              <div class="words"><b>${this.t(`event.${cls}`)}</b></div>
            </li>`,
        )}
      </ul>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "vtrack-legend": VtrackLegend;
  }
}

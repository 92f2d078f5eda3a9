import { css, html, svg } from "lit";
import { property } from "lit/decorators.js";
import { base } from "../../styles/base";
import { element } from "../../ui/element";
import { VtrackElement } from "../../ui/vtrack-element";
import type { DayBar, Run } from "../model/day_bar";
import type { State } from "../../api/types";

/** Where a state lies in a bar of height 12: told apart without colour. */
const SHAPES: Readonly<Partial<Record<State, { y: number; height: number }>>> = {
  kept: { y: 0, height: 12 },
  on_device: { y: 3, height: 6 },
  fetching: { y: 1, height: 10 },
  failed: { y: 0, height: 5 },
  lost: { y: 9, height: 3 },
  missing: { y: 0, height: 5 },
  removed: { y: 5, height: 2 },
  not_wanted: { y: 10, height: 2 },
  on_request: { y: 7, height: 5 },
};

/** Coverage of a day as a bar of 24 hours, with what it says in words. */
@element("vtrack-day-bar")
export class VtrackDayBar extends VtrackElement {
  @property({ attribute: false }) bar?: DayBar;
  @property() label = "";
  /** Where now is, in percent; beyond 100 none. */
  @property({ type: Number }) now = 101;

  static override styles = [
    base,
    css`
      :host {
        display: block;
      }

      svg {
        display: block;
        inline-size: 100%;
        block-size: 12px;
        border-radius: 4px;
        background: var(--vt-lane);
        transform: none;
      }

      .kept {
        fill: var(--vt-kept);
      }

      .on_device,
      .on_request {
        fill: var(--vt-on-device);
        fill-opacity: 0.5;
      }

      .fetching {
        fill: var(--vt-fetching);
      }

      .failed {
        fill: var(--vt-failed);
      }

      .lost {
        fill: var(--vt-lost);
      }

      .missing {
        fill: var(--vt-missing);
      }

      .removed {
        fill: var(--vt-removed);
      }

      .not_wanted {
        fill: var(--vt-not-wanted);
      }

      .future {
        fill: var(--vt-card);
        fill-opacity: 0.7;
      }

      .tick {
        fill: var(--vt-text);
        fill-opacity: 0.22;
      }

      @media (forced-colors: active) {
        svg {
          border: 1px solid CanvasText;
          forced-color-adjust: none;
          background: Canvas;
        }

        rect {
          fill: CanvasText;
        }
      }
    `,
  ];

  override render() {
    const bar = this.bar;
    return html`<svg role="img" aria-label=${this.label} viewBox="0 0 100 12" preserveAspectRatio="none">
      ${bar?.runs.map((run) => this.rect(run))} ${bar?.marks.map((mark) => this.mark(mark))}
      ${this.now < 100 ? svg`<rect class="future" x=${this.now} y="0" width=${100 - this.now} height="12"></rect>` : ""}
      ${[25, 50, 75].map((x) => svg`<rect class="tick" x=${x} y="0" width="0.25" height="12"></rect>`)}
    </svg>`;
  }

  private rect({ state, start, length }: Run) {
    const shape = SHAPES[state];
    if (!shape) return "";
    return svg`<rect class=${state} x=${start} width=${length} y=${shape.y} height=${shape.height}></rect>`;
  }

  private mark({ state, start, length }: Run) {
    // One bad second must show: never narrower than one percent of the bar.
    return svg`<rect class=${state} x=${Math.min(99, start)} width=${Math.max(1, length)} y="0" height="5"></rect>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "vtrack-day-bar": VtrackDayBar;
  }
}

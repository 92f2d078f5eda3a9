import { css, html, nothing, type PropertyValues } from "lit";
import { property, state } from "lit/decorators.js";
import { styleMap } from "lit/directives/style-map.js";
import type { CoverageAt, Key, State } from "../api/types";
import { Superseded } from "../api/errors";
import type { App } from "../store/app";
import { base } from "../styles/base";
import { SECOND } from "../time/zone";
import { element } from "../ui/element";
import { VtrackElement } from "../ui/vtrack-element";
import { type ClipAt, ClipLookup, fill, stripPlace } from "./clips";

const REST_FRAME = 120;
const REST_REASON = 250;
const WIDTH = 176;
const TELLS_WHY: readonly State[] = ["failed", "lost", "missing", "removed", "on_device"];

export interface Pointed {
  camera: Key;
  t: number;
  state: State;
  /** From the left of what this is placed in. */
  x: number;
}

/**
 * The picture and the time above the pointer: a picture of the clip's strip at once, the exact one
 * when the hand rests; without footage the state and its reason.
 */
@element("vtrack-preview")
export class VtrackPreview extends VtrackElement {
  @property({ attribute: false }) pointed?: Pointed;
  /** Width of what this is placed in. */
  @property({ type: Number }) room = 0;
  @state() private clip: ClipAt | null = null;
  @state() private strip?: string;
  @state() private frame?: string;
  @state() private why?: CoverageAt;
  private lookup?: ClipLookup;
  private wished: string[] = [];
  private timers: ReturnType<typeof setTimeout>[] = [];

  static override styles = [
    base,
    css`
      :host {
        position: absolute;
        inset-block-end: 100%;
        left: 0;
        z-index: 6;
        pointer-events: none;
        margin-block-end: 6px;
      }

      figure {
        inline-size: ${WIDTH}px;
        overflow: hidden;
        border-radius: var(--vt-radius-s);
        background: var(--vt-card);
        color: var(--vt-text);
        border: 1px solid var(--vt-line);
        box-shadow: var(--vt-shadow-2);
      }

      .picture {
        aspect-ratio: 16 / 9;
        background: #101214 no-repeat;
      }

      figcaption {
        padding: 6px 10px 7px;
        font-size: var(--vt-size-s);
        line-height: 1.35;
        text-align: center;
      }

      b {
        font-weight: 600;
        font-variant-numeric: tabular-nums;
      }
    `,
  ];

  protected override appChanged(app: App | undefined): void {
    this.lookup = app && new ClipLookup(app);
    if (!app) this.stop();
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has("pointed")) return;
    const before = changed.get("pointed");
    const now = this.pointed;
    if (before?.camera === now?.camera && before?.t === now?.t) return;
    this.stop();
    this.frame = undefined;
    this.why = undefined;
    if (!now) {
      this.clip = null;
      this.strip = undefined;
      return;
    }
    this.look(now);
  }

  private stop(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers = [];
    for (const path of this.wished) this.app.pictures.cancel(path);
    this.wished = [];
  }

  private look({ camera, t, state: what }: Pointed): void {
    const known = this.lookup!.peek(camera, t);
    if (known !== undefined) this.show(known, t);
    else if (what === "kept" || what === "unknown" || what === "fetching") {
      this.lookup!.load(camera, t).then(
        (clip) => {
          if (this.pointed?.t === t && this.pointed.camera === camera) this.show(clip, t);
        },
        () => undefined, // no connection: no picture
      );
    } else this.show(null, t);
    if (TELLS_WHY.includes(what)) this.timers.push(setTimeout(() => void this.ask(camera, t), REST_REASON));
  }

  private show(clip: ClipAt | null, t: number): void {
    if (clip?.id !== this.clip?.id) this.strip = undefined;
    this.clip = clip;
    if (!clip) return;
    const urls = this.app.store.state.info!.urls;
    const strip = fill(urls.strip, { id: clip.id });
    this.strip = this.app.pictures.peek(strip) ?? this.strip;
    this.wish(strip, (address) => {
      if (this.clip?.id === clip.id) this.strip = address;
    });
    const { frame } = urls;
    if (!frame) return;
    const path = fill(frame, { id: clip.id, ms: Math.floor((t - clip.start) / SECOND) * SECOND });
    this.timers.push(
      setTimeout(() => {
        this.wish(path, (address) => {
          if (this.pointed?.t === t) this.frame = address;
        });
      }, REST_FRAME),
    );
  }

  private wish(path: string, here: (address: string | undefined) => void): void {
    this.wished.push(path);
    void this.app.pictures.get(path).then(here);
  }

  private async ask(camera: Key, t: number): Promise<void> {
    try {
      const at = await this.app.api.latest.run("coverage/at", () => this.app.api.at(camera, t));
      if (this.pointed?.t === t && this.pointed.camera === camera) this.why = at;
    } catch (error) {
      if (!(error instanceof Superseded)) this.why = undefined;
    }
  }

  private picture() {
    if (!this.clip) return nothing;
    const pictures = this.app.store.state.info!.strip_pictures;
    const place = stripPlace(this.clip, this.pointed!.t, pictures);
    const style = this.frame
      ? { backgroundImage: `url(${this.frame})`, backgroundSize: "cover" }
      : this.strip
        ? {
            backgroundImage: `url(${this.strip})`,
            backgroundSize: `${pictures * 100}% 100%`,
            backgroundPosition: `${(place / Math.max(1, pictures - 1)) * 100}% 0`,
          }
        : {};
    return html`<div class="picture" style=${styleMap(style)}></div>`;
  }

  override render() {
    const { pointed } = this;
    if (!pointed) return nothing;
    const left = Math.max(0, Math.min(pointed.x - WIDTH / 2, this.room - WIDTH));
    const { formats } = this.app;
    const reason = this.why?.reason ? this.t(`reason.${this.why.reason}`) : "";
    const next = this.why?.next_try_ms;
    return html`<figure style="transform: translateX(${left}px)">
      ${this.picture()}
      <figcaption>
        <b>${formats.day(pointed.t)} ${formats.timeSeconds(pointed.t)}</b><br />
        ${this.t(`state.${pointed.state}`)}${reason ? `: ${reason}` : ""}
        ${next ? html`<br />${this.t("timeline.next_try", { time: formats.time(next) })}` : nothing}
      </figcaption>
    </figure>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "vtrack-preview": VtrackPreview;
  }
}

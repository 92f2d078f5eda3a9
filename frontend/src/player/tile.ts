/** One camera in a player: its picture, live or of the past, and what there is to say of it. */

import { type PropertyValues, html, nothing } from "lit";
import { property, state } from "lit/decorators.js";
import { mdiAlertCircleOutline, mdiDownload, mdiVideoOffOutline } from "@mdi/js";
import type { Key as CameraKey } from "../api/types";
import { base } from "../styles/base";
import "../ui/button";
import { element } from "../ui/element";
import "../ui/icon";
import "../ui/picture";
import { VtrackElement } from "../ui/vtrack-element";
import { AppSource } from "./app-source";
import { CodecMemory, nameOf } from "./codecs";
import { PlayerController } from "./controller";
import { HlsDeck } from "./deck-hls";
import { NativeDeck, prefersNative } from "./deck-native";
import type { Sound } from "./deck-row";
import "./live";
import { loadHls } from "./load-hls";
import { isHistory, type Missing } from "./machine";
import { saveAs } from "./snapshot";
import { VideoStage } from "./stage";
import { tileStyles } from "./tile-styles";

/** How long it is said that something was jumped over. */
const NOTE_MS = 3000;
/** A wait shorter than this is not worth a word. */
const QUIET_MS = 400;
/** What this session has learned of codecs, for all players of the page. */
const MEMORY = new CodecMemory();

/**
 * Dispatches `state` (not bubbling) when anything that the player shows of it has changed, and
 * `muted` when the browser refused to play with sound.
 */
@element("vtrack-player-tile")
export class VtrackPlayerTile extends VtrackElement {
  @property() camera!: CameraKey;
  /** Whether the camera's name is written on the picture. */
  @property({ type: Boolean }) named = false;
  @property({ attribute: false }) sound: Sound = { muted: true, volume: 1 };
  @state() private note?: Missing;
  @state() private isSlow = false;
  private made?: { controller: PlayerController; stage: VideoStage; camera: CameraKey };
  private noteTimer?: ReturnType<typeof setTimeout>;
  private slowTimer?: ReturnType<typeof setTimeout>;

  static override styles = [base, tileStyles];

  /** What plays the camera; made when it is first asked for. */
  get controller(): PlayerController {
    if (this.made?.camera !== this.camera) {
      this.made?.controller.destroy();
      this.made = this.make();
    }
    return this.made.controller;
  }

  get video(): HTMLVideoElement | undefined {
    return this.made?.controller.video;
  }

  /** Whether footage is shown as H.264 that is none. */
  get isConverted(): boolean {
    return this.made?.controller.footage?.isConverted === true;
  }

  private make() {
    const { app, camera } = this;
    const isNative = prefersNative();
    const stage = new VideoStage(
      {
        changed: () => this.changed(),
        skipped: (missing) => this.tell(missing),
        mutedByBrowser: () => this.dispatchEvent(new Event("muted")),
      },
      isNative,
    );
    const known = app.camera(camera);
    const controller = new PlayerController({
      stage,
      source: new AppSource(app),
      camera,
      mayFetch: known !== undefined && known.may_control && !known.is_former,
      memory: MEMORY,
      isNative,
      makeDeck: async (video, host) =>
        isNative ? new NativeDeck(video, host) : new HlsDeck(await loadHls(), video, host),
    });
    controller.setSound(this.sound);
    return { controller, stage, camera };
  }

  private changed(): void {
    const { phase } = this.controller.state;
    const waits = ["opening", "buffering"].includes(phase);
    if (!waits) {
      clearTimeout(this.slowTimer);
      this.slowTimer = undefined;
      this.isSlow = false;
    } else {
      this.slowTimer ??= setTimeout(() => (this.isSlow = true), QUIET_MS);
    }
    this.requestUpdate();
    this.dispatchEvent(new Event("state"));
  }

  private tell(missing: Missing): void {
    this.note = missing;
    clearTimeout(this.noteTimer);
    this.noteTimer = setTimeout(() => (this.note = undefined), NOTE_MS);
    this.app.announce(this.missingText(missing));
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("sound")) this.made?.controller.setSound(this.sound);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.noteTimer);
    clearTimeout(this.slowTimer);
    this.slowTimer = undefined;
    this.made?.controller.destroy();
    this.made = undefined;
  }

  /** Have the browser save the clip that is shown. */
  async download(): Promise<void> {
    try {
      const clip = this.controller.clip || (await this.clipAtTarget());
      if (clip) saveAs(await new AppSource(this.app).download(clip), "");
      else this.app.toast({ text: this.t("player.nothing_to_download") });
    } catch (error) {
      this.app.toastError(error);
    }
  }

  private async clipAtTarget(): Promise<number> {
    const { clip } = await this.app.api.at(this.camera, Math.round(this.controller.shownMs));
    return clip?.id ?? 0;
  }

  override render() {
    const { controller } = this;
    const { state } = controller;
    const isLive = state.phase === "live";
    const isBlack = state.phase === "gap" && !state.problem;
    const codec = controller.footage?.formats[0]?.codecs;
    return html`
      <div class="picture" ?hidden=${isLive}>${this.made?.stage.box}</div>
      ${isLive
        ? html`<vtrack-player-live
            .entity=${this.app.camera(this.camera)?.entity_id ?? undefined}
            .name=${this.app.cameraName(this.camera)}
            ?muted=${this.sound.muted}
          ></vtrack-player-live>`
        : nothing}
      ${this.poster()}
      ${isBlack || state.phase === "closed" ? html`<div class="black"></div>` : nothing}
      ${this.named ? html`<span class="name">${this.app.cameraName(this.camera)}</span>` : nothing}
      ${codec && isHistory(state) && (this.isConverted || nameOf(codec) !== "H.264")
        ? html`<span class="badge" title=${this.t("player.converted")} ?hidden=${!this.isConverted}
            >${this.t("player.as_h264", { codec: nameOf(codec) })}</span
          >`
        : nothing}
      ${this.renderWord()}
    `;
  }

  /** Until the first picture of the newest clip is there, its thumbnail is. */
  private poster() {
    const { state, video } = this.controller;
    const newest = this.app.store.state.cameras[this.camera]?.last_clip;
    if (video || state.phase !== "opening" || !newest) return nothing;
    const isOfIt = newest.start_ms <= state.targetMs && state.targetMs < newest.end_ms;
    return isOfIt ? html`<vtrack-picture class="poster" .clip=${newest.id}></vtrack-picture>` : nothing;
  }

  private renderWord() {
    const { state } = this.controller;
    if (state.problem) return this.renderProblem();
    switch (state.phase) {
      case "fetching":
        return this.word(this.t("player.fetching"), "busy", this.fetchingHint());
      case "gap":
        return state.missing
          ? this.word(this.missingText(state.missing), "off", this.untilText(state.missing))
          : nothing;
      case "end":
        return this.word(this.t("player.end"), "corner");
      case "opening":
      case "buffering":
        return this.isSlow
          ? html`<div class="spinner" role="status" aria-label=${this.t("player.loading")}></div>`
          : nothing;
      default:
        return this.note
          ? this.word(this.missingText(this.note), "corner")
          : nothing;
    }
  }

  private word(text: string, look: "busy" | "off" | "corner", hint = "") {
    return html`<div class="word ${look}" role="status">
      ${look === "busy" ? html`<span class="spinner small"></span>` : nothing}
      ${look === "off"
        ? html`<vtrack-icon .path=${mdiVideoOffOutline}></vtrack-icon>`
        : nothing}
      <span>${text}</span>${hint ? html`<span class="hint">${hint}</span>` : nothing}
    </div>`;
  }

  private renderProblem() {
    const problem = this.controller.state.problem!;
    const canDownload = problem.remedy === "h264" || problem.remedy === "download";
    const { missing } = this.controller.state;
    const reason =
      problem.code === "no_footage" && missing ? this.missingText(missing) : undefined;
    return html`<div class="word problem" role="alert">
      <vtrack-icon .path=${mdiAlertCircleOutline}></vtrack-icon>
      <span>${reason ?? this.t(`player.problem.${problem.code}`, problem.values)}</span>
      <span class="buttons">
        ${problem.remedy === "download"
          ? nothing
          : html`<vtrack-button
              look="primary"
              compact
              .label=${this.t(`player.remedy.${problem.remedy}`)}
              @click=${this.remedy}
            ></vtrack-button>`}
        ${canDownload
          ? html`<vtrack-button
              compact
              .icon=${mdiDownload}
              .label=${this.t("player.remedy.download")}
              @click=${() => void this.download()}
            ></vtrack-button>`
          : nothing}
      </span>
    </div>`;
  }

  private readonly remedy = (): void => {
    if (this.controller.state.problem?.remedy === "reload") window.location.reload();
    else this.controller.remedy();
  };

  private missingText({ fromMs, toMs, state, reason }: Missing): string {
    const { formats } = this.app;
    const sameDay = toMs !== null && formats.day(fromMs) === formats.day(toMs);
    const time = (ms: number): string =>
      sameDay || toMs === null
        ? formats.timeSeconds(ms)
        : `${formats.dayShort(ms)} ${formats.time(ms)}`;
    const why = reason ? this.reasonText(reason) : "";
    const word = why || this.t(`player.state.${state}`);
    return toMs === null
      ? this.t("player.missing_from", { from: time(fromMs), why: word })
      : this.t("player.missing", { from: time(fromMs), to: time(toMs), why: word });
  }

  private reasonText(reason: string): string {
    const text = this.t(`reason.${reason}`);
    return text === `reason.${reason}` ? "" : text;
  }

  private untilText({ toMs }: Missing): string {
    return toMs === null
      ? ""
      : this.t("player.goes_on", { time: this.app.formats.timeSeconds(toMs) });
  }

  private fetchingHint(): string {
    const fetching = this.app.store.state.fetching[this.camera];
    return fetching ? this.t("player.fetched", { percent: Math.round(fetching.done * 100) }) : "";
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "vtrack-player-tile": VtrackPlayerTile;
  }
}

/** The player; its properties, methods and events are told in frontend/README.md. */

import { type PropertyValues, html, nothing } from "lit";
import { property, queryAll, state } from "lit/decorators.js";
import type { Key as CameraKey } from "../api/types";
import { base } from "../styles/base";
import { element } from "../ui/element";
import { VtrackElement } from "../ui/vtrack-element";
import type { PlayerController } from "./controller";
import "./controls";
import type { Sound } from "./deck-row";
import { float, FullScreen } from "./full-screen";
import { SyncGroup } from "./group";
import { type Act, actOf } from "./keys";
import { playerStyles } from "./player-styles";
import { saveSnapshot, snapshotName } from "./snapshot";
import { keepSound, recallSound } from "./sound";
import type { Direction, Want } from "./source";
import { isSlideShow, nextSpeed, PLAYED } from "./speeds";
import "./tile";
import type { VtrackPlayerTile } from "./tile";

const TELL_MS = 250;
/** A tap beside the first within this is a double one. */
const DOUBLE_MS = 300;
const TAP_SECONDS = 10;
const RESTING_MS = 3000;
/** With less height than this, controls lie over the picture. */
const LOW_PX = 400;

@element("vtrack-player")
export class VtrackPlayer extends VtrackElement {
  /** One to four; several play the same moment. */
  @property({ attribute: false }) cameras: CameraKey[] = [];
  /** The one with sound, and the one that single pictures are taken of. */
  @property() active?: CameraKey;
  /** Play this stretch again and again. */
  @property({ attribute: false }) loop?: { from: number; to: number };
  /** What happens at a gap of a single camera: jump over it, or wait in real time. */
  @property() gaps: "jump" | "wait" = "jump";
  /** Without the row of controls: for a small card. */
  @property({ type: Boolean, reflect: true }) bare = false;
  @state() private sound: Sound = recallSound();
  @state() private speed = 1;
  @queryAll("vtrack-player-tile") private readonly tiles!: NodeListOf<VtrackPlayerTile>;
  private group?: SyncGroup;
  private readonly full = new FullScreen(
    this,
    () => this.activeTile?.video,
    () => this.requestUpdate(),
  );
  @state() private isLow = false;
  private readonly sizes = new ResizeObserver(() => (this.isLow = this.clientHeight < LOW_PX));
  private timer?: ReturnType<typeof setInterval>;
  private told = "";
  private shown = { t: NaN, playing: false, live: false };
  private wanted?: () => void;
  private wasAtEnd = false;
  private tapped?: { at: number; x: number };
  private touchedAt = 0;

  static override styles = [base, playerStyles];

  // --- What others call ------------------------------------------------------------------

  /** True time of what is shown; NaN in live. */
  get time(): number {
    return this.group && !this.isLive ? this.group.ms : (this.lead?.shownMs ?? NaN);
  }

  get isLive(): boolean {
    return this.lead?.state.phase === "live";
  }

  get isPlaying(): boolean {
    if (this.group && !this.isLive) return this.group.isPlaying;
    const state = this.lead?.state;
    return state !== undefined && state.wantsPlay && state.phase !== "problem";
  }

  /** Show true time t (UTC milliseconds) of all cameras, and play on if `play` is said. */
  seek(t: number, play?: boolean): void {
    this.whenReady(() => {
      const plays = play ?? (this.isPlaying || this.isLive);
      if (this.group) {
        for (const { controller } of this.tiles) this.group.add(controller);
        this.group.seek(t, plays);
      } else {
        this.lead?.seek(t, plays);
      }
      this.tell(true);
    });
  }

  play(): void {
    this.whenReady(() => {
      if (this.group && !this.isLive) this.group.play();
      else this.lead?.play();
      this.tell(true);
    });
  }

  pause(): void {
    this.whenReady(() => {
      if (this.group && !this.isLive) this.group.pause();
      else this.lead?.pause();
      this.tell(true);
    });
  }

  goLive(): void {
    this.whenReady(() => {
      for (const { controller } of this.tiles) {
        this.group?.remove(controller);
        controller.goLive();
      }
      this.tell(true);
    });
  }

  /** Do what a key does, if it is the player's. Return whether it is. */
  handleKey(event: KeyboardEvent): boolean {
    if (event.key === "Escape") return this.full.leave();
    const act = actOf(event);
    if (!act || event.defaultPrevented) return false;
    event.preventDefault();
    void this.act(act);
    return true;
  }

  // --- What a person does ----------------------------------------------------------------

  private async act(act: Act): Promise<void> {
    switch (act.do) {
      case "toggle":
        if (this.isPlaying && !this.isLive) this.pause();
        else if (!this.isLive) this.play();
        return;
      case "by":
        this.by(act.seconds);
        return;
      case "frame":
        this.pause();
        this.activeTile?.controller.step(act.direction);
        return;
      case "event":
      case "problem":
        await this.jump(act.direction, act.do);
        return;
      case "slower":
      case "faster":
        this.setSpeed(nextSpeed(this.speed, act.do === "faster" ? 1 : -1));
        this.app.announce(this.t("player.speed_is", { speed: this.speed }));
        return;
      case "full":
        await this.full.toggle();
        return;
      case "mute":
        this.setSound({ ...this.sound, muted: !this.sound.muted });
        return;
      case "pip":
        await this.float();
        return;
      case "snapshot":
        await this.snapshot();
        return;
      case "tile":
        this.pick(this.cameras[act.index]);
    }
  }

  private by(seconds: number): void {
    const from = Number.isNaN(this.time) ? this.app.now() : this.time;
    this.seek(Math.min(from + seconds * 1000, this.app.now()));
  }

  private async jump(direction: Direction, want: Want): Promise<void> {
    const controller = this.activeTile?.controller;
    if (!controller) return;
    try {
      const ms = await controller.find(direction, want, this.isLive ? this.app.now() : this.time);
      if (ms !== null) this.seek(ms);
      else this.app.toast({ text: this.t(`player.no_${want}_${direction}`) });
    } catch (error) {
      this.app.toastError(error);
    }
  }

  private setSpeed(speed: number): void {
    // Still pictures have no common clock
    const most = this.group ? PLAYED.at(-1)! : Infinity;
    this.speed = Math.min(speed, most);
    if (this.group) this.group.setRate(this.speed);
    else this.lead?.setSpeed(this.speed);
    if (!this.group && this.lead && !isSlideShow(speed)) this.speed = this.lead.speed;
  }

  private setSound(sound: Sound): void {
    this.sound = sound;
    keepSound(sound);
  }

  private pick(camera: CameraKey | undefined): void {
    if (camera === undefined || camera === this.active) return;
    this.active = camera;
    this.dispatchEvent(new CustomEvent("pick", { detail: { camera } }));
  }

  private async float(): Promise<void> {
    const video = this.activeTile?.video;
    try {
      if (video) await float(video);
    } catch {
      this.app.toast({ text: this.t("player.no_pip"), tone: "error" });
    }
  }

  private async snapshot(): Promise<void> {
    const tile = this.activeTile;
    const ms = tile?.controller.pictureMs ?? NaN;
    const { app } = this;
    const name = tile && snapshotName(app.cameraName(tile.camera), ms || app.now(), app.zone.name);
    const isSaved = tile?.video && name && (await saveSnapshot(tile.video, name));
    app.toast({ text: this.t(isSaved ? "player.snapshot_saved" : "player.snapshot_none") });
  }

  // --- Touch and mouse on a picture --------------------------------------------------------

  private readonly tappedTile = (event: PointerEvent): void => {
    const tile = event.currentTarget as VtrackPlayerTile;
    const isOnButton = event.composedPath().some((each) => (each as Element).localName === "vtrack-button");
    if (isOnButton || event.button !== 0) return;
    this.touchedAt = performance.now();
    if (tile.camera !== this.activeCamera) {
      this.pick(tile.camera);
      return;
    }
    const { left, width } = tile.getBoundingClientRect();
    const x = (event.clientX - left) / width;
    const isDouble = this.tapped && event.timeStamp - this.tapped.at < DOUBLE_MS;
    if (isDouble) {
      this.tapped = undefined;
      this.doubleTapped(x, event.pointerType);
    } else {
      this.tapped = { at: event.timeStamp, x };
    }
    this.requestUpdate();
  };

  private doubleTapped(x: number, pointer: string): void {
    if (pointer === "mouse" || (x > 1 / 3 && x < 2 / 3)) void this.full.toggle();
    else this.by(x < 0.5 ? -TAP_SECONDS : TAP_SECONDS);
  }

  // --- Inside ------------------------------------------------------------------------------

  private get activeCamera(): CameraKey | undefined {
    return this.cameras.includes(this.active ?? "") ? this.active : this.cameras[0];
  }

  private get activeTile(): VtrackPlayerTile | undefined {
    return [...this.tiles].find(({ camera }) => camera === this.activeCamera);
  }

  /** The camera that a single player plays. */
  private get lead(): PlayerController | undefined {
    return this.activeTile?.controller;
  }

  /** Do it now, or as soon as the tiles are there. */
  private whenReady(act: () => void): void {
    if (this.hasUpdated && this.tiles.length === this.cameras.length && !this.isUpdatePending) {
      act();
      return;
    }
    // Of several wishes before the first picture, the last one counts
    this.wanted = act;
    this.requestUpdate();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.full.connect();
    this.goOn();
    this.requestUpdate();
    this.sizes.observe(this);
    this.timer = setInterval(() => this.tell(), TELL_MS);
    this.addEventListener("pointermove", this.moved);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.full.disconnect();
    this.sizes.disconnect();
    clearInterval(this.timer);
    this.removeEventListener("pointermove", this.moved);
    this.group?.destroy();
    this.group = undefined;
  }

  private readonly moved = (): void => {
    this.touchedAt = performance.now();
  };

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("cameras") || changed.has("gaps")) this.goOn();
  }

  /** Other cameras, and those of an element that was moved, go on at the moment shown before. */
  private goOn(): void {
    if (!this.hasUpdated || this.wanted) return;
    const { t, playing, live } = this.shown;
    if (live) this.wanted = () => this.goLive();
    else if (Number.isFinite(t)) this.wanted = () => this.seek(t, playing);
  }

  override updated(changed: PropertyValues<this>): void {
    const isOther = changed.has("cameras") || changed.has("gaps");
    if (isOther || (!this.group && this.needsGroup)) this.gather();
    if (this.wanted) void this.afterTiles();
  }

  private async afterTiles(): Promise<void> {
    await Promise.all([...this.tiles].map((tile) => tile.updateComplete));
    const act = this.wanted;
    this.wanted = undefined;
    if (this.isConnected) act?.();
  }

  private get needsGroup(): boolean {
    return this.tiles.length > 1 || (this.gaps === "wait" && this.tiles.length > 0);
  }

  /** Make a clock for several tiles, or let the single one go by itself. */
  private gather(): void {
    this.group?.destroy();
    this.group = undefined;
    if (!this.needsGroup) return;
    this.group = new SyncGroup();
    this.setSpeed(this.speed);
  }

  private tell(isForced = false): void {
    if (!this.hasUpdated) return;
    const t = this.time;
    const { isPlaying: playing, isLive: live } = this;
    const told = `${Math.round(t)} ${playing} ${live}`;
    if (this.loop && playing && t >= this.loop.to) {
      this.seek(this.loop.from, true);
      return;
    }
    if (told === this.told && !isForced) return;
    this.told = told;
    this.shown = { t, playing, live };
    this.dispatchEvent(new CustomEvent("time", { detail: this.shown }));
    this.requestUpdate();
  }

  private readonly tileChanged = (event: Event): void => {
    const tile = event.target as VtrackPlayerTile;
    if (tile.camera === this.activeCamera && !this.group) {
      const { state, shownMs } = tile.controller;
      const isAtEnd = state.phase === "end";
      if (isAtEnd && !this.wasAtEnd) {
        this.dispatchEvent(new CustomEvent("ended", { detail: { t: shownMs } }));
      }
      this.wasAtEnd = isAtEnd;
    }
    this.requestUpdate();
  };

  override render() {
    const isOver = this.full.isOn || this.isLow;
    const isResting = isOver && this.isPlaying && performance.now() - this.touchedAt > RESTING_MS;
    return html`<div
      class="player"
      ?data-full=${this.full.isOn}
      ?data-over=${isOver}
      ?data-resting=${isResting}
    >
      <div class="tiles" data-count=${this.cameras.length}>
        ${this.cameras.map(
          (camera) =>
            html`<vtrack-player-tile
              .camera=${camera}
              ?named=${this.cameras.length > 1}
              class=${camera === this.activeCamera && this.cameras.length > 1 ? "active" : ""}
              .sound=${{
                ...this.sound,
                muted: this.sound.muted || camera !== this.activeCamera,
              }}
              @state=${this.tileChanged}
              @muted=${() => (this.sound = { ...this.sound, muted: true })}
              @pointerup=${this.tappedTile}
            ></vtrack-player-tile>`,
        )}
      </div>
      ${this.bare && !this.full.isOn ? nothing : this.renderControls()}
    </div>`;
  }

  private renderControls() {
    const tile = this.hasUpdated ? this.activeTile : undefined;
    return html`<vtrack-player-controls
      .time=${this.hasUpdated ? this.time : NaN}
      .camera=${this.activeCamera}
      .playing=${this.hasUpdated && this.isPlaying}
      .live=${this.hasUpdated && this.isLive}
      .speed=${this.speed}
      .fastest=${this.cameras.length > 1 ? PLAYED.at(-1)! : Infinity}
      .sound=${this.sound}
      .full=${this.full.isOn}
      .video=${tile?.video}
      @act=${(event: CustomEvent<Act>) => void this.act(event.detail)}
      @speed=${(event: CustomEvent<number>) => this.setSpeed(event.detail)}
      @volume=${(event: CustomEvent<number>) =>
        this.setSound({ muted: event.detail === 0, volume: event.detail })}
      @live=${() => this.goLive()}
      @download=${() => void tile?.download()}
    ></vtrack-player-controls>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "vtrack-player": VtrackPlayer;
  }
}

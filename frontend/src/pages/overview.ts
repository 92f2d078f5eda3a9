import { html, nothing } from "lit";
import { state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { mdiCctv, mdiDotsVertical, mdiMagnify, mdiPause, mdiPlay, mdiSync } from "@mdi/js";
import type { Camera, CameraStatus, Fetching, Key, Nvr, NvrStatus, StorageRow } from "../api/types";
import { base, fields } from "../styles/base";
import { element } from "../ui/element";
import type { MenuItem } from "../ui/menu";
import "../ui/menu";
import { VtrackElement } from "../ui/vtrack-element";
import { cameraWords, fixOf, urgency } from "./model/camera_words";
import "./parts/camera_tile";
import { DayBars } from "./parts/day_bars";
import "./parts/notices";
import { ADD_PATH } from "./parts/paths";
import { pageStyles } from "./parts/page_styles";
import { overviewStyles } from "./parts/overview_styles";
import "./parts/storage_meter";
import { counted } from "../i18n/counted";
import { fixButton, lasts, moment, writing } from "./parts/words";

const SEARCH_FROM = 9;

/** The first page: every camera at a glance, then what is being done, and where it is kept. */
@element("vtrack-page-overview")
export class VtrackPageOverview extends VtrackElement {
  @state() private search = "";
  @state() private onlyProblems = false;
  protected readonly seen = this.select(({ info, cameras, nvrs, library, fetching, storages }) => [
    info,
    cameras,
    nvrs,
    library,
    fetching,
    storages,
  ]);
  private readonly bars = new DayBars(this);

  static override styles = [base, fields, pageStyles, overviewStyles];

  override render() {
    const { info } = this.app.store.state;
    if (!info) return this.skeleton();
    if (!info.cameras.length) return this.nothing(info.nvrs);
    return html`<div class="page"><vtrack-notices></vtrack-notices>${this.summary()} ${this.tiles(info.cameras)} ${this.fetchingNow()} ${this.below(info.nvrs)}</div>`;
  }

  // Summary

  private summary() {
    const { app } = this;
    const { library, nvrs, cameras, info } = app.store.state;
    const sums = library.library;
    const known = info?.nvrs.filter((nvr) => !nvr.is_former) ?? [];
    const well = known.filter((nvr) => nvrs[nvr.key]?.is_online !== false && !nvrs[nvr.key]?.problem).length;
    const percent = this.coverage(Object.values(cameras));
    return html`<header class="summary card">
      <dl>
        ${this.stat("kept", sums ? app.formats.bytes(sums.bytes) : null, sums ? counted(app, "clips", sums.clips) : "")}
        ${this.stat(
          "space",
          sums?.free_bytes == null ? null : app.formats.bytes(sums.free_bytes),
          sums?.days_left == null ? "" : (lasts(app, sums.days_left) ?? this.t("overview.summary.space_loop")),
        )}
        ${this.stat("coverage", percent === null ? null : app.formats.percent(percent), this.t("overview.summary.coverage_note"))}
        ${this.stat(
          "nvrs",
          this.t("overview.summary.nvrs_value", { well: app.formats.number(well), all: app.formats.number(known.length) }),
          well === known.length ? this.t("overview.summary.nvrs_all") : this.t("overview.summary.nvrs_note"),
          well < known.length,
        )}
      </dl>
      ${this.mayControl() ? this.actions() : nothing}
    </header>`;
  }

  private stat(key: string, value: string | null, note: string, isBad = false) {
    return html`<div class="stat ${isBad ? "isbad" : ""}">
      <dt>${this.t(`overview.summary.${key}`)}</dt>
      <dd>
        <span class="value num">${value ?? this.t("overview.summary.unknown")}</span>
        ${note ? html`<span class="under">${note}</span>` : nothing}
      </dd>
    </div>`;
  }

  /** Kept of what was expected, all cameras together. */
  private coverage(statuses: readonly CameraStatus[]): number | null {
    let kept = 0;
    let expected = 0;
    for (const status of statuses) {
      if (status.coverage_percent === null || status.coverage_percent <= 0) {
        expected += status.backlog_s + status.failed_s + status.lost_s;
        continue;
      }
      kept += status.kept_s;
      expected += (100 * status.kept_s) / status.coverage_percent;
    }
    return expected > 0 ? Math.min(1, kept / expected) : null;
  }

  private mayControl(): boolean {
    return this.app.store.state.info?.cameras.some((camera) => camera.may_control) ?? false;
  }

  private actions() {
    const isPaused = Object.values(this.app.store.state.nvrs).some((nvr) => nvr.is_paused);
    const items: MenuItem[] = [{ id: "full", label: this.t("overview.sync_full"), icon: mdiSync }];
    if (this.app.isAdmin) {
      items.push(
        isPaused
          ? { id: "resume", label: this.t("sync.resume"), icon: mdiPlay, divided: true }
          : { id: "pause", label: this.t("overview.pause_hour"), icon: mdiPause, divided: true },
      );
    }
    return html`<div class="actions">
      ${isPaused
        ? html`<vtrack-button look="primary" .icon=${mdiPlay} .label=${this.t("sync.resume")} @click=${() => this.run("resume")}></vtrack-button>`
        : html`<vtrack-button look="primary" .icon=${mdiSync} .label=${this.t("overview.sync_now")} @click=${() => this.run("sync")}></vtrack-button>`}
      <vtrack-menu .items=${items} .label=${this.t("overview.more")} @chosen=${(event: CustomEvent<{ id: string }>) => this.run(event.detail.id)}>
        <vtrack-button look="text" icon-only has-popup="menu" .icon=${mdiDotsVertical} .label=${this.t("overview.more")}></vtrack-button>
      </vtrack-menu>
    </div>`;
  }

  private run(what: string): void {
    const { api } = this.app;
    const [done, text] =
      what === "pause"
        ? [api.pause(), "sync.pausing"]
        : what === "resume"
          ? [api.resume(), "sync.resuming"]
          : [api.sync(undefined, what === "full" ? true : undefined), "overview.sync_started"];
    done.then(() => this.app.toast({ text: this.t(text) })).catch((error: unknown) => this.app.toastError(error));
  }

  // Cameras

  private isTroubled(camera: Camera): boolean {
    const { cameras, nvrs } = this.app.store.state;
    const words = cameraWords(camera, cameras[camera.key] ?? null, nvrs[camera.nvr] ?? null, this.app.isAdmin, writing(this.app));
    return urgency(words.tone) < 2;
  }

  private tiles(all: readonly Camera[]) {
    const { cameras, nvrs, fetching } = this.app.store.state;
    const troubled = all.filter((camera) => this.isTroubled(camera));
    const wanted = this.search.trim().toLocaleLowerCase(this.app.hass.language);
    const isFiltered = this.onlyProblems && troubled.length > 0;
    const shown = (isFiltered ? troubled : all).filter(
      ({ name, nvr_name }) => !wanted || `${name} ${nvr_name}`.toLocaleLowerCase(this.app.hass.language).includes(wanted),
    );
    this.bars.want(this.app, all.filter((camera) => !camera.is_former).map(({ key }) => key));
    const now = this.bars.now(this.app);
    return html`<section aria-labelledby="cameras">
      <div class="head">
        <h2 id="cameras">${this.t("overview.cameras")}</h2>
        ${troubled.length && troubled.length < all.length
          ? html`<vtrack-chip
              .label=${this.t("overview.only_problems", { count: this.app.formats.number(troubled.length) })}
              ?selected=${isFiltered}
              @click=${() => (this.onlyProblems = !this.onlyProblems)}
            ></vtrack-chip>`
          : nothing}
        ${all.length >= SEARCH_FROM
          ? html`<label class="search">
              <vtrack-icon .path=${mdiMagnify}></vtrack-icon>
              <input
                type="search"
                .value=${this.search}
                placeholder=${this.t("overview.search")}
                aria-label=${this.t("overview.search")}
                @input=${(event: InputEvent) => (this.search = (event.target as HTMLInputElement).value)}
              />
            </label>`
          : nothing}
      </div>
      <ul class="tiles" data-count=${Math.min(shown.length, 5)}>
        ${repeat(
          shown,
          ({ key }) => key,
          (camera) => html`<li>
            <vtrack-camera-tile
              .camera=${camera}
              .status=${cameras[camera.key] ?? null}
              .nvr=${nvrs[camera.nvr] ?? null}
              .fetching=${fetching[camera.key] ?? null}
              .today=${this.bars.of(camera.key)}
              .now=${now}
            ></vtrack-camera-tile>
          </li>`,
        )}
      </ul>
      ${shown.length ? nothing : html`<p class="note" role="status">${this.t("overview.nothing_found")}</p>`}
    </section>`;
  }

  // What is being done

  private fetchingNow() {
    const { fetching, cameras } = this.app.store.state;
    const rows = Object.entries(fetching);
    const waiting = Object.values(cameras).reduce((sum, status) => sum + status.backlog_s, 0);
    return html`<section aria-labelledby="fetching">
      <div class="head">
        <h2 id="fetching">${this.t("overview.fetching.title")}</h2>
        <vtrack-button look="text" .label=${this.t("overview.fetching.queue")} .href=${this.app.router.href("sync")}></vtrack-button>
      </div>
      <div class="card rows">
        ${rows.length
          ? rows.map(([key, fetch]) => this.fetchRow(key, fetch))
          : html`<div class="row">
              <span class="muted">${this.t("overview.fetching.nothing")}</span>
            </div>`}
        ${waiting >= 1
          ? html`<div class="row small muted num">
              ${this.t("sync.waiting_sum", { duration: this.app.formats.duration(waiting * 1000, "long") })}
            </div>`
          : nothing}
      </div>
    </section>`;
  }

  private fetchRow(key: Key, fetch: Fetching) {
    const { formats } = this.app;
    const left = fetch.seconds_left === null ? "" : this.t("overview.fetching.left", { duration: formats.duration(fetch.seconds_left * 1000) });
    return html`<div class="row fetch">
      <span class="name">${this.app.cameraName(key)}</span>
      <span class="num">${formats.range(fetch.start_ms, fetch.end_ms)}</span>
      <vtrack-progress class="grow" .value=${fetch.done} .label=${this.app.cameraName(key)}></vtrack-progress>
      <span class="num percent">${formats.percent(Math.min(0.99, fetch.done))}</span>
      <span class="num muted small tail"
        >${formats.bytes(fetch.bytes)}${fetch.speed > 0
          ? html` · ${this.t("overview.fetching.speed", { speed: formats.number(fetch.speed, fetch.speed < 10 ? 1 : 0) })}`
          : nothing}${left ? html` · ${left}` : nothing}</span
      >
    </div>`;
  }

  // NVRs and storages

  private below(nvrs: readonly Nvr[]) {
    const known = nvrs.filter((nvr) => !nvr.is_former);
    const storages = Object.values(this.app.store.state.storages);
    return html`<div class="columns">
      ${known.length
        ? html`<section aria-labelledby="nvrs">
            <div class="head"><h2 id="nvrs">${this.t("overview.nvrs.title")}</h2></div>
            <ul class="card rows">
              ${known.map((nvr) => html`<li class="row">${this.nvrRow(nvr)}</li>`)}
            </ul>
          </section>`
        : nothing}
      ${storages.length
        ? html`<section aria-labelledby="storages">
            <div class="head"><h2 id="storages">${this.t("overview.storages")}</h2></div>
            <ul class="card rows">
              ${storages.map((storage) => html`<li class="row">${this.storageRow(storage)}</li>`)}
            </ul>
          </section>`
        : nothing}
    </div>`;
  }

  private nvrRow(nvr: Nvr) {
    const { app } = this;
    const status = app.store.state.nvrs[nvr.key];
    const count = app.store.state.info?.cameras.filter((camera) => camera.nvr === nvr.key).length ?? 0;
    const model = [nvr.manufacturer, nvr.model].filter(Boolean).join(" ");
    const problem = status?.problem ?? null;
    const tone = problem || status?.is_online === false ? "bad" : status?.is_paused ? "off" : "good";
    return html`<div class="grow">
        <p class="name">${nvr.name}</p>
        <p class="meta">
          ${model && model !== nvr.name ? html`<span>${model}</span>` : nothing}
          <span>${counted(app, "cameras", count)}</span>
          ${status ? html`<span>${this.clock(status)}</span>` : nothing}
          ${status ? html`<span>${this.swept(status)}</span>` : nothing}
        </p>
        ${problem ? html`<p class="problem small">${this.t("sentence.blocked_since", { moment: moment(app, problem.since_ms), reason: app.t(`reason.${problem.kind}`) })}</p>` : nothing}
      </div>
      ${problem
        ? fixButton(app, fixOf(problem), () => this.run("sync"))
        : html`<span class="chip ${tone}">${this.t(tone === "good" ? "overview.nvrs.answers" : tone === "off" ? "camera_state.paused" : "camera_state.offline")}</span>`}`;
  }

  private clock(status: NvrStatus): string {
    const offset = status.clock_offset_ms;
    if (offset === null) return "";
    const isRight = Math.abs(offset) < 2000;
    return isRight ? this.t("overview.nvrs.clock_right") : this.t("overview.nvrs.clock_off", { duration: this.app.formats.duration(Math.abs(offset)) });
  }

  private swept(status: NvrStatus): string {
    const { last_sweep_ms: last } = status;
    return last === null ? this.t("overview.nvrs.never") : this.t("overview.nvrs.last_sweep", { moment: moment(this.app, last) });
  }

  private storageRow(storage: StorageRow) {
    return html`<vtrack-storage-meter class="grow" .storage=${storage} brief></vtrack-storage-meter>`;
  }

  // Nothing yet

  private nothing(nvrs: readonly Nvr[]) {
    const isFirst = this.app.isAdmin && nvrs.length === 0;
    const key = isFirst ? "no_nvr" : nvrs.length === 0 ? "no_nvr_person" : "no_cameras";
    return html`<div class="page">
      <div class="card">
        <vtrack-empty .icon=${mdiCctv} .heading=${this.t(`empty.${key}.title`)} .text=${this.t(`empty.${key}.text`)}>
          <vtrack-button look="primary" .label=${this.t(`empty.${key}.button`)} .href=${isFirst ? ADD_PATH : "/"}></vtrack-button>
        </vtrack-empty>
      </div>
    </div>`;
  }

  private skeleton() {
    return html`<div class="page" aria-busy="true">
      <vtrack-skeleton style="block-size: 104px; border-radius: var(--vt-radius)"></vtrack-skeleton>
      <div class="tiles" data-count="5">
        ${[1, 2, 3, 4, 5, 6].map(() => html`<vtrack-skeleton style="block-size: 300px; border-radius: var(--vt-radius)"></vtrack-skeleton>`)}
      </div>
      <span class="hidden-text" role="status">${this.t("trouble.loading")}</span>
    </div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "vtrack-page-overview": VtrackPageOverview;
  }
}

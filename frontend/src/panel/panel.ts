import { ContextProvider } from "@lit/context";
import { LitElement, type PropertyValues, html, nothing } from "lit";
import { property, state } from "lit/decorators.js";
import {
  mdiAlertCircleOutline,
  mdiChartTimeline,
  mdiDotsHorizontal,
  mdiExportVariant,
  mdiFilmstripBoxMultiple,
  mdiHarddisk,
  mdiLanDisconnect,
  mdiMenu,
  mdiSync,
  mdiViewDashboardOutline,
} from "@mdi/js";
import { errorText } from "../api/errors";
import type { Hass } from "../api/hass";
import { App, appContext } from "../store/app";
import { Select } from "../store/select";
import { base } from "../styles/base";
import { tokens } from "../styles/tokens";
import { element } from "../ui/element";
import "../ui/button";
import "../ui/menu";
import "../ui/states";
import "../ui/toasts";
import "../pages/timeline";
import { loadPages } from "./load-pages";
import { panelStyles } from "./panel-styles";
import { PAGES, type Page } from "./router";

const ICONS: Record<Page, string> = {
  overview: mdiViewDashboardOutline,
  timeline: mdiChartTimeline,
  recordings: mdiFilmstripBoxMultiple,
  exports: mdiExportVariant,
  sync: mdiSync,
  storage: mdiHarddisk,
};
/** What a phone's bar has room for; the rest is behind "more". */
const ON_PHONE = 4;

/** The panel as Home Assistant makes it. It may be torn down at any time: all is in the address. */
@element("vtrack-nvr-panel")
export class VtrackNvrPanel extends LitElement {
  @property({ attribute: false }) hass?: Hass;
  @property({ type: Boolean, reflect: true }) narrow = false;
  @property({ attribute: false }) route?: { prefix: string; path: string };
  @state() private app?: App;
  @state() private pages: "loading" | "here" | "failed" = "loading";
  private readonly provider = new ContextProvider(this, { context: appContext });
  private readonly view = new Select(
    this,
    () => this.app?.store,
    ({ link, error, info }) => ({ link, error, known: info !== undefined }),
  );

  static override styles = [tokens, base, panelStyles];

  override willUpdate(changed: PropertyValues<this>): void {
    if (!this.hass) return;
    // First: those that draw read their colours anew when the app says that it changed.
    this.toggleAttribute("dark", this.hass.themes.darkMode);
    if (!this.app) {
      this.app = new App(this.hass);
      this.provider.setValue(this.app);
      this.begin();
    } else if (changed.has("hass")) {
      this.app.update(this.hass);
    }
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.app) this.begin();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.app?.removeEventListener("changed", this.renderAnew);
    this.app?.router.removeEventListener("moved", this.renderAnew);
    this.app?.router.stop();
    this.app?.stop();
  }

  private begin(): void {
    this.app!.addEventListener("changed", this.renderAnew);
    this.app!.router.addEventListener("moved", this.renderAnew);
    this.app!.router.listen();
    this.app!.start();
    this.bringPages();
  }

  private readonly bringPages = (): void => {
    this.pages = "loading";
    loadPages().then(
      () => (this.pages = "here"),
      () => (this.pages = "failed"),
    );
  };

  private readonly renderAnew = (): void => this.requestUpdate();

  private readonly toggleSidebar = (): void => {
    this.dispatchEvent(new CustomEvent("hass-toggle-menu", { bubbles: true, composed: true }));
  };

  override render() {
    if (!this.app) return nothing;
    const { page } = this.app.router.place;
    return html`<header>
        <button class="burger" aria-label=${this.app.t("panel.sidebar")} @click=${this.toggleSidebar}>
          <vtrack-icon .path=${mdiMenu}></vtrack-icon>
        </button>
        <h1>${this.app.t("panel.title")}</h1>
        <nav aria-label=${this.app.t("panel.pages")}>${PAGES.map((each) => this.link(each))}</nav>
      </header>
      ${this.banner()}
      <main>${this.body(page)}</main>
      <nav class="bar" aria-label=${this.app.t("panel.pages")}>
        ${PAGES.slice(0, ON_PHONE).map((each) => this.link(each))}${this.more(page)}
      </nav>
      <vtrack-toasts></vtrack-toasts>`;
  }

  private link(page: Page) {
    const app = this.app!;
    const current = app.router.place.page === page;
    return html`<a href=${app.router.href(page)} aria-current=${current ? "page" : nothing}>
      <vtrack-icon .path=${ICONS[page]}></vtrack-icon><span>${app.t(`panel.${page}`)}</span>
    </a>`;
  }

  private more(page: Page) {
    const app = this.app!;
    const rest = PAGES.slice(ON_PHONE);
    const items = rest.map((each) => ({
      id: each,
      label: app.t(`panel.${each}`),
      icon: ICONS[each],
    }));
    return html`<vtrack-menu
      .items=${items}
      .label=${app.t("panel.more")}
      @chosen=${(event: CustomEvent<{ id: Page }>) => app.router.go(event.detail.id)}
    >
      <button class="more" aria-haspopup="menu" aria-current=${rest.includes(page) ? "page" : nothing}>
        <vtrack-icon .path=${mdiDotsHorizontal}></vtrack-icon><span>${app.t("panel.more")}</span>
      </button>
    </vtrack-menu>`;
  }

  private banner() {
    if (this.view.value?.link !== "lost" || !this.view.value.known) return nothing;
    return html`<div class="banner" role="status">
      <vtrack-icon .path=${mdiLanDisconnect}></vtrack-icon>${this.app!.t("panel.reconnecting")}
    </div>`;
  }

  private body(page: Page) {
    const { link, error, known } = this.view.value!;
    if (!known && (link === "failed" || link === "lost")) {
      return html`<vtrack-empty
        tone="error"
        .icon=${link === "lost" ? mdiLanDisconnect : mdiAlertCircleOutline}
        .heading=${this.app!.t(`panel.${link}`)}
        .text=${error && link === "failed" ? errorText(error, this.app!.texts) : ""}
      >
        <vtrack-button
          look="primary"
          .label=${this.app!.t("common.try_again")}
          @click=${this.app!.link.retry}
        ></vtrack-button>
      </vtrack-empty>`;
    }
    if (page !== "timeline" && this.pages === "failed") {
      return html`<vtrack-empty
        tone="error"
        .icon=${mdiLanDisconnect}
        .heading=${this.app!.t("panel.lost")}
      >
        <vtrack-button
          look="primary"
          .label=${this.app!.t("common.try_again")}
          @click=${this.bringPages}
        ></vtrack-button>
      </vtrack-empty>`;
    }
    const isHere = page === "timeline" || this.pages === "here";
    if (!known || !this.app!.texts.loaded || !isHere) {
      return html`<div class="skeletons" aria-busy="true">
        ${Array.from({ length: 6 }, () => html`<vtrack-skeleton></vtrack-skeleton>`)}
      </div>`;
    }
    switch (page) {
      case "overview":
        return html`<vtrack-page-overview></vtrack-page-overview>`;
      case "timeline":
        return html`<vtrack-page-timeline .narrow=${this.narrow}></vtrack-page-timeline>`;
      case "recordings":
        return html`<vtrack-page-recordings></vtrack-page-recordings>`;
      case "exports":
        return html`<vtrack-page-exports></vtrack-page-exports>`;
      case "sync":
        return html`<vtrack-page-sync></vtrack-page-sync>`;
      case "storage":
        return html`<vtrack-page-storage></vtrack-page-storage>`;
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "vtrack-nvr-panel": VtrackNvrPanel;
  }
}

import { css, html, nothing } from "lit";
import { property, state } from "lit/decorators.js";
import {
  mdiChevronDown,
  mdiFilterVariant,
  mdiLock,
  mdiMagnify,
} from "@mdi/js";
import { EVENT_CLASSES } from "../../api/types";
import { base, fields } from "../../styles/base";
import { element } from "../../ui/element";
import { EVENT_ICONS } from "../../ui/event_icons";
import "../../ui/menu";
import "../../ui/states";
import { VtrackElement } from "../../ui/vtrack-element";
import { type Filter, NO_FILTER, SOURCES, STATES, countLimits, toggle } from "../model/filter";
import { counted } from "../../i18n/counted";

const TYPING_MS = 350;

/** What is to be listed. Dispatches `filtered` with the new filter as its detail. */
@element("vtrack-filter-bar")
export class VtrackFilterBar extends VtrackElement {
  @property({ attribute: false }) filter: Filter = NO_FILTER;
  @state() private isOpen = false;
  private timer?: ReturnType<typeof setTimeout>;

  static override styles = [
    base,
    fields,
    css`
      :host {
        display: block;
        container: filters / inline-size;
      }

      .lines {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--vt-s2);
      }

      .search {
        position: relative;
        display: grid;
        flex: 1 1 auto;
        max-inline-size: 340px;
        color: var(--vt-text-2);
      }

      .search vtrack-icon {
        position: absolute;
        inset-inline-start: 10px;
        inset-block-start: calc(50% - 10px);
        pointer-events: none;
      }

      /* As wide as the words in it: they are never cut. */
      .search span {
        grid-area: 1 / 1;
        block-size: 0;
        padding-inline: 36px 12px;
        visibility: hidden;
        white-space: nowrap;
      }

      .search input {
        grid-area: 1 / 1;
        inline-size: 100%;
        min-inline-size: 0;
        padding-inline-start: 36px;
        color: var(--vt-text);
      }

      .dates {
        display: flex;
        align-items: center;
        gap: 6px;
        color: var(--vt-text-2);
      }

      input[type="date"] {
        inline-size: 134px;
        padding-inline: 8px 4px;
        color: var(--vt-text);
      }

      select {
        field-sizing: content;
        min-inline-size: 136px;
        max-inline-size: 240px;
      }

      @supports (field-sizing: content) {
        select {
          inline-size: auto;
          min-inline-size: 136px;
          field-sizing: content;
        }
      }

      .pick {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: var(--vt-s2);
        inline-size: 100%;
        min-inline-size: 140px;
        max-inline-size: 200px;
        min-block-size: var(--vt-target);
        padding-inline: 10px 6px;
        border: 1px solid var(--vt-line-strong);
        border-radius: var(--vt-radius-s);
        background: var(--vt-soft);
        cursor: pointer;
      }

      .opener {
        display: none;
      }

      .rest {
        display: contents;
      }

      /* They follow in the same lines, wherever the fields before end. */
      .chips {
        display: contents;
      }

      @container filters (inline-size < 700px) {
        .search {
          max-inline-size: none;
        }

        .opener {
          display: inline-flex;
        }

        .rest:not(.open) {
          display: none;
        }

        .dates,
        .rest > vtrack-menu {
          flex-basis: 100%;
        }

        .pick {
          max-inline-size: none;
        }

        input[type="date"] {
          flex: 1;
          inline-size: auto;
        }

        select {
          flex: 1 1 40%;
          max-inline-size: none;
        }

        .chips {
          display: flex;
          flex-basis: 100%;
          gap: var(--vt-s2);
          overflow-x: auto;
          margin-inline: calc(-1 * var(--vt-s3));
          padding-inline: var(--vt-s3);
          scrollbar-width: none;
        }
      }
    `,
  ];

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.timer);
  }

  private change(part: Partial<Filter>): void {
    clearTimeout(this.timer);
    this.filter = { ...this.filter, ...part };
    this.dispatchEvent(new CustomEvent("filtered", { detail: this.filter }));
  }

  private typed(event: InputEvent): void {
    const text = (event.target as HTMLInputElement).value.slice(0, 100);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.change({ text }), TYPING_MS);
  }

  override render() {
    const { filter } = this;
    const count = countLimits(filter);
    const word = (key: string): string => this.t(`recordings.${key}`);
    return html`<div class="lines" role="search">
      <label class="search">
        <vtrack-icon .path=${mdiMagnify}></vtrack-icon>
        <span aria-hidden="true">${word("search")}</span>
        <input type="search" maxlength="100" .value=${filter.text} placeholder=${word("search")} aria-label=${word("search")} @input=${this.typed} />
      </label>
      <vtrack-button
        class="opener"
        .icon=${mdiFilterVariant}
        .label=${count ? this.t("recordings.filters_set", { count }) : word("filters")}
        .expanded=${this.isOpen}
        @click=${() => (this.isOpen = !this.isOpen)}
      ></vtrack-button>
      <div class="rest ${this.isOpen ? "open" : ""}">
        ${this.cameras()} ${this.dates()} ${this.choice("source", SOURCES, "sources")} ${this.choice("state", this.states(), "states")}
        ${this.chips(count > 0)}
      </div>
    </div>`;
  }

  private states(): readonly string[] {
    return this.app.isAdmin ? STATES : STATES.filter((state) => state !== "trashed");
  }

  private cameras() {
    const { cameras } = this.filter;
    const all = this.app.store.state.info?.cameras ?? [];
    if (all.length < 2) return nothing;
    const label =
      cameras.length === 0
        ? this.t("recordings.all_cameras")
        : cameras.length === 1
          ? this.app.cameraName(cameras[0]!)
          : counted(this.app, "cameras", cameras.length);
    const items = all.map(({ key, name, nvr_name }) => ({
      id: key,
      label: name,
      hint: all.some((other) => other.key !== key && other.name === name) ? nvr_name : undefined,
      checked: cameras.includes(key),
    }));
    return html`<vtrack-menu
      sticky
      side="below-start"
      .items=${items}
      .label=${this.t("recordings.cameras")}
      @chosen=${(event: CustomEvent<{ id: string }>) => this.change({ cameras: toggle(cameras, event.detail.id) })}
    >
      <button class="pick" type="button" aria-haspopup="menu">
        <span class="truncate">${label}</span><vtrack-icon .path=${mdiChevronDown}></vtrack-icon>
      </button>
    </vtrack-menu>`;
  }

  private dates() {
    const { from, to } = this.filter;
    const date = (key: "from" | "to", value: string, least: string, most: string) =>
      html`<input
        type="date"
        aria-label=${this.t(`recordings.${key}`)}
        .value=${value}
        min=${least || nothing}
        max=${most || nothing}
        @change=${(event: Event) => this.change({ [key]: (event.target as HTMLInputElement).value })}
      />`;
    return html`<span class="dates">
      ${date("from", from, "", to)}<span aria-hidden="true">–</span>${date("to", to, from, "")}
    </span>`;
  }

  private choice(name: "source" | "state", values: readonly string[], texts: string) {
    return html`<select
      aria-label=${this.t(`recordings.${name}`)}
      .value=${this.filter[name]}
      @change=${(event: Event) => this.change({ [name]: (event.target as HTMLSelectElement).value })}
    >
      <option value="" ?selected=${this.filter[name] === ""}>${this.t(`recordings.any_${name}`)}</option>
      ${values.map(
        (value) => html`<option value=${value} ?selected=${this.filter[name] === value}>${this.t(`recordings.${texts}.${value}`)}</option>`,
      )}
    </select>`;
  }

  private chips(isLimited: boolean) {
    const { event: chosen, isProtected } = this.filter;
    return html`<div class="chips" role="group" aria-label=${this.t("recordings.events")}>
      ${EVENT_CLASSES.map(
        (event) =>
          html`<vtrack-chip
            .icon=${EVENT_ICONS[event]}
            .label=${this.t(`event.${event}`)}
            ?selected=${chosen === event}
            @click=${() => this.change({ event: chosen === event ? "" : event })}
          ></vtrack-chip>`,
      )}
      <vtrack-chip
        .icon=${mdiLock}
        .label=${this.t("recordings.protected")}
        ?selected=${isProtected}
        @click=${() => this.change({ isProtected: !isProtected })}
      ></vtrack-chip>
      ${isLimited
        ? html`<vtrack-button look="text" compact .label=${this.t("recordings.clear")} @click=${() => this.change(NO_FILTER)}></vtrack-button>`
        : nothing}
    </div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "vtrack-filter-bar": VtrackFilterBar;
  }
}

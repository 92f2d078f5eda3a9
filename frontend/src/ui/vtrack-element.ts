import { ContextConsumer } from "@lit/context";
import { LitElement } from "lit";
import type { Values } from "../i18n/texts";
import { appContext, type App } from "../store/app";
import { Select } from "../store/select";
import type { AppState } from "../store/state";

/**
 * The base of every element that knows the app: `this.app` from the context, `this.t` for texts,
 * `this.select` for parts of the state. Renders anew when language, formats or theme change.
 *
 * `app` is there from the first render on, because panel and card make it before they render.
 */
export abstract class VtrackElement extends LitElement {
  private readonly fromContext = new ContextConsumer(this, {
    context: appContext,
    subscribe: true,
    callback: (app) => this.attach(app),
  });
  private attached?: App;

  get app(): App {
    return this.fromContext.value!;
  }

  protected t(key: string, values?: Values): string {
    return this.app.t(key, values);
  }

  /** Make a controller that renders this element anew when the chosen part of the state changes. */
  protected select<V>(choose: (state: Readonly<AppState>) => V): Select<AppState, V> {
    return new Select(this, () => this.fromContext.value?.store, choose);
  }

  /** Called when the app is there, and with undefined when the element goes. */
  protected appChanged(_app: App | undefined): void {}

  private attach(app: App | undefined): void {
    if (app === this.attached) return;
    this.attached?.removeEventListener("changed", this.renderAnew);
    this.attached = app;
    app?.addEventListener("changed", this.renderAnew);
    this.appChanged(app);
    this.requestUpdate();
  }

  private readonly renderAnew = (): void => this.requestUpdate();

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.fromContext.value) this.attach(this.fromContext.value);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.attach(undefined);
  }

  protected override shouldUpdate(): boolean {
    return this.fromContext.value !== undefined;
  }
}

import type { ReactiveController, ReactiveControllerHost } from "lit";
import type { Equals, Store } from "./store";
import { shallowEqual } from "./store";

/**
 * Renders an element anew when a chosen part of a store changes, and only then.
 *
 * The store is asked for when the element connects, because elements get it from a context.
 */
export class Select<S extends object, V> implements ReactiveController {
  private end?: () => void;
  private store?: Store<S>;

  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly getStore: () => Store<S> | undefined,
    private readonly choose: (state: Readonly<S>) => V,
    private readonly equal: Equals<V> = shallowEqual,
  ) {
    host.addController(this);
  }

  /** The chosen part as it is now; undefined before there is a store. */
  get value(): V | undefined {
    const store = this.getStore();
    return store && this.choose(store.state);
  }

  hostUpdate(): void {
    const store = this.getStore();
    if (store === this.store) return;
    this.end?.();
    this.store = store;
    this.end = store?.select(this.choose, () => this.host.requestUpdate(), this.equal);
  }

  hostDisconnected(): void {
    this.end?.();
    this.end = undefined;
    this.store = undefined;
  }

  hostConnected(): void {
    if (this.getStore()) this.hostUpdate();
  }
}

/** One value for many readers: an EventTarget with selectors. */

export type Equals<V> = (a: V, b: V) => boolean;

/** Compare two values, and the values in two plain objects or arrays one level deep. */
export function shallowEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every(
    (key) =>
      Object.hasOwn(b, key) &&
      Object.is((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]),
  );
}

/**
 * Holds a state that is replaced, never changed in place.
 *
 * `select` calls back when what a reader chose from the state has changed. Changes made in one
 * task are told together, in a microtask.
 */
export class Store<S extends object> extends EventTarget {
  private current: S;
  private told = true;

  constructor(initial: S) {
    super();
    this.current = initial;
  }

  get state(): Readonly<S> {
    return this.current;
  }

  /** Replace the named parts of the state. */
  set(part: Partial<S> | ((state: Readonly<S>) => Partial<S>)): void {
    const change = typeof part === "function" ? part(this.current) : part;
    const keys = Object.keys(change) as (keyof S)[];
    if (keys.every((key) => Object.is(this.current[key], change[key]))) return;
    this.current = { ...this.current, ...change };
    if (!this.told) return;
    this.told = false;
    queueMicrotask(() => {
      this.told = true;
      this.dispatchEvent(new Event("change"));
    });
  }

  /** Watch a part of the state; return the function that ends it. */
  select<V>(
    choose: (state: Readonly<S>) => V,
    changed: (value: V) => void,
    equal: Equals<V> = shallowEqual,
  ): () => void {
    let last = choose(this.current);
    const look = (): void => {
      const value = choose(this.current);
      if (equal(last, value)) return;
      last = value;
      changed(value);
    };
    this.addEventListener("change", look);
    return () => this.removeEventListener("change", look);
  }
}

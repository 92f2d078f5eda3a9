/** Thumbnails and strips: fetched with the person's login, two at once, kept for a while. */

import type { Hass } from "./hass";

const KEPT = 200;
const AT_ONCE = 2;
const FAILED_FOR = 30_000;

interface Entry {
  address?: string;
  failedAt?: number;
  promise?: Promise<string | undefined>;
}

interface Wanted {
  path: string;
  resolve: (address: string | undefined) => void;
}

/** An LRU of object URLs by path. The newest wish comes first: what is looked at now. */
export class Pictures {
  private readonly entries = new Map<string, Entry>();
  private readonly wanted: Wanted[] = [];
  private busy = 0;

  constructor(private readonly owner: { readonly hass: Hass }) {}

  /** The address of a picture if it is here. */
  peek(path: string): string | undefined {
    return this.entries.get(path)?.address;
  }

  /** The address of a picture; undefined if there is none or the wish was given up. */
  get(path: string): Promise<string | undefined> {
    const entry = this.entries.get(path);
    if (entry) {
      this.entries.delete(path);
      this.entries.set(path, entry);
      if (entry.address) return Promise.resolve(entry.address);
      if (entry.promise) return entry.promise;
      if (Date.now() - (entry.failedAt ?? 0) < FAILED_FOR) return Promise.resolve(undefined);
    }
    const promise = new Promise<string | undefined>((resolve) => {
      this.wanted.push({ path, resolve });
    });
    this.entries.set(path, { promise });
    this.next();
    return promise;
  }

  /** Give up a wish that has not begun: the hand has moved on. */
  cancel(path: string): void {
    const at = this.wanted.findIndex((wish) => wish.path === path);
    if (at < 0) return;
    const [wish] = this.wanted.splice(at, 1);
    this.entries.delete(path);
    wish!.resolve(undefined);
  }

  clear(): void {
    for (const { path } of [...this.wanted]) this.cancel(path);
    for (const { address } of this.entries.values()) if (address) URL.revokeObjectURL(address);
    this.entries.clear();
  }

  private next(): void {
    while (this.busy < AT_ONCE) {
      const wish = this.wanted.pop();
      if (!wish) return;
      this.busy += 1;
      void this.load(wish).finally(() => {
        this.busy -= 1;
        this.next();
      });
    }
  }

  private async load({ path, resolve }: Wanted): Promise<void> {
    let address: string | undefined;
    try {
      const answer = await this.owner.hass.fetchWithAuth(path);
      if (answer.ok) address = URL.createObjectURL(await answer.blob());
    } catch {
      // No network: the same as no picture, and asked again later.
    }
    this.entries.set(path, address ? { address } : { failedAt: Date.now() });
    this.evict();
    resolve(address);
  }

  private evict(): void {
    for (const [path, entry] of this.entries) {
      if (this.entries.size <= KEPT) return;
      if (entry.promise) continue;
      if (entry.address) URL.revokeObjectURL(entry.address);
      this.entries.delete(path);
    }
  }
}

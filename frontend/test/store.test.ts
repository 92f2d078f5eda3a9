import { describe, expect, it, vi } from "vitest";
import { applyFeed, EMPTY_MAPS } from "../src/store/state";
import { Store } from "../src/store/store";

describe("Store", () => {
  it("tells a reader of its part once for all changes of a task", async () => {
    const store = new Store({ a: 1, b: { x: 1 } });
    const told = vi.fn();
    store.select((state) => state.b, told);
    store.set({ a: 2 });
    await Promise.resolve();
    expect(told).not.toHaveBeenCalled();
    store.set({ b: { x: 2 } });
    store.set({ b: { x: 3 } });
    await Promise.resolve();
    expect(told).toHaveBeenCalledExactlyOnceWith({ x: 3 });
  });

  it("tells nothing to a reader that has left", async () => {
    const store = new Store({ a: 1 });
    const told = vi.fn();
    store.select((state) => state.a, told)();
    store.set({ a: 2 });
    await Promise.resolve();
    expect(told).not.toHaveBeenCalled();
  });
});

describe("applyFeed", () => {
  it("replaces values whole, takes away what is gone and leaves the rest the same", () => {
    const job = { id: "1" } as never;
    const maps = { ...EMPTY_MAPS, jobs: { "1": job, "2": job }, nvrs: { n: { a: 1 } as never } };
    const next = applyFeed(maps, {
      kind: "delta",
      seq: 2,
      now_ms: 0,
      changed: { nvrs: { n: { b: 2 } as never } },
      gone: { jobs: ["1"] },
    });
    expect(next.nvrs).toEqual({ n: { b: 2 } });
    expect(Object.keys(next.jobs)).toEqual(["2"]);
    expect(next.cameras).toBe(maps.cameras);
  });

  it("ignores maps it does not know", () => {
    const changed = { later: { a: 1 } } as never;
    expect(applyFeed(EMPTY_MAPS, { kind: "delta", seq: 2, now_ms: 0, changed })).toEqual(EMPTY_MAPS);
  });
});

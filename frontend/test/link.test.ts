import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Api } from "../src/api/api";
import { Superseded, readError } from "../src/api/errors";
import type { Connection } from "../src/api/hass";
import { Latest } from "../src/api/latest";
import type { Feed } from "../src/api/types";
import { Link } from "../src/store/link";
import { initialState } from "../src/store/state";
import { Store } from "../src/store/store";

class FakeConnection {
  connected = true;
  feeds: ((feed: Feed) => void)[] = [];
  ended = 0;
  asked: string[] = [];
  refusal?: unknown;
  private readonly listeners: Record<string, (() => void)[]> = {};

  async sendMessagePromise(message: { type: string }): Promise<unknown> {
    this.asked.push(message.type);
    if (this.refusal !== undefined) throw this.refusal;
    return { now_ms: Date.now(), cameras: [], nvrs: [] };
  }

  async subscribeMessage(told: (feed: Feed) => void): Promise<() => Promise<void>> {
    if (this.refusal !== undefined) throw this.refusal;
    this.feeds.push(told);
    return async () => {
      this.ended += 1;
    };
  }

  addEventListener(event: string, listener: () => void): void {
    (this.listeners[event] ??= []).push(listener);
  }

  removeEventListener(event: string, listener: () => void): void {
    this.listeners[event] = (this.listeners[event] ?? []).filter((each) => each !== listener);
  }

  tell(event: string): void {
    for (const listener of this.listeners[event] ?? []) listener();
  }
}

const snapshot = (part: Partial<Feed> = {}): Feed =>
  ({ kind: "snapshot", seq: 1, more: false, now_ms: 0, changed: {}, ...part });
const delta = (seq: number, part: object = {}): Feed =>
  ({ kind: "delta", seq, now_ms: 0, ...part });

describe("Link", () => {
  const store = () => new Store(initialState());
  let connection: FakeConnection;

  beforeEach(() => {
    vi.useFakeTimers();
    connection = new FakeConnection();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  async function started() {
    const state = store();
    const link = new Link(new Api(() => connection as unknown as Connection), state);
    link.start(connection as unknown as Connection);
    await vi.advanceTimersByTimeAsync(0);
    return { state, link };
  }

  it("shows a snapshot of several parts when it is whole", async () => {
    const { state } = await started();
    connection.feeds[0]!(snapshot({ more: true, changed: { jobs: { a: {} } } as never }));
    expect(state.state.link).toBe("starting");
    connection.feeds[0]!(snapshot({ seq: 2, changed: { jobs: { b: {} } } as never }));
    expect(state.state.link).toBe("live");
    expect(Object.keys(state.state.jobs)).toEqual(["a", "b"]);
  });

  it("subscribes anew after a hole, and a snapshot replaces everything", async () => {
    const { state, link } = await started();
    const coverage = vi.fn();
    link.addEventListener("coverage", (event) => coverage((event as CustomEvent).detail));
    connection.feeds[0]!(snapshot({ changed: { jobs: { a: {} } } as never }));
    connection.feeds[0]!(delta(2, { coverage: [["x", 0, 1]] }));
    expect(coverage).toHaveBeenCalledExactlyOnceWith([["x", 0, 1]]);
    connection.feeds[0]!(delta(4, { changed: { jobs: { c: {} } } }));
    connection.feeds[0]!(delta(5, { changed: { jobs: { d: {} } } }));
    await vi.advanceTimersByTimeAsync(2000);
    expect(connection.feeds).toHaveLength(2);
    expect(connection.ended).toBe(1);
    connection.feeds[1]!(snapshot({ changed: { jobs: { b: {} } } as never }));
    expect(Object.keys(state.state.jobs)).toEqual(["b"]);
    expect(coverage).toHaveBeenLastCalledWith(null); // anything may have changed meanwhile
  });

  it("keeps what it knows while the connection is away", async () => {
    const { state } = await started();
    connection.feeds[0]!(snapshot({ changed: { jobs: { a: {} } } as never }));
    connection.tell("disconnected");
    expect(state.state.link).toBe("lost");
    expect(Object.keys(state.state.jobs)).toEqual(["a"]);
    connection.feeds[0]!(delta(2, { changed: { jobs: { late: {} } } }));
    expect(Object.keys(state.state.jobs)).toEqual(["a"]);
    connection.tell("ready");
    await vi.advanceTimersByTimeAsync(0);
    connection.feeds[1]!(snapshot());
    expect(state.state.link).toBe("live");
  });

  it("asks again after growing pauses where it is refused", async () => {
    connection.refusal = { code: "unknown_command", message: "Unknown command." };
    const { state } = await started();
    expect(state.state.link).toBe("failed");
    await vi.advanceTimersByTimeAsync(10 * 60_000);
    const asked = connection.asked.length;
    expect(asked).toBeGreaterThan(6);
    expect(asked).toBeLessThan(30);
    connection.refusal = undefined;
    await vi.advanceTimersByTimeAsync(80_000);
    connection.feeds[0]!(snapshot());
    expect(state.state.link).toBe("live");
  });

  it("says nothing more once it is stopped", async () => {
    const { state, link } = await started();
    link.stop();
    connection.feeds[0]!(snapshot());
    connection.tell("ready");
    await vi.advanceTimersByTimeAsync(120_000);
    expect(state.state.link).toBe("starting");
    expect(connection.feeds).toHaveLength(1);
  });
});

describe("Latest", () => {
  it("has one request of a kind in flight, and lets only the newest wait", async () => {
    const latest = new Latest();
    const ran: number[] = [];
    let finish: () => void = () => undefined;
    const request = (n: number) => () => {
      ran.push(n);
      return new Promise<number>((resolve) => {
        finish = () => resolve(n);
      });
    };
    const first = latest.run("tiles", request(1));
    const second = latest.run("tiles", request(2));
    const third = latest.run("tiles", request(3));
    void latest.run("events", request(10));
    await expect(second).rejects.toBeInstanceOf(Superseded);
    expect(ran).toEqual([1, 10]);
    finish(); // the events
    const other = latest.run("other", async () => 5);
    await expect(other).resolves.toBe(5);
    expect(ran).toEqual([1, 10]);
    void first;
    void third;
  });

  it("goes on after a failure", async () => {
    const latest = new Latest();
    const failed = latest.run("a", async () => {
      throw new Error("no");
    });
    const next = latest.run("a", async () => 2);
    await expect(failed).rejects.toThrow("no");
    await expect(next).resolves.toBe(2);
  });
});

describe("readError", () => {
  it("reads what Home Assistant answers and what its connection throws", () => {
    const refused = readError({
      code: "bad_range",
      message: "too long",
      translation_key: "range_too_long",
      translation_placeholders: { most: "31" },
    });
    expect(refused).toMatchObject({
      code: "bad_range",
      translationKey: "range_too_long",
      placeholders: { most: "31" },
    });
    expect(readError(3)).toMatchObject({ code: "connection" });
    const bug = new TypeError("x is undefined");
    expect(readError(bug)).toBe(bug);
  });
});

import { Superseded } from "./errors";

interface Waiting {
  run: () => Promise<unknown>;
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
}

/**
 * One request of a kind in flight: while it runs, only the newest of the following ones waits;
 * those it takes the place of end with Superseded. So a fast hand never floods the server.
 */
export class Latest {
  private readonly running = new Set<string>();
  private readonly waiting = new Map<string, Waiting>();

  run<T>(kind: string, request: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.waiting.get(kind)?.reject(new Superseded());
      this.waiting.set(kind, {
        run: request,
        resolve: resolve as (value: unknown) => void,
        reject,
      });
      this.next(kind);
    });
  }

  private next(kind: string): void {
    const waiting = this.waiting.get(kind);
    if (!waiting || this.running.has(kind)) return;
    this.waiting.delete(kind);
    this.running.add(kind);
    waiting
      .run()
      .then(waiting.resolve, waiting.reject)
      .finally(() => {
        this.running.delete(kind);
        this.next(kind);
      });
  }
}

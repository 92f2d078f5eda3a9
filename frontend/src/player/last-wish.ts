/** One search at a time; of the wishes made meanwhile, the last one counts. */

export class LastWish<Wish, Found> {
  private wanted: { wish: Wish } | undefined;
  private current = new AbortController();
  private running = false;

  constructor(
    private readonly search: (wish: Wish, signal: AbortSignal) => Promise<Found>,
    private readonly take: (found: Found, wish: Wish) => void,
  ) {}

  get isBusy(): boolean {
    return this.running;
  }

  want(wish: Wish): void {
    this.wanted = { wish };
    this.current.abort();
    if (!this.running) {
      void this.run();
    }
  }

  /** Nothing is wanted any more; what is found is dropped. */
  drop(): void {
    this.wanted = undefined;
    this.current.abort();
  }

  private async run(): Promise<void> {
    this.running = true;
    try {
      while (this.wanted) {
        const { wish } = this.wanted;
        this.wanted = undefined;
        this.current = new AbortController();
        const { signal } = this.current;
        const found = await this.search(wish, signal);
        if (!signal.aborted) {
          this.take(found, wish);
        }
      }
    } finally {
      this.running = false;
    }
  }
}

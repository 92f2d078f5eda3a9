import type { ReactiveController, ReactiveControllerHost } from "lit";

export interface PageOf<Row> {
  rows: readonly Row[];
  next: string | null;
}

/** A list that comes page by page: rows so far, whether there are more, what went wrong. */
export class Paged<Row> implements ReactiveController {
  rows: readonly Row[] = [];
  error?: unknown;
  isLoading = false;
  isBegun = false;
  private next: string | null = null;
  private hasGrown = false;
  private run = 0;

  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly load: (cursor: string | undefined) => Promise<PageOf<Row>>,
  ) {
    host.addController(this);
  }

  get hasMore(): boolean {
    return this.next !== null;
  }

  hostDisconnected(): void {
    this.run += 1;
  }

  /** Load the first page, in place of what is there. */
  readonly begin = (): void => {
    this.run += 1;
    this.isLoading = false;
    this.isBegun = true;
    void this.page(undefined);
  };

  /** Load the first page anew, unless somebody has gone on to further ones. */
  readonly refresh = (): void => {
    if (!this.isLoading && !this.hasGrown) this.begin();
  };

  readonly more = (): void => {
    if (this.next !== null && !this.isLoading) void this.page(this.next);
    else if (this.error && !this.isLoading) this.begin();
  };

  /** Change rows that are here, without asking. */
  change(with_: (rows: readonly Row[]) => readonly Row[]): void {
    this.rows = with_(this.rows);
    this.host.requestUpdate();
  }

  private async page(cursor: string | undefined): Promise<void> {
    const run = this.run;
    this.isLoading = true;
    this.error = undefined;
    this.host.requestUpdate();
    try {
      let answer = await this.load(cursor);
      // A page may be empty and still have a next one.
      while (answer.rows.length === 0 && answer.next !== null && run === this.run) answer = await this.load(answer.next);
      if (run !== this.run) return;
      this.rows = cursor === undefined ? answer.rows : [...this.rows, ...answer.rows];
      this.next = answer.next;
      this.hasGrown = cursor !== undefined;
    } catch (error) {
      if (run !== this.run) return;
      if (cursor === undefined) this.rows = [];
      this.error = error;
    }
    this.isLoading = false;
    this.host.requestUpdate();
  }
}

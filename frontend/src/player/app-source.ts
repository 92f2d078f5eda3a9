/** What the player asks, through the app that all elements share. */

import type { App } from "../store/app";
import type { ClipSpan, Direction, Edge, Opened, PlayerSource, Span, Want } from "./source";
import type { Window } from "./windows";

export class AppSource implements PlayerSource {
  constructor(private readonly app: App) {}

  open(camera: string, window: Window, fetch: boolean): Promise<Opened> {
    const { fromMs, toMs } = window;
    return this.app.api.openPlayback(
      camera,
      Math.round(fromMs),
      Math.round(toMs),
      fetch || undefined,
    );
  }

  async spans(camera: string, { fromMs, toMs }: Window): Promise<Span[]> {
    const found: Span[] = [];
    let from: number | null = Math.round(fromMs);
    while (from !== null && from < toMs) {
      const page = await this.app.api.spans(camera, from, Math.round(toMs));
      found.push(...page.spans);
      const next = page.next_from_ms;
      from = next !== null && next > from ? next : null;
    }
    return found;
  }

  edge(camera: string, ms: number, direction: Direction, want: Want): Promise<Edge> {
    return this.app.api.edge(camera, Math.round(ms), direction, want);
  }

  async clips(camera: string, { fromMs, toMs }: Window): Promise<ClipSpan[]> {
    const from = Math.round(fromMs);
    const { clips } = await this.app.api.clipSpans(camera, from, Math.round(toMs));
    const found: ClipSpan[] = [];
    for (let i = 0; i + 2 < clips.length; i += 3) {
      const [id, start, lengthMs] = clips.slice(i, i + 3) as [number, number, number];
      found.push({ id, startMs: from + start, lengthMs });
    }
    return found;
  }

  strip(clip: number): Promise<string | undefined> {
    const address = this.app.store.state.info?.urls.strip ?? "/api/vtrack_nvr/strip/{id}";
    return this.app.pictures.get(address.replace("{id}", String(clip)));
  }

  async download(clip: number): Promise<string> {
    const address = this.app.store.state.info?.urls.clip ?? "/api/vtrack_nvr/clip/{id}";
    const signed = await this.app.hass.connection.sendMessagePromise<{ path: string }>({
      type: "auth/sign_path",
      path: `${address.replace("{id}", String(clip))}?download`,
    });
    return signed.path;
  }
}

/** Links that open without signing in, as docs/websocket-api.md tells of them. */

import type { Key } from "./types";

/** What a link without signing in shows. */
export type ShareTarget =
  | { kind: "range"; camera: Key; from_ms: number; to_ms: number }
  | { kind: "clip" | "picture"; clip: number }
  | { kind: "export"; export: number };

export interface NewShare {
  id: number;
  /** Absolute where Home Assistant knows an address of its own, else a path. */
  url: string;
  path: string;
  playlist: string | null;
  expires_ms: number;
}

export interface ShareRow {
  id: number;
  kind: ShareTarget["kind"];
  cameras: Key[];
  item_id: number | null;
  from_ms: number;
  to_ms: number;
  made_ms: number;
  expires_ms: number;
  is_yours: boolean;
}

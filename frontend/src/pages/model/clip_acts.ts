/** What one may do with a clip: what of it is there, and whose it is, decide. */

import type { ClipRow } from "../../api/types";

export type ClipAct =
  | "play"
  | "timeline"
  | "download"
  | "share"
  | "export"
  | "protect"
  | "unprotect"
  | "delete"
  | "bring_back";

export interface Rights {
  readonly mayControl: boolean;
  readonly isAdmin: boolean;
}

/** Return what may be done with a clip, in the order of its menu. */
export function actsOf(clip: Pick<ClipRow, "state" | "is_protected">, rights: Rights): ClipAct[] {
  switch (clip.state) {
    case "kept":
      return [
        "play",
        "timeline",
        "download",
        "share",
        ...(rights.mayControl ? (["export", clip.is_protected ? "unprotect" : "protect"] as const) : []),
        ...(rights.isAdmin && !clip.is_protected ? (["delete"] as const) : []),
      ];
    case "trashed":
      return rights.isAdmin ? ["bring_back"] : [];
    case "missing":
      return ["timeline"];
    case "deleting":
      return [];
  }
}

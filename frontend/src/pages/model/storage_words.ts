/** What a storage has, needs and says. */

import type { StorageRow } from "../../api/types";
import { type Words, fixOf } from "./camera_words";

export interface StorageBar {
  /** Percent of the whole: our clips, what others keep, what is free, what stays free. */
  readonly clips: number;
  readonly others: number;
  readonly free: number;
  readonly floor: number;
}

/** Return the parts of a storage in percent; null where the file system tells no numbers. */
export function barOf(storage: StorageRow): StorageBar | null {
  const { total_bytes: total, free_bytes: free } = storage;
  if (total === null || free === null || total <= 0 || free < 0 || free > total) return null;
  const used = total - free;
  const clips = Math.min(storage.clip_bytes, used);
  const share = (bytes: number): number => (100 * bytes) / total;
  return {
    clips: share(clips),
    others: share(used - clips),
    free: share(free),
    floor: share(Math.min(storage.floor_bytes, total)),
  };
}

/** With less room than for so many days, clips already give way to new ones. */
const FEW_DAYS = 1;

const REPAIRS_PATH = "/config/repairs";

/** Return what to say of a storage. */
export function storageWords(storage: StorageRow, isAdmin: boolean): Words {
  if (storage.problem !== null) {
    return {
      tone: "bad",
      label: { key: "storage.state.away" },
      sentence: { key: `storage.problem.${storage.problem.kind}` },
      fix: fixOf(storage.problem),
    };
  }
  if (storage.room !== null) {
    return {
      tone: "warn",
      label: { key: "storage.state.room" },
      sentence: { key: `storage.room.${storage.room}` },
      fix: isAdmin ? { kind: "link", label: "remedy.repairs", path: REPAIRS_PATH } : null,
    };
  }
  const isFull = storage.days_left !== null && storage.days_left < FEW_DAYS;
  return {
    tone: "good",
    label: { key: isFull ? "storage.state.full" : "storage.state.good" },
    sentence: isFull ? { key: "storage.oldest_goes" } : null,
    fix: null,
  };
}

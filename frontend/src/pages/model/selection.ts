/** Which rows of a list are chosen: single ones, stretches, all that are shown. */

import type { ClipRow } from "../../api/types";

export interface Selection {
  readonly ids: ReadonlySet<number>;
  /** The row last clicked: a click with Shift chooses from there. */
  readonly anchor: number | null;
}

export const NOTHING_CHOSEN: Selection = { ids: new Set(), anchor: null };

/** Return the selection with a row turned on or off. */
export function toggleOne(selection: Selection, id: number): Selection {
  const ids = new Set(selection.ids);
  if (!ids.delete(id)) ids.add(id);
  return { ids, anchor: id };
}

/** Return the selection with all rows from the anchor to `id` chosen, in the order shown. */
export function chooseTo(selection: Selection, id: number, shown: readonly number[]): Selection {
  const end = shown.indexOf(id);
  const start = selection.anchor === null ? -1 : shown.indexOf(selection.anchor);
  if (start < 0 || end < 0) return toggleOne(selection, id);
  const [first, last] = start < end ? [start, end] : [end, start];
  const ids = new Set([...selection.ids, ...shown.slice(first, last + 1)]);
  return { ids, anchor: selection.anchor };
}

/** Return the selection with some rows chosen, or without them where all of them were. */
export function toggleAll(selection: Selection, some: readonly number[]): Selection {
  const ids = new Set(selection.ids);
  const isAll = some.length > 0 && some.every((id) => ids.has(id));
  for (const id of some) {
    if (isAll) ids.delete(id);
    else ids.add(id);
  }
  return { ids, anchor: null };
}

/** Return the selection without rows that are gone. */
export function without(selection: Selection, gone: Iterable<number>): Selection {
  const ids = new Set(selection.ids);
  for (const id of gone) ids.delete(id);
  return ids.size === selection.ids.size ? selection : { ids, anchor: null };
}

export interface Sum {
  readonly count: number;
  readonly seconds: number;
  readonly bytes: number;
  readonly protectedCount: number;
}

type Sized = Pick<ClipRow, "id" | "start_ms" | "end_ms" | "bytes" | "is_protected">;

/** Return what the chosen rows amount to. */
export function sumOf(rows: Iterable<Sized>, selection: Selection): Sum {
  let count = 0;
  let ms = 0;
  let bytes = 0;
  let protectedCount = 0;
  for (const row of rows) {
    if (!selection.ids.has(row.id)) continue;
    count += 1;
    ms += row.end_ms - row.start_ms;
    bytes += row.bytes;
    if (row.is_protected) protectedCount += 1;
  }
  return { count, seconds: ms / 1000, bytes, protectedCount };
}

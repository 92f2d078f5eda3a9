let loading: Promise<unknown> | undefined;

/** Load the pages beside the timeline once. A failed load is tried anew the next time. */
export function loadPages(): Promise<unknown> {
  loading ??= import("../pages/all").catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

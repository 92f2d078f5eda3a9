import type HlsClass from "hls.js/light";

let loading: Promise<typeof HlsClass> | undefined;

/** Load hls.js once, and only when somebody plays. A failed load is tried anew the next time. */
export function loadHls(): Promise<typeof HlsClass> {
  loading ??= importHls().catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function importHls(): Promise<typeof HlsClass> {
  if (import.meta.env.DEV) return (await import("./hls-module")).default;
  const url = new URL(/* @vite-ignore */ "./vtrack-nvr-hls.js", import.meta.url);
  url.search = new URL(import.meta.url).search; // the version this module was loaded with
  const module = (await import(/* @vite-ignore */ url.href)) as { default: typeof HlsClass };
  return module.default;
}

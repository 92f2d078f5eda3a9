/** Hands a file to the person: saved, or printed. */

import type { App } from "../../store/app";

/** Return the address of a file behind the login, good for an hour, for players and downloads. */
export async function signed(app: App, path: string): Promise<string> {
  const answer = await app.hass.connection.sendMessagePromise<{ path: string }>({
    type: "auth/sign_path",
    path,
    expires: 3600,
  });
  return app.hass.hassUrl(answer.path);
}

/** Let the browser save a file of ours under a name. Throws what Home Assistant answers. */
export async function saveFile(app: App, path: string, name: string): Promise<void> {
  follow(await signed(app, path), name);
}

/** Let the browser save a text. */
export function saveText(text: string, type: string, name: string): void {
  const address = URL.createObjectURL(new Blob([text], { type }));
  follow(address, name);
  // The click has begun reading by then; the text is not needed any longer.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** Print a page of its own, without what stands around ours. */
export function printPage(markup: string): void {
  const frame = document.createElement("iframe");
  frame.style.cssText = "position:fixed;inline-size:0;block-size:0;border:0;visibility:hidden";
  frame.addEventListener("load", () => {
    frame.contentWindow?.addEventListener("afterprint", () => frame.remove());
    frame.contentWindow?.print();
  });
  frame.srcdoc = `<!doctype html>${markup}`;
  document.body.append(frame);
}

function follow(address: string, name: string): void {
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
}

/** Return a file's name that every system takes: `porch_2026-11-20_08-31-07.mp4`. */
export function fileName(app: App, camera: string, ms: number, extension: string): string {
  const safe = camera
    .normalize("NFKD")
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-+|-+$/g, "")
    .toLowerCase();
  return `${safe || "camera"}_${app.zone.dayName(ms)}_${app.zone.clock(ms).replaceAll(":", "-")}.${extension}`;
}

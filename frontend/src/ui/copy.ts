/**
 * Put text on the clipboard, on plain http as well; returns whether that worked.
 *
 * `inside` is where a field may be put that is copied from: an open dialog lets nothing outside
 * of it have the focus.
 */
export async function copyText(text: string, inside: Node = document.body): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text, inside); // no secure context, or not allowed
  }
}

function copyBySelection(text: string, inside: Node): boolean {
  const area = document.createElement("textarea");
  area.value = text;
  area.style.position = "fixed";
  area.style.opacity = "0";
  inside.appendChild(area);
  area.select();
  try {
    // The only way where the page has no secure context.
    // eslint-disable-next-line @typescript-eslint/no-deprecated
    return document.execCommand("copy");
  } finally {
    area.remove();
  }
}

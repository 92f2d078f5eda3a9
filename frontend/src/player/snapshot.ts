/** The picture on the screen as a file. */

/** Return a name that every file system takes: camera and local time, to a tenth of a second. */
export function snapshotName(camera: string, ms: number, timeZone: string): string {
  const parts = new Intl.DateTimeFormat("en-CA", {
    timeZone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    fractionalSecondDigits: 1,
    hourCycle: "h23",
  }).formatToParts(ms);
  const part = (type: string): string => parts.find((each) => each.type === type)?.value ?? "";
  const day = ["year", "month", "day"].map(part).join("-");
  const time = ["hour", "minute", "second"].map(part).join("-");
  const name = camera.replace(/[^\p{L}\p{N}]+/gu, "_").replace(/^_+|_+$/g, "") || "camera";
  return `${name}_${day}_${time}.${part("fractionalSecond")}.jpg`;
}

/** Save the picture of a video. Return whether there was one. */
export async function saveSnapshot(video: HTMLVideoElement, name: string): Promise<boolean> {
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  if (canvas.width === 0 || video.readyState < 2) return false;
  canvas.getContext("2d")?.drawImage(video, 0, 0);
  const blob = await new Promise<Blob | null>((made) => canvas.toBlob(made, "image/jpeg", 0.92));
  if (!blob) return false;
  saveAs(URL.createObjectURL(blob), name, true);
  return true;
}

/** Have the browser save what is at an address. */
export function saveAs(address: string, name: string, isOurs = false): void {
  const anchor = document.createElement("a");
  anchor.href = address;
  anchor.download = name;
  document.body.append(anchor);
  anchor.click();
  anchor.remove();
  // Browsers read it after the click
  if (isOurs) setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

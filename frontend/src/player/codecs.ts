/**
 * Whether a browser shows footage as it is: asked before it is played, watched afterwards.
 *
 * `isTypeSupported` alone is wrong on some browsers: it knows the codec, not whether this
 * machine has a decoder for it. What it says is only believed together with
 * `mediaCapabilities`, and only until pictures fail to come.
 */

/** One kind of footage: its exact codec string and picture size. */
export interface Format {
  codecs: string;
  width: number;
  height: number;
}

export interface Capability {
  /** What `MediaSource.isTypeSupported` says; of native HLS, `canPlayType`. */
  isTypeSupported: boolean;
  /** What `mediaCapabilities` says; null if it is not there or failed. */
  isDecodable: boolean | null;
}

/** How footage is played. */
export type Variant = "original" | "h264" | "none";

/** No picture within this, though data is there: the decoder is not. */
export const FIRST_PICTURE_MS = 3000;

type Outcome = "shown" | "black" | "chosen_h264" | "no_convert";

/** What this session has learned of formats. It is forgotten with the page, by intention. */
export class CodecMemory {
  private readonly outcomes = new Map<string, Outcome>();

  remember(format: Format, outcome: Outcome): void {
    const key = keyOf(format);
    if (outcome === "black" && this.outcomes.get(key) === "chosen_h264") {
      return;
    }
    this.outcomes.set(key, outcome);
  }

  recall(format: Format): Outcome | undefined {
    return this.outcomes.get(keyOf(format));
  }
}

/**
 * Return how formats of a window are played: `none` means, ask the person.
 *
 * All must do: a window has one playlist.
 */
export function variantFor(
  formats: readonly Format[],
  capabilities: readonly Capability[],
  memory: CodecMemory,
): Variant {
  const variants = formats.map((format, i) => variantOf(format, capabilities[i], memory));
  if (variants.includes("none")) {
    return "none";
  }
  return variants.includes("h264") ? "h264" : "original";
}

function variantOf(
  format: Format,
  capability: Capability | undefined,
  memory: CodecMemory,
): Variant {
  switch (memory.recall(format)) {
    case "shown":
      return "original";
    case "chosen_h264":
      return "h264";
    case "black":
    case "no_convert":
      return "none";
    case undefined:
      break;
  }
  const seems = capability === undefined || capability.isTypeSupported;
  return seems && capability?.isDecodable !== false ? "original" : "none";
}

/** Return the formats that keep a window from being played as it is. */
export function refused(
  formats: readonly Format[],
  capabilities: readonly Capability[],
  memory: CodecMemory,
): Format[] {
  return formats.filter((format, i) => variantOf(format, capabilities[i], memory) !== "original");
}

/** Return the name people know a codec by. */
export function nameOf(codecs: string): string {
  const video = videoOf(codecs);
  if (/^(hvc1|hev1)/.test(video)) {
    return "H.265";
  }
  if (video.startsWith("avc")) {
    return "H.264";
  }
  if (video.startsWith("mp4v")) {
    return "MPEG-4";
  }
  return /jpe?g|mjpg/i.test(video) ? "JPEG" : video || "?";
}

export function hasSound(codecs: string): boolean {
  return codecs.split(",").some((each) => /^(mp4a|opus|flac|ac-3|ec-3)/i.test(each.trim()));
}

function videoOf(codecs: string): string {
  return (
    codecs
      .split(",")
      .map((each) => each.trim())
      .find((each) => !hasSound(each)) ?? ""
  );
}

function keyOf(format: Format): string {
  return `${videoOf(format.codecs)}|${format.width}x${format.height}`;
}

/** Ask this browser about a format. */
export async function ask(format: Format, isNative: boolean): Promise<Capability> {
  const type = `video/mp4; codecs="${format.codecs}"`;
  const video = `video/mp4; codecs="${videoOf(format.codecs)}"`;
  return {
    isTypeSupported: isNative
      ? document.createElement("video").canPlayType(type) !== ""
      : mediaSource()?.isTypeSupported(type) === true,
    isDecodable: await decodable(video, format, isNative),
  };
}

/** Return the browser's MediaSource, managed if there is one. */
export function mediaSource(): typeof MediaSource | undefined {
  const scope = globalThis as { ManagedMediaSource?: typeof MediaSource; MediaSource?: typeof MediaSource };
  return scope.ManagedMediaSource ?? scope.MediaSource;
}

async function decodable(
  contentType: string,
  format: Format,
  isNative: boolean,
): Promise<boolean | null> {
  const capabilities = (navigator as { mediaCapabilities?: MediaCapabilities }).mediaCapabilities;
  if (!capabilities || !format.width || !format.height) {
    return null;
  }
  try {
    const answer = await capabilities.decodingInfo({
      type: isNative ? "file" : "media-source",
      video: {
        contentType,
        width: format.width,
        height: format.height,
        bitrate: 4_000_000,
        framerate: 25,
      },
    });
    return answer.supported;
  } catch {
    // A browser that does not understand the question has not said no
    return null;
  }
}

/** Reads a media playlist (RFC 8216 4.3) as far as true time needs it. */

import type { Piece } from "./time-map";

export interface Playlist {
  pieces: Piece[];
  /** The segments' addresses as they stand there. */
  addresses: string[];
  /** Whether nothing will be added (EXT-X-ENDLIST). */
  isEnded: boolean;
}

/**
 * Return the pieces of a media playlist, for players that do not tell their own.
 *
 * Pieces before the first PROGRAM-DATE-TIME have no true time and take their place only.
 */
export function readPlaylist(text: string): Playlist {
  const pieces: Piece[] = [];
  const addresses: string[] = [];
  let start = 0;
  let duration = 0;
  let nextMs = NaN;
  let isEnded = false;
  for (const raw of text.split(/\r?\n/)) {
    const line = raw.trim();
    if (line.startsWith("#EXTINF:")) {
      duration = Number.parseFloat(line.slice(8));
    } else if (line.startsWith("#EXT-X-PROGRAM-DATE-TIME:")) {
      nextMs = Date.parse(line.slice(25).trim());
    } else if (line === "#EXT-X-ENDLIST") {
      isEnded = true;
    } else if (line && !line.startsWith("#") && duration > 0) {
      pieces.push({ start, duration, startMs: nextMs });
      addresses.push(line);
      start += duration;
      nextMs += duration * 1000;
      duration = 0;
    }
  }
  return { pieces, addresses, isEnded };
}

/** Return the address of the first media playlist of a master playlist, absolute. */
export function mediaPlaylistOf(text: string, address: string): string | undefined {
  if (!text.includes("#EXT-X-STREAM-INF")) {
    return undefined;
  }
  const line = text.split(/\r?\n/).find((each) => each.trim() && !each.startsWith("#"));
  return line ? new URL(line.trim(), address).href : undefined;
}

/** Return what CODECS and RESOLUTION a master playlist tells of its first variant. */
export function variantOf(text: string): { codecs?: string; width?: number; height?: number } {
  const line = /^#EXT-X-STREAM-INF:(.*)$/m.exec(text)?.[1] ?? "";
  const codecs = /CODECS="([^"]*)"/.exec(line)?.[1];
  const size = /RESOLUTION=(\d+)x(\d+)/.exec(line);
  return {
    ...(codecs ? { codecs } : {}),
    ...(size ? { width: Number(size[1]), height: Number(size[2]) } : {}),
  };
}

import { describe, expect, it } from "vitest";
import { readPlaylist, variantOf } from "../../src/player/playlist";
import { type Piece, TimeMap } from "../../src/player/time-map";

const T = Date.UTC(2026, 10, 20, 8, 30);

/** Pieces of clips: [true start in seconds after T, segment lengths...]. */
function pieces(...clips: [number, ...number[]][]): Piece[] {
  const made: Piece[] = [];
  let start = 0;
  for (const [at, ...lengths] of clips) {
    let startMs = T + at * 1000;
    for (const duration of lengths) {
      made.push({ start, duration, startMs });
      start += duration;
      startMs += duration * 1000;
    }
  }
  return made;
}

describe("time without gaps", () => {
  const map = new TimeMap(pieces([0, 6, 6, 6], [18, 6, 6]));

  it("is one run over all clips that follow each other", () => {
    expect(map.runs).toEqual([{ start: 0, end: 30, startMs: T, endMs: T + 30_000 }]);
    expect(map.gaps).toEqual([]);
  });

  it("maps both ways to the same place", () => {
    for (const media of [0, 5.999, 6, 17.5, 18, 29.9]) {
      const place = map.toMedia(map.toTrue(media));
      expect(place.kind).toBe("at");
      expect(place.kind === "at" && place.media).toBeCloseTo(media, 3);
    }
  });

  it("tells what lies outside", () => {
    expect(map.toMedia(T - 1)).toEqual({ kind: "before", media: 0 });
    expect(map.toMedia(T + 30_000)).toEqual({ kind: "after", media: 30 });
    expect(map.toTrue(-3)).toBe(T);
    expect(map.toTrue(99)).toBe(T + 30_000);
  });
});

describe("gaps", () => {
  const map = new TimeMap(pieces([0, 6, 6], [600, 6], [606.4, 6]));

  it("takes no media time and all of its true time", () => {
    expect(map.toTrue(11.5)).toBe(T + 11_500);
    expect(map.toTrue(12)).toBe(T + 600_000);
    expect(map.gaps).toEqual([{ fromMs: T + 12_000, toMs: T + 600_000, at: 12 }]);
  });

  it("leads to where the footage goes on", () => {
    const place = map.toMedia(T + 300_000);
    expect(place).toEqual({ kind: "gap", media: 12, gap: map.gaps[0] });
  });

  it("steps over a hole between clips that is shorter than a second", () => {
    expect(map.toMedia(T + 606_200)).toEqual({ kind: "at", media: 18 });
    expect(map.toTrue(18.5)).toBe(T + 606_900);
  });

  it("finds the next gap from a media time on", () => {
    expect(map.gapFrom(3)?.at).toBe(12);
    expect(map.gapFrom(12)).toBeUndefined();
  });

  it("does not let small roundings of a playlist add up", () => {
    const drifting = Array.from({ length: 300 }, (_, i) => ({
      start: i * 4,
      duration: 4,
      startMs: T + i * 4001,
    }));
    const drifted = new TimeMap(drifting);
    expect(Math.abs(drifted.toTrue(299 * 4) - drifting[299]!.startMs)).toBeLessThanOrEqual(10);
    expect(drifted.gaps).toEqual([]);
  });

  it("finds a place although clips overlap", () => {
    const overlapping = new TimeMap(pieces([0, 10], [8, 10]));
    expect(overlapping.toTrue(10)).toBe(T + 8000);
    expect(overlapping.toMedia(T + 9000).kind).toBe("at");
    expect(overlapping.toMedia(T + 17_000)).toEqual({ kind: "at", media: 19 });
  });

  it("is empty without footage, and leaves out what has no time", () => {
    const empty = new TimeMap([{ start: 0, duration: 4, startMs: NaN }]);
    expect(empty.isEmpty).toBe(true);
    expect(empty.toMedia(T)).toEqual({ kind: "empty" });
    expect(empty.toTrue(2)).toBeNaN();
  });
});

describe("a playlist", () => {
  const text = `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:6
#EXT-X-PLAYLIST-TYPE:EVENT
#EXT-X-MAP:URI="7/init.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-11-20T08:30:00.000Z
#EXTINF:5.980000,
7/0-2.m4s
#EXTINF:6.020000,
7/3-5.m4s
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="8/init.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-11-20T08:40:00.500Z
#EXTINF:6.000000,
8/0-2.m4s
`;

  it("gives pieces with their true times", () => {
    const { pieces: read, addresses, isEnded } = readPlaylist(text);
    expect(read.map(({ startMs }) => startMs)).toEqual([T, T + 5980, T + 600_500]);
    expect(read.map(({ start }) => start)).toEqual([0, 5.98, 12]);
    expect(addresses).toEqual(["7/0-2.m4s", "7/3-5.m4s", "8/0-2.m4s"]);
    expect(isEnded).toBe(false);
  });

  it("has an end once it says so, with any line ends", () => {
    expect(readPlaylist(`${text}#EXT-X-ENDLIST`.replaceAll("\n", "\r\n"))).toMatchObject({
      isEnded: true,
      addresses: { length: 3 },
    });
  });

  it("reads what is no playlist as empty", () => {
    expect(readPlaylist("<html>")).toEqual({ pieces: [], addresses: [], isEnded: false });
  });

  it("tells codecs and size of its variant", () => {
    const master = `#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1280x720\nmedia.m3u8`;
    expect(variantOf(master)).toEqual({
      codecs: "avc1.64001f,mp4a.40.2",
      width: 1280,
      height: 720,
    });
  });
});

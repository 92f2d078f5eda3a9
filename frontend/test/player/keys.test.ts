import { describe, expect, it } from "vitest";
import { actOf } from "../../src/player/keys";
import { snapshotName } from "../../src/player/snapshot";
import { isSlideShow, nextSpeed, readBack } from "../../src/player/speeds";

const plain = { shiftKey: false, altKey: false, ctrlKey: false, metaKey: false };

describe("keys", () => {
  it.each([
    [{ key: " " }, { do: "toggle" }],
    [{ key: "K" }, { do: "toggle" }],
    [{ key: "ArrowLeft" }, { do: "by", seconds: -5 }],
    [{ key: "ArrowRight", shiftKey: true }, { do: "by", seconds: 60 }],
    [{ key: "ArrowRight", altKey: true }, { do: "frame", direction: 1 }],
    [{ key: "," }, { do: "frame", direction: -1 }],
    [{ key: "j" }, { do: "by", seconds: -10 }],
    [{ key: "n" }, { do: "event", direction: "next" }],
    [{ key: "N", shiftKey: true }, { do: "problem", direction: "next" }],
    [{ key: ">", shiftKey: true }, { do: "faster" }],
    [{ key: "3" }, { do: "tile", index: 2 }],
  ])("%o: %o", (key, act) => {
    expect(actOf({ ...plain, ...key })).toEqual(act);
  });

  it.each(["e", "m", "a", "c", "d", "?", "ArrowUp", "Home", "x", "p", "Delete", "g", "h"])(
    "%s is not the player's",
    (key) => expect(actOf({ ...plain, key })).toBeUndefined(),
  );

  it("with Ctrl or Cmd belong to the browser", () => {
    expect(actOf({ ...plain, key: "s", ctrlKey: true })).toBeUndefined();
    expect(actOf({ ...plain, key: "f", metaKey: true })).toBeUndefined();
  });
});

describe("speeds", () => {
  it("go up and down in steps, to pictures above eight", () => {
    expect(nextSpeed(1, 1)).toBe(1.5);
    expect(nextSpeed(1, -1)).toBe(0.5);
    expect(nextSpeed(0.25, -1)).toBe(0.25);
    expect(nextSpeed(120, 1)).toBe(120);
    expect(isSlideShow(8)).toBe(false);
    expect(isSlideShow(nextSpeed(8, 1))).toBe(true);
  });

  it("are what the browser took", () => {
    const stubborn = {
      get playbackRate() {
        return 2;
      },
      set playbackRate(_rate: number) {
        throw new DOMException("no", "NotSupportedError");
      },
    };
    expect(readBack(stubborn, 8)).toBe(2);
    expect(readBack({ playbackRate: 1 }, 4)).toBe(4);
  });
});

describe("a saved picture", () => {
  it("is named by camera and local time, as every file system takes it", () => {
    const ms = Date.UTC(2026, 9, 25, 0, 30, 7, 480);
    expect(snapshotName("Porch / left: №1", ms, "Europe/Berlin")).toBe(
      "Porch_left_1_2026-10-25_02-30-07.4.jpg",
    );
    expect(snapshotName("***", ms, "UTC")).toBe("camera_2026-10-25_00-30-07.4.jpg");
    expect(snapshotName("Häuschen 戸口", ms, "UTC")).toMatch(/^Häuschen_戸口_/);
  });
});

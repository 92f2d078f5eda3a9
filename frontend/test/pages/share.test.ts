import { describe, expect, it } from "vitest";
import type { Camera } from "../../src/api/types";
import { camerasOf, isOfTheHouse, shareMistake } from "../../src/pages/model/share";

const LIMITS = { share_ms: 6 * 3_600_000 };
const camera = (may_control: boolean) => ({ may_control }) as Camera;
const range = (ms: number) => ({ kind: "range" as const, camera: "a", from_ms: 0, to_ms: ms });

describe("a link without signing in", () => {
  it("needs control of every camera that it shows", () => {
    expect(shareMistake(range(1000), [camera(true)], LIMITS)).toBeNull();
    expect(shareMistake({ kind: "export", export: 1 }, [camera(true), camera(false)], LIMITS)).toBe("no_control");
    expect(shareMistake({ kind: "clip", clip: 1 }, [undefined], LIMITS)).toBe("no_control");
    expect(shareMistake(undefined, [camera(true)], LIMITS)).toBe("no_cameras");
  });

  it("shows six hours of a range at most, and an export of any length", () => {
    expect(shareMistake(range(LIMITS.share_ms), [camera(true)], LIMITS)).toBeNull();
    expect(shareMistake(range(LIMITS.share_ms + 1), [camera(true)], LIMITS)).toBe("too_long");
    expect(shareMistake({ kind: "export", export: 1 }, [camera(true)], LIMITS)).toBeNull();
  });

  it("shows one camera of a range, and all of an export", () => {
    const shared = { cameras: ["a", "b"], fromMs: 0, toMs: 1, address: "/", targets: [] };
    expect(camerasOf(shared, range(1))).toEqual(["a"]);
    expect(camerasOf(shared, { kind: "export", export: 1 })).toEqual(["a", "b"]);
  });
});

it.each([
  ["http://homeassistant.local:8123/x", true],
  ["http://192.168.1.20:8123/x", true],
  ["http://10.0.0.2/x", true],
  ["http://172.20.1.1/x", true],
  ["http://172.40.1.1/x", false],
  ["http://nas/x", true],
  ["http://[fd00::1]:8123/x", true],
  ["http://[2001:db8::1]/x", false],
  ["https://house.example.org/x", false],
  ["https://abc.ui.nabu.casa/x", false],
])("%s is of the house: %s", (address, isOfHouse) => {
  expect(isOfTheHouse(address)).toBe(isOfHouse);
});

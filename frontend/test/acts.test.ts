import { expect, it } from "vitest";
import { mayDo } from "../src/timeline/acts";

const mine = { may_control: true, has_recordings: true, is_former: false };
const seen = { ...mine, may_control: false };

it("lets who may only see a camera share it, and nothing else", () => {
  expect(mayDo("share", [seen], false)).toBe(true);
  for (const act of ["export", "protect", "fetch", "delete"] as const) expect(mayDo(act, [seen], false)).toBe(false);
});

it("needs control of every camera", () => {
  expect(mayDo("export", [mine, mine], false)).toBe(true);
  expect(mayDo("export", [mine, seen], false)).toBe(false);
  expect(mayDo("protect", [mine, undefined], false)).toBe(false);
});

it("fetches where a device has recordings of one of them", () => {
  expect(mayDo("fetch", [{ ...mine, has_recordings: false }], true)).toBe(false);
  expect(mayDo("fetch", [{ ...mine, is_former: true }], true)).toBe(false);
  expect(mayDo("fetch", [{ ...mine, has_recordings: false }, mine], true)).toBe(true);
});

it("deletes for administrators only", () => {
  expect(mayDo("delete", [mine], true)).toBe(true);
  expect(mayDo("delete", [mine], false)).toBe(false);
});

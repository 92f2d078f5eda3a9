import { expect, it } from "vitest";
import { actsOf } from "../../src/pages/model/clip_acts";

const ADMIN = { isAdmin: true, mayControl: true };
const clip = (state: "kept" | "trashed" | "missing" | "deleting", is_protected = false) => ({ state, is_protected });

it("offers for a deleted clip to bring it back, and nothing that would fail", () => {
  expect(actsOf(clip("trashed"), ADMIN)).toEqual(["bring_back"]);
  expect(actsOf(clip("trashed"), { isAdmin: false, mayControl: true })).toEqual([]);
});

it("shows where a clip whose file is missing lay, and offers nothing for one that is being deleted", () => {
  expect(actsOf(clip("missing"), ADMIN)).toEqual(["timeline"]);
  expect(actsOf(clip("deleting"), ADMIN)).toEqual([]);
});

it("offers what the person may do with a clip that is kept", () => {
  const all = ["play", "timeline", "download", "share", "export", "protect", "delete"];
  expect(actsOf(clip("kept"), ADMIN)).toEqual(all);
  expect(actsOf(clip("kept", true), ADMIN)).toEqual([...all.slice(0, 5), "unprotect"]);
  expect(actsOf(clip("kept"), { isAdmin: false, mayControl: false })).toEqual(all.slice(0, 4));
});

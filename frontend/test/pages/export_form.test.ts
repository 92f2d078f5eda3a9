import { expect, it } from "vitest";
import { mistakeIn } from "../../src/pages/model/export_form";

const LIMITS = { cameras: 4, ms: 48 * 3_600_000 };
const form = (part: object) => ({ cameras: ["a"], fromMs: 1000, toMs: 61_000, ...part });

it.each([
  [{}, null],
  [{ cameras: [] }, "no_camera"],
  [{ cameras: ["a", "b", "c", "d", "e"] }, "too_many"],
  [{ toMs: undefined }, "incomplete"],
  [{ toMs: 1000 }, "backwards"],
  [{ fromMs: 9e9, toMs: 9e9 + 1 }, "future"],
  [{ toMs: 1001 + 48 * 3_600_000 }, "too_long"],
  [{ toMs: 1000 + 48 * 3_600_000 }, null],
])("%o is %s", (part, mistake) => {
  expect(mistakeIn(form(part), LIMITS, 1e9)).toBe(mistake);
});

import { expect, it } from "vitest";
import { weekOf } from "../../src/pages/model/week";

it("draws the blocks of a schedule as parts of a day", () => {
  const rows = weekOf({ id: "x", name: "Nights", monday: [{ from: "18:00:00", to: "24:00:00" }, { from: "00:00:00", to: "06:00:00" }] });
  expect(rows).toHaveLength(7);
  expect(rows[0]?.bars.map((bar) => [bar.start, bar.length])).toEqual([
    [0, 25],
    [75, 25],
  ]);
  expect(rows[0]?.hours).toBe(12);
  expect(rows[1]?.hours).toBe(0);
});

it("begins where the person's week does", () => {
  expect(weekOf({ id: "x", name: "" }, 6).map((row) => row.day)[0]).toBe("sunday");
});

it("takes 23:59:59 for the end of the day, and nothing for a block without length", () => {
  const [row] = weekOf({
    id: "x",
    name: "",
    monday: [
      { from: "12:00:00", to: "23:59:59" },
      { from: "08:00:00", to: "08:00:00" },
    ],
  });
  expect(row?.bars).toEqual([{ start: 50, length: 50, from: "12:00", to: "24:00" }]);
});

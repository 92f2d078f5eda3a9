import { describe, expect, it } from "vitest";
import {
  Router,
  readKeys,
  readPlace,
  readTime,
  writeKeys,
  writeQuery,
  writeTime,
} from "../src/panel/router";

describe("addresses", () => {
  it("name pages; an unknown one is the overview, and says so", () => {
    expect(readPlace("/timeline", "?z=60").page).toBe("timeline");
    expect(readPlace("/", "").isUnknown).toBe(false);
    const unknown = readPlace("/cameras", "?c=1");
    expect([unknown.page, unknown.isUnknown, [...unknown.params].length]).toEqual(["overview", true, 0]);
  });

  it("are readable: slashes and spaces are escaped, colons and commas are not", () => {
    expect(writeQuery({ c: "A/1,B/2", t: "2026-11-20T08:31:07Z", x: undefined, y: "" })).toBe(
      "?c=A%2F1,B%2F2&t=2026-11-20T08:31:07Z",
    );
    expect(new Router("/vtrack-nvr").href("overview")).toBe("/vtrack-nvr");
    expect(new Router("/vtrack-nvr").href("exports", { p: 2 })).toBe("/vtrack-nvr/exports?p=2");
  });

  it("carry times to the millisecond, and refuse what is none", () => {
    const t = Date.UTC(2026, 10, 20, 8, 31, 7);
    expect(writeTime(t)).toBe("2026-11-20T08:31:07Z");
    expect(readTime(writeTime(t + 40))).toBe(t + 40);
    expect(readTime("yesterday")).toBeUndefined();
    expect(readTime(null)).toBeUndefined();
  });

  it.each([[["SN1/1", "SN2/3"]], [["a,b", "c%2Cd", "e%f"]], [["ä ö&x=1"]]])(
    "carry the keys %j",
    (keys) => {
      const query = new URLSearchParams(writeQuery({ c: writeKeys(keys) }));
      expect(readKeys(query.get("c"))).toEqual(keys);
    },
  );
});

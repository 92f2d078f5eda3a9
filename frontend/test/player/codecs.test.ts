import { describe, expect, it } from "vitest";
import { CodecMemory, type Format, hasSound, nameOf, refused, variantFor } from "../../src/player/codecs";

const H264: Format = { codecs: "avc1.64001f,mp4a.40.2", width: 1280, height: 720 };
const H265: Format = { codecs: "hvc1.1.6.L93.B0", width: 1280, height: 720 };
const YES = { isTypeSupported: true, isDecodable: true };
const NO = { isTypeSupported: false, isDecodable: false };
const LIES = { isTypeSupported: true, isDecodable: false };
const SILENT = { isTypeSupported: true, isDecodable: null };

describe("before it is played", () => {
  it.each([
    ["both say yes", YES, "original"],
    ["both say no", NO, "none"],
    ["the type is known but nothing decodes it", LIES, "none"],
    ["only the type can be asked", SILENT, "original"],
    ["the type is not known though a decoder is", { isTypeSupported: false, isDecodable: true }, "none"],
  ] as const)("%s", (_, capability, variant) => {
    expect(variantFor([H265], [capability], new CodecMemory())).toBe(variant);
  });

  it("plays a window as the weakest of its formats demands", () => {
    const memory = new CodecMemory();
    expect(variantFor([H264, H265], [YES, NO], memory)).toBe("none");
    expect(refused([H264, H265], [YES, NO], memory)).toEqual([H265]);
    memory.remember(H265, "chosen_h264");
    expect(variantFor([H264, H265], [YES, NO], memory)).toBe("h264");
  });

  it("plays an unknown future as it is", () => {
    expect(variantFor([], [], new CodecMemory())).toBe("original");
  });
});

describe("what a session learns", () => {
  it("believes pictures more than what the browser says", () => {
    const memory = new CodecMemory();
    memory.remember(H265, "black");
    expect(variantFor([H265], [YES], memory)).toBe("none");
    memory.remember(H265, "shown");
    expect(variantFor([H265], [NO], memory)).toBe("original");
  });

  it("is by codec and size, not by sound", () => {
    const memory = new CodecMemory();
    memory.remember(H265, "black");
    expect(variantFor([{ ...H265, codecs: `${H265.codecs},mp4a.40.2` }], [YES], memory)).toBe("none");
    expect(variantFor([{ ...H265, width: 640 }], [YES], memory)).toBe("original");
  });

  it("does not ask again after H.264 was chosen", () => {
    const memory = new CodecMemory();
    memory.remember(H265, "chosen_h264");
    memory.remember(H265, "black");
    expect(variantFor([H265], [NO], memory)).toBe("h264");
    memory.remember(H265, "no_convert");
    expect(variantFor([H265], [NO], memory)).toBe("none");
  });
});

describe("codec strings", () => {
  it.each([
    ["hvc1.1.6.L93.B0", "H.265"],
    ["mp4a.40.2,hev1.2.4.L120", "H.265"],
    ["avc1.64001f", "H.264"],
    ["mp4v.20.9", "MPEG-4"],
    ["mp4a.40.2", "?"],
  ])("%s is %s", (codecs, name) => expect(nameOf(codecs)).toBe(name));

  it("tell whether there is sound", () => {
    expect(hasSound("avc1.64001f,mp4a.40.2")).toBe(true);
    expect(hasSound("avc1.64001f")).toBe(false);
  });
});

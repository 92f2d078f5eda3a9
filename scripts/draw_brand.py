"""Draws the pictures in brand/: `python -m scripts.draw_brand`.

The mark: a lens, around it a ring of coverage with one gap, and a day's tracks below the
name. Drawn at four times the size and scaled down, from shapes only, so that any change is
a change of this file.
"""

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

BRAND = Path(__file__).parent.parent / "custom_components" / "vtrack_nvr" / "brand"

NIGHT = (16, 37, 66)
SKY = (40, 170, 225)
LEAF = (70, 199, 142)
AMBER = (247, 181, 56)
PAPER = (246, 249, 252)
SCALE = 4

FONTS = (
    "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf",
    "/usr/share/fonts/truetype/liberation/LiberationSans-Bold.ttf",
)


def circle(
    draw: ImageDraw.ImageDraw, middle: float, radius: float, fill: tuple[int, int, int]
) -> None:
    """Draw a filled circle around (middle, middle)."""
    draw.ellipse(
        (middle - radius, middle - radius, middle + radius, middle + radius), fill=fill
    )


def mark(side: int) -> Image.Image:
    """Return the mark alone, `side` pixels wide, on a transparent ground."""
    size = side * SCALE
    image = Image.new("RGBA", (size, size), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    middle = size / 2
    draw.rounded_rectangle(
        (size * 0.02, size * 0.02, size * 0.98, size * 0.98),
        radius=size * 0.22,
        fill=NIGHT,
    )
    ring = (size * 0.14, size * 0.14, size * 0.86, size * 0.86)
    width = round(size * 0.075)
    # The day goes round once: kept, a stretch on the device, kept again, the gap of now.
    for start, end, colour in (
        (-90, 96, LEAF),
        (104, 156, AMBER),
        (164, 236, LEAF),
    ):
        draw.arc(ring, start, end, fill=colour, width=width)
    circle(draw, middle, size * 0.245, PAPER)
    circle(draw, middle, size * 0.205, NIGHT)
    circle(draw, middle, size * 0.155, SKY)
    circle(draw, middle, size * 0.085, NIGHT)
    glint = size * 0.045
    x, y = middle + size * 0.045, middle - size * 0.105
    draw.ellipse((x, y, x + glint * 1.5, y + glint * 1.5), fill=PAPER)
    return image.resize((side, side), Image.Resampling.LANCZOS)


def font(size: int) -> ImageFont.FreeTypeFont:
    """Return a bold font of the machine that draws."""
    for path in FONTS:
        if Path(path).exists():
            return ImageFont.truetype(path, size)
    raise SystemExit("none of the fonts is here: " + ", ".join(FONTS))


def logo(height: int, ink: tuple[int, int, int]) -> Image.Image:
    """Return mark and name side by side, `height` pixels high."""
    tall = height * SCALE
    letters = font(round(tall * 0.42))
    name = "VTrack"
    kind = " NVR"
    gap = round(tall * 0.16)
    width = round(tall + gap + letters.getlength(name + kind) + tall * 0.06)
    image = Image.new("RGBA", (width, tall), (0, 0, 0, 0))
    image.paste(mark(tall), (0, 0))
    draw = ImageDraw.Draw(image)
    x = tall + gap
    base = round(tall * 0.60)
    draw.text((x, base), name, font=letters, fill=ink, anchor="ls")
    after = x + letters.getlength(name)
    draw.text((after, base), kind, font=letters, fill=SKY, anchor="ls")
    end = x + letters.getlength(name + kind)
    tracks(draw, x, end, tall * 0.74, tall * 0.07)
    size = (round(width / SCALE), height)
    return image.resize(size, Image.Resampling.LANCZOS)


def tracks(
    draw: ImageDraw.ImageDraw, left: float, right: float, top: float, height: float
) -> None:
    """Draw a day's coverage as one line: kept, waiting, kept, a gap."""
    span = right - left
    for start, end, colour in (
        (0.0, 0.46, LEAF),
        (0.48, 0.62, AMBER),
        (0.64, 0.86, LEAF),
    ):
        draw.rounded_rectangle(
            (left + span * start, top, left + span * end, top + height),
            radius=height / 2,
            fill=colour,
        )


def main() -> None:
    """Write all pictures, light and dark, in both sizes."""
    BRAND.mkdir(exist_ok=True)
    for factor, suffix in ((1, ""), (2, "@2x")):
        mark(256 * factor).save(BRAND / f"icon{suffix}.png", optimize=True)
        logo(128 * factor, NIGHT).save(BRAND / f"logo{suffix}.png", optimize=True)
        logo(128 * factor, PAPER).save(BRAND / f"dark_logo{suffix}.png", optimize=True)


if __name__ == "__main__":
    main()

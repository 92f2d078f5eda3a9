"""brand/: the pictures Home Assistant and HACS show, in the sizes they ask for."""

from collections.abc import Iterator
from pathlib import Path

from PIL import Image

ICONS = {"icon.png": 256, "icon@2x.png": 512}
LOGOS = {"logo.png": (128, 256), "logo@2x.png": (256, 512)}


def check(package: Path) -> Iterator[str]:
    """Yield pictures that are missing or of a wrong size."""
    for name, side in ICONS.items():
        for each in (name, f"dark_{name}"):
            path = package / "brand" / each
            if not path.exists():
                if each == name:
                    yield f"{each} is missing"
                continue
            with Image.open(path) as image:
                if image.size != (side, side):
                    yield f"{each} is {image.size}, not {side}×{side}"
    for name, (least, most) in LOGOS.items():
        for each in (name, f"dark_{name}"):
            path = package / "brand" / each
            if not path.exists():
                continue
            with Image.open(path) as image:
                if not least <= min(image.size) <= most:
                    yield f"{each}: its short side must be {least} to {most}"

"""A still picture of a simulated camera: its name and the device's clock, as JPEG."""

from datetime import UTC, datetime
import io

from PIL import Image, ImageDraw

SNAPSHOT_TAILS = {"": b"", "padding": b"\xff" * 40, "text": b"shot by channel 1\n"}
"""What devices put behind a picture, by the word that switches it on."""


def snapshot_jpeg(name: str, width: int, height: int, device_now_ms: int) -> bytes:
    """Return a JPEG of that size that shows name and time."""
    moment = datetime.fromtimestamp(device_now_ms / 1000, UTC)
    shade = sum(name.encode()) % 90
    picture = Image.new("RGB", (width, height), (40 + shade, 70, 120 - shade))
    draw = ImageDraw.Draw(picture)
    size = max(12, height // 12)
    draw.text((size, size), name, fill="white", font_size=size)
    draw.text(
        (size, height - 2 * size),
        f"{moment:%Y-%m-%d %H:%M:%S} UTC",
        fill="white",
        font_size=size,
    )
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=80)
    return buffer.getvalue()

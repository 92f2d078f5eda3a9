"""A still picture of a simulated camera: its name and the device's clock, as JPEG."""

from datetime import UTC, datetime
import io

from PIL import Image, ImageDraw


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

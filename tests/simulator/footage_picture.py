"""Drawing the simulated cameras' pictures, and reading back what they show.

A picture carries its number, its time and its camera twice: as text for people, and as
112 large black or white blocks (with a checksum) for proofs. The blocks lie at fixed
*relative* places, so that scaled and recompressed pictures can be read too.
"""

import binascii
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
import hashlib
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .timeline import Look, frame_number

COLUMNS, ROWS = 28, 4
GRID_COLUMNS, GRID_ROWS = 32, 20
FIRST_COLUMN, FIRST_ROW = 2, 1
NUMBER_BITS, TIME_BITS, CAMERA_BITS, CHECK_BITS = 40, 44, 12, 16
BLACK, WHITE = 16, 235
LOOP_MS = 20_000
"""How long the drawn car takes to come round again."""

SAMPLES = 5
"""Points read of a block, in each direction."""

type Points = np.ndarray[Any, np.dtype[np.int64]]
type Plane = np.ndarray[Any, np.dtype[np.uint8]]


@dataclass(frozen=True, slots=True)
class Picture:
    """What a picture says about itself."""

    number: int
    time_ms: int
    camera: int
    """`camera_code` of the camera's name."""


def camera_code(camera_name: str) -> int:
    """Return the 12 bits by which a camera's pictures are told from others'."""
    digest = hashlib.sha256(camera_name.encode()).digest()
    return int.from_bytes(digest[:2]) >> 4


def code_bits(number: int, time_ms: int, camera: int) -> list[int]:
    """Return the 112 bits drawn into a picture, first one top left."""
    value = (number << TIME_BITS | time_ms) << CAMERA_BITS | camera
    body = value.to_bytes((NUMBER_BITS + TIME_BITS + CAMERA_BITS) // 8)
    whole = value << CHECK_BITS | binascii.crc_hqx(body, 0x5A5A)
    return [whole >> shift & 1 for shift in range(COLUMNS * ROWS - 1, -1, -1)]


def read_code(luma: Plane) -> Picture | None:
    """Return what the blocks of a picture (its luma, 0…255) say; None if unreadable."""
    rows, columns = _sample_points(*luma.shape)
    samples = luma[rows[:, None], columns].reshape(ROWS, SAMPLES, COLUMNS, SAMPLES)
    bits = samples.mean(axis=(1, 3)).ravel() > (BLACK + WHITE) / 2
    whole = int("".join("1" if bit else "0" for bit in bits), 2)
    check = whole & (1 << CHECK_BITS) - 1
    value = whole >> CHECK_BITS
    body = value.to_bytes((NUMBER_BITS + TIME_BITS + CAMERA_BITS) // 8)
    if binascii.crc_hqx(body, 0x5A5A) != check:
        return None
    camera = value & (1 << CAMERA_BITS) - 1
    time_ms = value >> CAMERA_BITS & (1 << TIME_BITS) - 1
    return Picture(value >> CAMERA_BITS + TIME_BITS, time_ms, camera)


@lru_cache(maxsize=16)
def _sample_points(height: int, width: int) -> tuple[Points, Points]:
    """Return the rows and columns of the points read, in the middle of each block."""
    inside = np.linspace(0.3, 0.7, SAMPLES)
    rows = FIRST_ROW + np.add.outer(np.arange(ROWS), inside).ravel()
    columns = FIRST_COLUMN + np.add.outer(np.arange(COLUMNS), inside).ravel()
    return (
        (rows * height / GRID_ROWS).astype(int),
        (columns * width / GRID_COLUMNS).astype(int),
    )


@lru_cache(maxsize=16)
def _block_edges(height: int, width: int) -> tuple[Points, Points]:
    """Return how often each bit is repeated downwards and to the right."""
    rows = np.round((FIRST_ROW + np.arange(ROWS + 1)) * height / GRID_ROWS)
    columns = np.round((FIRST_COLUMN + np.arange(COLUMNS + 1)) * width / GRID_COLUMNS)
    return rows.astype(int), columns.astype(int)


def draw(look: Look, time_ms: int) -> Plane:
    """Return the picture taken at a time as one yuv420p plane (height * 3/2 rows)."""
    scene, glyphs, glyph_width = _scene(look.camera_name, look.width, look.height)
    width, height = look.width, look.height
    plane = scene.copy()
    _draw_car(plane, width, height, time_ms)
    bits = code_bits(frame_number(time_ms), time_ms, camera_code(look.camera_name))
    rows, columns = _block_edges(height, width)
    blocks = np.where(np.array(bits, bool).reshape(ROWS, COLUMNS), WHITE, BLACK)
    plane[rows[0] : rows[-1], columns[0] : columns[-1]] = np.repeat(
        np.repeat(blocks, np.diff(rows), axis=0), np.diff(columns), axis=1
    )
    moment = datetime.fromtimestamp(time_ms / 1000, UTC)
    text = f"{moment:%Y-%m-%d %H:%M:%S}.{time_ms % 1000:03d} UTC"
    glyph_height = next(iter(glyphs.values())).shape[0]
    top = height - glyph_height - 4
    left = width // 40
    for offset, letter in enumerate(text):
        x = left + offset * glyph_width
        if x + glyph_width > width:
            break
        plane[top : top + glyph_height, x : x + glyph_width] = glyphs[letter]
    return plane


def _draw_car(plane: Plane, width: int, height: int, time_ms: int) -> None:
    share = time_ms % LOOP_MS / LOOP_MS
    car_width, car_height = width // 8 // 2 * 2, height // 12 // 2 * 2
    x = round(share * (width - car_width)) // 2 * 2
    y = round(height * 0.72) // 2 * 2
    plane[y : y + car_height, x : x + car_width] = 210
    quarter = car_width // 4
    roof = slice(x + quarter, x + car_width - quarter)
    plane[y - car_height // 2 : y, roof] = 170


@lru_cache(maxsize=64)
def _scene(
    camera_name: str, width: int, height: int
) -> tuple[Plane, dict[str, Plane], int]:
    """Return the background of a camera, and the letters drawn onto it."""
    seed = hashlib.sha256(camera_name.encode()).digest()
    image = Image.new("RGB", (width, height))
    draw_on = ImageDraw.Draw(image)
    sky = (90 + seed[0] % 60, 120 + seed[1] % 60, 150 + seed[2] % 80)
    ground = (50 + seed[3] % 50, 80 + seed[4] % 50, 50 + seed[5] % 40)
    horizon = round(height * 0.55)
    for y in range(height):
        base = sky if y < horizon else ground
        shade = 0.75 + 0.25 * (y / horizon if y < horizon else y / height)
        colour = tuple(round(part * shade) for part in base)
        draw_on.line((0, y, width, y), fill=colour)
    draw_on.rectangle((0, height * 0.68, width, height * 0.84), fill=(70, 70, 74))
    house = width * (0.1 + seed[6] / 256 * 0.6)
    wall = (150 + seed[7] % 80, 130 + seed[8] % 60, 110 + seed[9] % 60)
    draw_on.rectangle(
        (house, height * 0.38, house + width * 0.22, height * 0.64), fill=wall
    )
    draw_on.polygon(
        (
            (house - width * 0.02, height * 0.38),
            (house + width * 0.11, height * 0.28),
            (house + width * 0.24, height * 0.38),
        ),
        fill=(120, 60, 50),
    )
    font = ImageFont.load_default(max(8, height // 18))
    draw_on.text((width // 40, height * 0.27), camera_name, fill="white", font=font)
    draw_on.rectangle(
        (
            round(FIRST_COLUMN * width / GRID_COLUMNS) - 4,
            round(FIRST_ROW * height / GRID_ROWS) - 4,
            round((FIRST_COLUMN + COLUMNS) * width / GRID_COLUMNS) + 3,
            round((FIRST_ROW + ROWS) * height / GRID_ROWS) + 3,
        ),
        fill="black",
    )
    y, u, v = (
        np.asarray(part, dtype=np.uint8) for part in image.convert("YCbCr").split()
    )
    plane = np.empty((height * 3 // 2, width), dtype=np.uint8)
    plane[:height] = BLACK + y.astype(np.uint16) * (WHITE - BLACK) // 255
    half = np.stack([u[::2, ::2], v[::2, ::2]])
    plane[height:] = half.reshape(height // 2, width)
    glyphs, glyph_width = _glyphs(font, height // 18)
    return plane, glyphs, glyph_width


def _glyphs(font: Any, size: int) -> tuple[dict[str, Plane], int]:
    letters = "0123456789-:. UTC"
    glyph_width = max(round(font.getlength(letter)) for letter in letters) + 1
    glyph_height = (size * 3 // 2) // 2 * 2
    glyphs = {}
    for letter in letters:
        image = Image.new("L", (glyph_width, glyph_height), BLACK)
        ImageDraw.Draw(image).text((0, 0), letter, fill=WHITE, font=font)
        glyphs[letter] = np.asarray(image, dtype=np.uint8)
    return glyphs, glyph_width

"""Makes the film of a whole day, 25 pictures and 47 AAC frames a second, and prints its cost.

Run: `scripts/bench export [--hours 24]`. One real clip of five minutes stands in the place
of all of them (its frames are tiny: their number is what costs memory, not their size).
ffmpeg joins the same clips for comparison; ffprobe's opinion of our film is printed.
"""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
import shutil
import subprocess
import sys
import tempfile
import time

from benchmarks._bars import row_of
from benchmarks._rows import Row, finish, make_parser
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.media.join import JoinPart, join_clips
from custom_components.vtrack_nvr.core.media.units import Gop, TimedUnit
from custom_components.vtrack_nvr.core.media.writer import ClipWriter
from tests.core.media import encoded
from tests.core.media.test_writer import TAGS

CLIP_MS = 300_000
PICTURE_US = 40_000
RATE = 48_000
START_MS = encoded.START_MS


def make_clip(path: Path) -> None:
    """Write five minutes with sound."""
    pattern = encoded.video_units(count=50, gop=50)
    frames = encoded.aac(rate=RATE)[1]
    gops: list[Gop] = []
    for number in range(CLIP_MS * 1000 // PICTURE_US):
        item = pattern[number % len(pattern)]
        at_us = START_MS * 1000 + number * PICTURE_US
        if item.unit.is_key:
            gops.append(Gop([]))
        gops[-1].video.append(TimedUnit(at_us, item.unit))
    for gop, following in pairwise(gops):
        gop.end_us = following.start_us
    gops[-1].end_us = START_MS * 1000 + CLIP_MS * 1000
    sound = encoded.aac_units(START_MS * 1000, 1, RATE)[0]
    for number in range(CLIP_MS * RATE // 1000 // 1024):
        at_us = START_MS * 1000 + number * 1024 * 1_000_000 // RATE
        unit = sound.unit._replace(data=frames[number % len(frames)])
        place = min(len(gops) - 1, (at_us - START_MS * 1000) // (50 * PICTURE_US))
        gops[place].audio.append(TimedUnit(at_us, unit))
    tags = replace(TAGS, utc_start_ms=START_MS, device_start_ms=START_MS)
    writer = ClipWriter(
        path,
        encoded.video_format(count=50, gop=50),
        encoded.aac_format(RATE),
        tags,
        gops[0].video[0].unit,
    )
    for gop in gops:
        writer.write(gop)
    writer.close()


def peak_mib() -> float:
    """Return the most memory this process had since the peak was last forgotten."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0


def join_with_ffmpeg(clip: Path, count: int, film: Path) -> float | None:
    """Return the seconds that ffmpeg takes for the same film, None without ffmpeg."""
    if not shutil.which("ffmpeg"):
        return None
    names = film.with_suffix(".txt")
    names.write_text(f"file '{clip}'\n" * count, encoding="utf-8")
    began = time.perf_counter()
    subprocess.run(
        [
            *("ffmpeg", "-nostdin", "-v", "error", "-f", "concat", "-safe", "0"),
            *("-i", str(names), "-c", "copy", str(film)),
        ],
        check=True,
    )
    return time.perf_counter() - began


def measure(hours: float) -> list[Row]:
    """Make one film, and let ffmpeg make it."""
    with tempfile.TemporaryDirectory(prefix="bench-export-") as name:
        clip, film = Path(name) / "clip.mp4", Path(name) / "film.mp4"
        make_clip(clip)
        count = round(hours * 3_600_000 / CLIP_MS)
        parts = [JoinPart(clip, START_MS + n * CLIP_MS) for n in range(count)]
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        before = peak_mib()
        began = time.perf_counter()
        joined = join_clips(
            parts, TimeRange(START_MS, START_MS + count * CLIP_MS), film
        )
        took_s = time.perf_counter() - began
        grown = peak_mib() - before
        print(
            f"{hours:g} h, {count} clips, {joined.frames} pictures, "
            f"{film.stat().st_size / 1e6:.0f} MB"
        )
        if shutil.which("ffprobe"):
            subprocess.run(
                [
                    *("ffprobe", "-v", "error", "-show_entries"),
                    *("stream=codec_name,nb_frames,duration,start_time", "-of"),
                    *("compact", str(film)),
                ],
                check=True,
            )
        theirs_s = join_with_ffmpeg(clip, count, Path(name) / "ffmpeg.mp4")
    said = f"{hours:g} h"
    return [
        row_of("export.memory", grown, said=said),
        row_of("export.time", took_s, theirs_s, said),
    ]


if __name__ == "__main__":
    parser = make_parser(__doc__)
    parser.add_argument("--hours", type=float, default=24)
    options = parser.parse_args()
    sys.exit(finish(measure(options.hours), options))

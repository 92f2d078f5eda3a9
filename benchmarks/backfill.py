"""Fills in a day of footage while clips are asked for: `scripts/bench backfill`.

The real engine, downloader and library with the product's own waits and limits copy a
day (two pictures a second) from a simulated NVR that sends as fast as it can. Several
times on the way a clip is asked for that is not copied yet. In the end every picture of the day must be there once, truly dated.
"""

from tests.end_to_end import core_only  # noqa: F401 - first

from benchmarks import _sparse  # isort: skip # noqa: F401 - second

import asyncio  # isort: skip
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
import random
import resource
import sys
import tempfile
import time
from typing import Any

from benchmarks._bars import row_of
from benchmarks._rows import Row, finish, make_parser
from custom_components.vtrack_nvr.core.clip_sink import ClipSink, ClipStart, ClipTarget
from custom_components.vtrack_nvr.core.download.downloader import Verify
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.models import CameraKey, CoverageState
from custom_components.vtrack_nvr.core.policy import Waits
from custom_components.vtrack_nvr.core.sync.settings import EngineLimits
from tests.end_to_end.devices import Devices
from tests.end_to_end.proof import Proof, prove
from tests.end_to_end.rig import DAY_MS, HOUR_MS, PENDING, Attached, CoreRig
from tests.simulator.footage import FootageStore
from tests.simulator.nvr import SimulatedNvr
from tests.simulator.spec import CameraSpec, NvrSpec
from tests.simulator.timeline import Stretch

GOP_MS = 10_000
WANTED_MS = 20_000
MOMENTS = (0.05, 0.2, 0.35, 0.5, 0.65, 0.8)
"""After these shares of the whole a clip is asked for."""
LONGEST_S = 3600.0


@dataclass
class Ask:
    """A clip that was asked for."""

    share: float
    first_byte_s: float
    whole_s: float
    is_whole: bool


@dataclass
class Filled:
    """What came of it."""

    frames: int
    seconds: float
    asks: list[Ask]
    proof: Proof
    left_ms: int
    plays: int
    calls: dict[str, int] = field(default_factory=dict)


class WatchedSink:
    """Passes everything on and remembers what was opened."""

    def __init__(self, inner: ClipSink, opened: list[ClipTarget]) -> None:
        self._inner = inner
        self._opened = opened

    def open(self, start: ClipStart) -> ClipTarget:
        target = self._inner.open(start)
        self._opened.append(target)
        return target

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class BackFill:
    """One home that copies one day."""

    def __init__(self, rig: CoreRig, nvr: SimulatedNvr, seed: int) -> None:
        self._rig = rig
        self._nvr = nvr
        self._rng = random.Random(seed)
        self._opened: list[ClipTarget] = []

    async def run(self, told: Callable[[str], None]) -> Filled:
        """Copy everything; ask for clips on the way; prove it."""
        rig, nvr = self._rig, self._nvr
        sink_of = rig.library.ledger.sink
        rig.library.ledger.sink = lambda camera: WatchedSink(
            sink_of(camera), self._opened
        )
        attached = await rig.introduce(nvr.description())
        (ledger,) = nvr.ledger().values()
        frames: list[list[int]] = ledger["frames"]
        nvr.reset_counts()
        began = time.monotonic()
        await rig.attach(nvr.description())
        (camera,) = attached.cameras
        asks = []
        for share in MOMENTS:
            await self._reaches(attached, share)
            asks.append(await self._ask(camera, share))
            told(
                f"at {share:.0%}: first byte after {asks[-1].first_byte_s:.2f} s,"
                f" whole after {asks[-1].whole_s:.2f} s"
            )
        await rig.settled(attached, LONGEST_S)
        seconds = time.monotonic() - began
        told(f"filled in after {seconds:.0f} s; reading {len(frames)} pictures back")
        counts = nvr.counts()
        clips = [(clip, rig.path(clip)) for clip in await rig.clips(camera)]
        proof = await asyncio.to_thread(prove, frames, clips)
        proof.wrong += [f"stray {name}" for name in rig.strays({p for _, p in clips})]
        left = [s for s in await rig.spans(camera) if s.state in PENDING]
        return Filled(
            len(frames),
            seconds,
            asks,
            proof,
            sum(span.range.duration_ms for span in left),
            counts["rtsp"]["plays"],
            counts["operations"],
        )

    async def _reaches(self, attached: Attached, share: float) -> None:
        """Wait until so much of what is known of is kept."""
        (camera,) = attached.cameras
        async with asyncio.timeout(LONGEST_S):
            while True:
                ms = await self._rig.ms_in(camera)
                kept = ms.get(CoverageState.KEPT, 0)
                left = sum(ms.get(state, 0) for state in PENDING)
                if kept and kept >= share * (kept + left):
                    return
                await asyncio.sleep(0.1)

    async def _ask(self, camera: CameraKey, share: float) -> Ask:
        """Ask for a clip in the midst of what is not copied yet."""
        rig = self._rig
        spans = await rig.spans(camera)
        waiting = [
            s.range
            for s in spans
            if s.state is CoverageState.ON_DEVICE
            and s.range.duration_ms > 4 * WANTED_MS
        ]
        if not waiting:
            # One session takes an hour at a time, and it may be the last.
            raise SystemExit("nothing waits that could be asked for: try --hours 6")
        stretch = self._rng.choice(waiting)
        start_ms = self._rng.randrange(
            stretch.start_ms + WANTED_MS, stretch.end_ms - 2 * WANTED_MS
        )
        wanted = TimeRange(start_ms, start_ms + WANTED_MS)
        self._opened.clear()
        asked = time.monotonic()
        saving = asyncio.create_task(rig.engine.save_clip(camera, wanted, 60.0))
        while not self._has_bytes(wanted) and not saving.done():
            await asyncio.wait({saving}, timeout=0.02)
        first_byte_s = time.monotonic() - asked
        saved = await saving
        return Ask(share, first_byte_s, time.monotonic() - asked, saved.is_whole)

    def _has_bytes(self, wanted: TimeRange) -> bool:
        reach = TimeRange(wanted.start_ms - GOP_MS, wanted.end_ms)
        for target in tuple(self._opened):
            if not reach.contains(target.start.utc_start_ms):
                continue
            try:
                if target.part_path.stat().st_size:
                    return True
            except FileNotFoundError:
                return True  # it has its final name already
        return False


def day(hours: float) -> NvrSpec:
    """Return an NVR that recorded so long, over a midnight."""
    now_ms = time.time_ns() // 1_000_000
    base_ms = (now_ms // DAY_MS - 2) * DAY_MS + 13 * HOUR_MS
    length_ms = round(hours * HOUR_MS) // GOP_MS * GOP_MS
    camera = CameraSpec(
        "Long",
        (Stretch(0, length_ms),),
        base_ms=base_ms,
        audio=None,
        width=128,
        height=80,
        gop_ms=GOP_MS,
        has_sub_stream=False,
    )
    return NvrSpec("Long", (camera,))


def say(text: str) -> None:
    """Print at once."""
    print(text, flush=True)


async def run(hours: float, seed: int, rate: int | None) -> Filled:
    """Make the footage, fill it in and prove it."""
    devices = Devices(FootageStore(memory_bytes=2**40))
    try:
        nvr = await devices.start(day(hours))
        nvr.faults.rtsp.rate_limit_bytes = rate
        timeline = nvr.all_channels[0].timeline
        assert timeline is not None
        began = time.monotonic()
        await asyncio.to_thread(
            devices.footage.warm, timeline.spans(nvr.clock.now_ms())
        )
        say(f"{hours:g} h of footage made in {time.monotonic() - began:.0f} s")
        with tempfile.TemporaryDirectory() as folder:
            async with CoreRig(
                Path(folder),
                waits=Waits(),
                limits=EngineLimits(),
                verify=Verify.DECODE,
            ) as rig:
                return await BackFill(rig, nvr, seed).run(say)
    finally:
        await devices.close()


def rows(hours: float, filled: Filled) -> list[Row]:
    """Return what came of it; what was asked for and is not whole is lost."""
    proof = filled.proof
    parts = sum(not ask.is_whole for ask in filled.asks)
    lost = len(proof.missing) + len(proof.twice) + parts + bool(filled.left_ms)
    slowest_s = max(ask.first_byte_s for ask in filled.asks)
    said = f"{hours:g} h, {filled.frames} pictures"
    return [
        row_of("backfill.first_byte", slowest_s, said=f"of {len(filled.asks)}"),
        row_of("backfill.lost", lost, said=said),
        row_of("backfill.mislabelled", len(proof.wrong) + len(proof.foreign)),
        row_of("backfill.speed", hours * 3600 / filled.seconds),
    ]


def main() -> int:
    """Return 0 if all of it is there, and every clip came in time."""
    parser = make_parser(__doc__)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--rate", type=int, default=None, help="bytes a second the device sends at most"
    )
    chosen = parser.parse_args()
    filled = asyncio.run(run(chosen.hours, chosen.seed, chosen.rate))
    proof = filled.proof
    say(
        f"{len(proof.missing)} pictures lost, {len(proof.twice)} twice;"
        f" {filled.left_ms / 1000:g} s left to fetch"
    )
    say(f"{filled.seconds:.0f} s, {filled.plays} plays, SOAP calls: {filled.calls}")
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    say(f"most memory of this process, device and footage included: {peak_mb:.0f} MB")
    for problem in proof.wrong[:20]:
        say(f"  {problem}")
    return finish(rows(chosen.hours, filled), chosen)


if __name__ == "__main__":
    sys.exit(main())

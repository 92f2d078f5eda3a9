"""The simulated devices, and everything that they ever recorded."""

# Reads private members: the simulated device's time line changes under its lock.

from collections.abc import Iterator
from dataclasses import dataclass, field
import random

from tests.simulator.footage import FootageStore
from tests.simulator.nvr import SimulatedNvr
from tests.simulator.spec import ALL_SERVICES, CameraSpec, NvrSpec
from tests.simulator.timeline import FRAME_MS, Stretch, frame_number

from .clock import SharedTime, SkippingDeviceClock

GOP_MS = 1000
G_SERVICES = {"search", "replay", "recording"}
LIVE_CAMERA = "Porch"


def _camera(name: str, capacity_s: int, audio: str | None = None) -> CameraSpec:
    return CameraSpec(
        name,
        base_ms=0,
        capacity_ms=capacity_s * 1000,
        audio=audio,  # type: ignore[arg-type]  # a word of the simulator's
        width=128,
        height=80,
        gop_ms=GOP_MS,
        has_sub_stream=False,
    )


def specs() -> tuple[NvrSpec, ...]:
    """Return a recorder with two cameras, a camera with a card, and one without any."""
    return (
        NvrSpec(
            "Yard",
            (_camera("Gate", 400), _camera("Path", 900, "AAC")),
            serial="END000001",
            uuid="7f3d4c1e-0000-4000-8000-0000000000e1",
            mac="02:00:5e:00:0e:01",
        ),
        NvrSpec(
            "Barn",
            (_camera("Stall", 1500),),
            serial="END000002",
            uuid="7f3d4c1e-0000-4000-8000-0000000000e2",
            mac="02:00:5e:00:0e:02",
        ),
        NvrSpec(
            LIVE_CAMERA,
            (
                CameraSpec(
                    LIVE_CAMERA,
                    is_recorded=False,
                    audio=None,
                    width=128,
                    height=80,
                    gop_ms=GOP_MS,
                    has_sub_stream=False,
                ),
            ),
            serial="END000003",
            uuid="7f3d4c1e-0000-4000-8000-0000000000e3",
            mac="02:00:5e:00:0e:03",
            services=ALL_SERVICES - G_SERVICES,
        ),
    )


@dataclass
class Recorded:
    """A stretch that a device recorded; `true_ms` is when it began."""

    device_ms: int
    end_ms: int
    offset_ms: int
    """How far the device's clock was ahead of the truth."""
    gone_ms: int | None = None
    """True time at which the device no longer held all of it."""

    @property
    def true_ms(self) -> int:
        """Return when it began."""
        return self.device_ms - self.offset_ms

    def frames(self) -> Iterator[int]:
        """Return the numbers of its frames."""
        for moment in range(self.device_ms, self.end_ms, FRAME_MS):
            yield frame_number(moment)


@dataclass
class Step:
    """A device's clock was set; `seen_ms`: the archive knows the new offset."""

    true_ms: int
    before_ms: int
    after_ms: int
    seen_ms: int | None = None


@dataclass
class Witness:
    """What one camera recorded."""

    name: str
    capacity_ms: int
    recorded: list[Recorded] = field(default_factory=list)
    by_number: dict[int, Recorded] = field(default_factory=dict)

    def add(self, item: Recorded, true_now_ms: int) -> None:
        """Take note of a stretch, and of what it overwrites."""
        self.recorded.append(item)
        for number in item.frames():
            self.by_number[number] = item
        left_ms = self.capacity_ms
        for old in reversed(self.recorded):
            left_ms -= old.end_ms - old.device_ms
            if left_ms < 0:
                if old.gone_ms is not None:
                    break
                old.gone_ms = true_now_ms

    def formatted(self, true_now_ms: int) -> None:
        """Take note that nothing is held any more."""
        for old in self.recorded:
            old.gone_ms = old.gone_ms or true_now_ms


class Device:
    """One simulated device in shared time."""

    def __init__(
        self, spec: NvrSpec, shared: SharedTime, footage: FootageStore
    ) -> None:
        """Build it; it is off."""
        self.shared = shared
        self.nvr = SimulatedNvr(spec, footage=footage)
        self.clock = SkippingDeviceClock(shared)
        self.nvr.clock = self.clock
        self.nvr.guard.clock = self.clock
        self.nvr.rtsp.clock = self.clock
        self.steps: list[Step] = []
        self.name = spec.name
        self.witnesses = {
            channel.spec.name: Witness(
                channel.spec.name, channel.timeline.capacity_ms or 0
            )
            for channel in self.nvr.all_channels
            if channel.timeline
        }

    @property
    def is_replayed(self) -> bool:
        """Return whether it records by itself."""
        return bool(self.witnesses)

    def grow(self, ms: int, rng: random.Random) -> int:
        """Record now and then in the time that comes next; returns how much."""
        now_ms = self.shared.true_ms()
        offset_ms = self.clock.offset_ms
        grown_ms = 0
        for channel in self.nvr.all_channels:
            timeline = channel.timeline
            if timeline is None or not self.nvr.is_running:
                continue
            witness = self.witnesses[channel.spec.name]
            first_ms = now_ms + offset_ms + 1000
            if timeline.stretches:
                first_ms = max(first_ms, _end(timeline.stretches[-1]) + 2000)
            for _ in range(rng.choice((0, 1, 1, 2))):
                length_ms = rng.randint(4, 14) * 1000
                last_ms = now_ms + offset_ms + ms - length_ms - 1000
                if first_ms > last_ms:
                    break
                start_ms = -(-rng.randint(first_ms, last_ms) // 1000) * 1000
                stretch = Stretch(start_ms, length_ms)
                with timeline._lock:
                    timeline.stretches = [
                        *_newest(timeline.stretches, 2 * witness.capacity_ms),
                        stretch,
                    ]
                item = Recorded(start_ms, start_ms + length_ms, offset_ms)
                witness.add(item, now_ms)
                grown_ms += length_ms
                first_ms = start_ms + length_ms + 2000
        return grown_ms

    def step_clock(self, by_ms: int) -> None:
        """Set the device's clock; set back, it records again when it has caught up."""
        before_ms = self.clock.offset_ms
        self.steps.append(Step(self.shared.true_ms(), before_ms, before_ms + by_ms))
        self.clock.offset_ms += by_ms

    def format(self) -> None:
        """Format the disk."""
        self.nvr.format()
        for witness in self.witnesses.values():
            witness.formatted(self.shared.true_ms())

    def note_offset(self, offset_ms: int, host_wrong_ms: int) -> None:
        """Take note of which offset (UTC minus device) the archive believes."""
        if abs(host_wrong_ms - self.clock.offset_ms - offset_ms) < 5_000:
            for step in self.steps:
                step.seen_ms = step.seen_ms or self.shared.true_ms()


def _end(stretch: Stretch) -> int:
    return stretch.offset_ms + stretch.duration_ms


def _newest(stretches: list[Stretch], capacity_ms: int) -> list[Stretch]:
    """Return what may still be held, and some more."""
    left_ms, found = capacity_ms, []
    for stretch in reversed(stretches):
        if left_ms < 0:
            break
        found.append(stretch)
        left_ms -= stretch.duration_ms
    return found[::-1]

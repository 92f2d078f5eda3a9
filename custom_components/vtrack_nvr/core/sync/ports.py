"""What the engine needs from the other rooms, as Protocols.

The shell's `runtime.py` hands in what implements them: `onvif` the device, `download` the
fetcher, `library` the library and its clip sinks. The engine knows none of these rooms.
Everything here is awaited on the event loop and must not block it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from ..cancel import CancelToken
from ..clips import ClipSink
from ..errors import NvrError
from ..intervals import Ranges, TimeRange
from ..models import (
    CameraKey,
    Clip,
    ClipSource,
    ClockEra,
    ClockReading,
    CoverageSpan,
    CoverageState,
    EventMark,
    NvrKey,
    Recording,
    SegmentListing,
)
from ..policy import DevicePolicy


class Device(Protocol):
    """One NVR as seen over ONVIF (implemented by `core.onvif`)."""

    async def measure_clock(self) -> ClockReading:
        """Ask the time without credentials (C 8.3.6)."""
        ...

    async def recordings(self) -> tuple[Recording, ...]:
        """List all recordings (RS 5.6); empty is an answer, not an error."""
        ...

    async def recording(self, token: str) -> Recording:
        """Read one recording's information (RS 5.4): the cheap look for news."""
        ...

    async def segments(
        self, recording: Recording, device_window: TimeRange, device_now_ms: int
    ) -> SegmentListing:
        """Search what the recording holds in a window of at most 24 h (RS 5.9)."""
        ...

    async def replay_uri(self, recording_token: str) -> str:
        """Return a fresh replay URI with the host made reachable (RP 5.1)."""
        ...


@dataclass(frozen=True, slots=True)
class FetchJob:
    """One PLAY: a stretch of one recording, cut into clips on the way.

    `device_range` is on the device's clock; `era` translates it. `kept` are the device
    times of footage already in complete clips: frames inside are dropped as overlap.
    `clip_ms` is the distance of the wall-clock boundaries (UTC) where files are cut.
    `bytes_per_second` limits by reading slower; None is no limit.
    """

    camera: CameraKey
    recording_token: str
    replay_uri: str
    device_range: TimeRange
    era: ClockEra
    kept: Ranges = ()
    clip_ms: int = 300_000
    policy: DevicePolicy = field(default_factory=DevicePolicy)
    source: ClipSource = ClipSource.REPLAY
    with_audio: bool = True
    bytes_per_second: int | None = None


class EndReason(StrEnum):
    """Why a fetch ended (download-engine §8.3)."""

    REACHED = "reached"
    """Footage at or after the wanted end was seen; everything before is settled."""
    END_OF_FOOTAGE = "end_of_footage"
    """The device said that there is no more (T, BYE, close) before the wanted end."""
    YIELDED = "yielded"
    """Stopped at a GOP border because something more urgent came."""
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class FetchedGap:
    """A stretch in which no footage came although the stream went past it."""

    device_range: TimeRange
    reason: str


@dataclass(frozen=True, slots=True)
class FetchOutcome:
    """What one fetch did. What is kept, the sink's rows say; this says the rest.

    `device_reached_ms`: up to here every stretch is either in a complete clip or in
    `gaps`; beyond it nothing is known. `learned` is the policy with what was found out.
    `error` is set when `reason` is FAILED.
    """

    reason: EndReason
    device_reached_ms: int
    clips: int = 0
    bytes: int = 0
    frames: int = 0
    gaps: tuple[FetchedGap, ...] = ()
    learned: DevicePolicy = field(default_factory=DevicePolicy)
    error: NvrError | None = None
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FetchProgress:
    """How far a fetch has got; reported at most once a second, from a worker thread."""

    device_ms: int
    bytes: int
    speed: float


class Fetcher(Protocol):
    """Turns a job into clips in a sink (implemented by `core.download`)."""

    async def fetch(
        self,
        job: FetchJob,
        sink: ClipSink,
        cancel: CancelToken,
        progress: Callable[[FetchProgress], None],
        should_yield: Callable[[], bool],
    ) -> FetchOutcome:
        """Fetch; raises nothing but programming errors. Runs in its own threads.

        `should_yield` is asked at every GOP border; True ends the fetch there with
        everything up to it kept.
        """
        ...


class RunKind(StrEnum):
    """Why a sync run was started."""

    LIGHT = "light"
    FULL = "full"
    MANUAL = "manual"
    EVENT = "event"
    REQUEST = "request"


@dataclass(frozen=True, slots=True)
class RunResult:
    """The history line of one run."""

    clips: int = 0
    bytes: int = 0
    seconds: float = 0.0
    errors: int = 0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Want:
    """A request by a person or an automation, kept across restarts; times in UTC."""

    id: int
    camera: CameraKey
    range: TimeRange
    made_ms: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class SweepFindings:
    """What a search told about a camera's time line, in UTC.

    `present`: what the device holds inside `window`. `is_proof`: the listing is complete,
    the clock is known and the recording is the same as before, so that what is not
    present is truly not there. `device_earliest_ms`: where its footage begins (UTC), the
    proof for *lost*; None where it did not say.
    """

    camera: CameraKey
    window: TimeRange
    present: Ranges
    is_proof: bool
    device_earliest_ms: int | None = None
    device_latest_ms: int | None = None
    wanted: Ranges | None = None
    """The wanted part of the window; None: all of it."""


@dataclass(frozen=True, slots=True)
class CameraTotals:
    """Incrementally kept sums; times in UTC."""

    clips: int = 0
    bytes: int = 0
    kept_ms: int = 0
    by_state_ms: Mapping[CoverageState, int] = field(default_factory=dict)
    first_start_ms: int | None = None
    last_clip_id: int | None = None
    last_start_ms: int | None = None
    last_end_ms: int | None = None
    device_oldest_ms: int | None = None
    device_newest_ms: int | None = None

    @property
    def coverage_percent(self) -> float | None:
        """Return kept / expected × 100 (design §2), None where nothing is expected."""
        expected = self.kept_ms + sum(
            self.by_state_ms.get(state, 0)
            for state in (
                CoverageState.ON_DEVICE,
                CoverageState.FETCHING,
                CoverageState.FAILED,
                CoverageState.LOST,
                CoverageState.MISSING,
            )
        )
        return 100.0 * self.kept_ms / expected if expected else None


class Library(Protocol):
    """The ledger as the engine uses it (implemented by `core.library`); UTC throughout."""

    async def coverage(
        self, camera: CameraKey, window: TimeRange
    ) -> tuple[CoverageSpan, ...]:
        """Return the spans that touch the window, in order, *kept* among them."""
        ...

    async def note_sweep(
        self, findings: SweepFindings, run_id: int | None = None
    ) -> None:
        """Enter what a search found; never turns kept or removed into anything else."""
        ...

    async def mark(
        self,
        camera: CameraKey,
        ranges: Sequence[TimeRange],
        state: CoverageState,
        reason: str = "",
        next_try_ms: int | None = None,
        attempts: int = 0,
        run_id: int | None = None,
    ) -> None:
        """Enter a state for stretches that are not kept; one transaction."""
        ...

    async def kept_on_device_clock(
        self, camera: CameraKey, era: ClockEra, device_window: TimeRange
    ) -> Ranges:
        """Return the device times already in complete clips of that era."""
        ...

    async def totals(self, camera: CameraKey) -> CameraTotals:
        """Return a camera's sums."""
        ...

    async def eras(self, nvr: NvrKey) -> tuple[ClockEra, ...]:
        """Return an NVR's clock eras, oldest first."""
        ...

    async def add_era(self, nvr: NvrKey, era: ClockEra) -> ClockEra:
        """Store a new era; returns it with its id."""
        ...

    async def policy(self, nvr: NvrKey) -> DevicePolicy:
        """Return what was learned about an NVR."""
        ...

    async def set_policy(self, nvr: NvrKey, policy: DevicePolicy) -> None:
        """Remember what was learned."""
        ...

    async def high_water_ms(self, camera: CameraKey) -> int | None:
        """Return UTC up to which light sweeps have looked, None before the first."""
        ...

    async def set_high_water_ms(self, camera: CameraKey, utc_ms: int) -> None:
        """Move the mark."""
        ...

    async def wants(self, nvr: NvrKey) -> tuple[Want, ...]:
        """Return open requests, oldest first."""
        ...

    async def add_want(self, camera: CameraKey, wanted: TimeRange, note: str) -> Want:
        """Store a request."""
        ...

    async def close_want(self, want_id: int, outcome: str) -> None:
        """Close a request with its outcome."""
        ...

    async def add_marks(self, camera: CameraKey, marks: Sequence[EventMark]) -> None:
        """Store events on the time line; equal ones are merged."""
        ...

    async def marks(
        self, camera: CameraKey, window: TimeRange
    ) -> tuple[EventMark, ...]:
        """Return the events that touch the window, in order."""
        ...

    async def begin_run(self, nvr: NvrKey, kind: RunKind) -> int:
        """Open a line in the history of sync runs; returns its id."""
        ...

    async def end_run(self, run_id: int, result: RunResult) -> None:
        """Close it."""
        ...

    async def clips(self, camera: CameraKey, window: TimeRange) -> tuple[Clip, ...]:
        """Return the complete clips that touch the window, in order."""
        ...

    def storage_problem(self, camera: CameraKey) -> NvrError | None:
        """Return why the camera's root may not be written to, from cached health."""
        ...

    def sink(self, camera: CameraKey) -> ClipSink:
        """Return where the camera's clips go."""
        ...


class Gate(Protocol):
    """Whether background sync of a camera is allowed now (an on/off entity outside)."""

    def is_open(self, camera: CameraKey) -> bool:
        """Return the last observed state; open where there is no gate."""
        ...

"""What the engine needs from the other rooms, as Protocols.

The shell's `runtime.py` hands in what implements them: `onvif` the device, `download` the
fetcher, `library` the library and its clip sinks. The engine knows none of these rooms.
Everything here is awaited on the event loop and must not block it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ..cancel import CancelToken
from ..clip_sink import ClipSink
from ..errors import NvrError
from ..fetch_job import FetchJob, FetchOutcome, FetchProgress, ReplaySource
from ..intervals import Ranges, TimeRange
from ..ledger import CameraTotals, HoleSum, RunKind, RunResult, SweepFindings, Want
from ..models import (
    CameraKey,
    Clip,
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

    async def data_from_ms(self) -> int | None:
        """Return where all footage begins on the device's clock, None: it does not say.

        Not to be trusted where it lies before any camera was built.
        """
        ...

    async def segments(
        self, recording: Recording, device_window: TimeRange, device_now_ms: int
    ) -> SegmentListing:
        """Search what the recording holds in a window of at most 24 h (RS 5.9)."""
        ...

    async def replay(self, recording_token: str) -> ReplaySource:
        """Return a fresh replay URI with the host made reachable (RP 5.1)."""
        ...


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


class EngineLedger(Protocol):
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

    async def holes(
        self, camera: CameraKey, before_ms: int, tries: int
    ) -> tuple[HoleSum, ...]:
        """Return what is expected before a moment and not kept, by reason, oldest first.

        What was tried `tries` times and failed counts as given up.
        """
        ...

    async def footage_end_ms(self, camera: CameraKey) -> int | None:
        """Return where the newest footage that is known of ends, kept or not."""
        ...

    async def lookout(self, camera: CameraKey) -> str:
        """Return what was remembered of the look-out for missing footage, empty: nothing."""
        ...

    async def set_lookout(self, camera: CameraKey, text: str) -> None:
        """Remember something of the look-out for missing footage, across restarts."""
        ...

    async def eras(self, nvr: NvrKey) -> tuple[ClockEra, ...]:
        """Return an NVR's clock eras, oldest first."""
        ...

    async def add_era(self, nvr: NvrKey, era: ClockEra) -> ClockEra:
        """Store a new era; returns it with its id."""
        ...

    async def saw_era(self, era_id: int, device_ms: int) -> None:
        """Store what the device's clock read when an era's offset was measured last."""
        ...

    async def earliest_by_era(self, camera: CameraKey) -> Mapping[int, int]:
        """Return where a camera's footage began (device clock) when it was asked, by era."""
        ...

    async def set_earliest(
        self, camera: CameraKey, era_id: int, device_ms: int
    ) -> None:
        """Remember where a camera's footage begins, for the eras found last."""
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

    def kept_from_ms(self, camera: CameraKey) -> int | None:
        """Return from when on footage would stay if it came now, from memory.

        None: all that the days allow. What is older is not worth fetching: a limit in GB or
        the floor of the storage would delete it again.
        """
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


class Viewers(Protocol):
    """Whether somebody watches a device live: the picture on a screen goes first."""

    def is_watched(self) -> bool:
        """Return whether a live stream of the device is open for somebody now."""
        ...


@dataclass(frozen=True, slots=True)
class LiveNow:
    """What a camera's live recording is about at this moment.

    `is_expected`: what is wanted of the stream is to be kept now (gate open, not on
    demand); `is_continuous`: all of it is. `open`: what is being written and in no
    complete clip yet, in UTC.
    """

    is_expected: bool = False
    is_continuous: bool = False
    open: TimeRange | None = None


class LiveSource(Protocol):
    """Who records a camera's live stream (implemented by `core.archive.live`)."""

    def follow(self, camera: CameraKey, *, is_live: bool, era: ClockEra | None) -> None:
        """Take whether the camera relies on it now, and the device's clock era if known.

        Called whenever one of them has changed.
        """
        ...

    async def want(self, camera: CameraKey, wanted: TimeRange, event: str = "") -> None:
        """Make sure that the range is recorded and its clips close soon after its end.

        Returns at once. What already passed unrecorded is simply not there. With the name
        of an event the range follows that event: the same name again replaces it.
        """
        ...

    def now(self, camera: CameraKey) -> LiveNow:
        """Return what the live recording is about now, from memory."""
        ...

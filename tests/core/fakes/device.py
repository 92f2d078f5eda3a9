"""A device with recordings on its own clock, some growing, some overwritten."""

from collections import Counter
from dataclasses import dataclass, field

from custom_components.vtrack_nvr.core.clock import Clock
from custom_components.vtrack_nvr.core.endpoint import Endpoint
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.fetch_job import ReplaySource
from custom_components.vtrack_nvr.core.intervals import (
    Ranges,
    TimeRange,
    intersection,
    union,
)
from custom_components.vtrack_nvr.core.models import (
    ClockReading,
    Recording,
    Segment,
    SegmentListing,
)


@dataclass
class FakeRecording:
    """Footage on the device's clock.

    `grows_since_ms`: it records since then and still does. `ring_ms`: it keeps no more
    than this. `holes`: stretches the listing names and that hold no frame.
    `claims_from_ms`: where it says that it begins, whatever it holds.
    """

    token: str
    ranges: Ranges = ()
    grows_since_ms: int | None = None
    ring_ms: int | None = None
    holes: Ranges = ()
    lag_ms: int = 0
    claims_from_ms: int | None = None

    def footage(self, device_now_ms: int) -> Ranges:
        """Return what it holds now."""
        parts = list(self.ranges)
        if self.grows_since_ms is not None:
            end_ms = max(device_now_ms - self.lag_ms, self.grows_since_ms)
            parts.append(TimeRange(self.grows_since_ms, end_ms))
        if self.ring_ms is not None:
            room = TimeRange(device_now_ms - self.ring_ms, device_now_ms)
            return intersection(parts, (room,))
        return union(parts)


@dataclass
class FakeDevice:
    """Answers like a device whose clock is `offset_ms` behind UTC (utc = device + offset)."""

    clock: Clock
    recordings_by_token: dict[str, FakeRecording] = field(default_factory=dict)
    offset_ms: int = 0
    problem: NvrError | None = None
    is_listing_complete: bool = True
    forgives_after_clock: bool = False
    round_trip_s: float = 0.0
    says_from_ms: int | None = None
    calls: Counter[str] = field(default_factory=Counter)

    def add(self, recording: FakeRecording) -> FakeRecording:
        """Put a recording on the device."""
        self.recordings_by_token[recording.token] = recording
        return recording

    @property
    def device_now_ms(self) -> int:
        """Return what its clock reads."""
        return self.clock.now_ms() - self.offset_ms

    async def _answer(self, call: str) -> None:
        self.calls[call] += 1
        if self.round_trip_s:
            await self.clock.sleep(self.round_trip_s)
        if self.problem is not None:
            raise self.problem

    async def measure_clock(self) -> ClockReading:
        """Answer the time (needs no login)."""
        self.calls["measure_clock"] += 1
        if self.problem is not None and self.problem.kind is not (
            ErrorKind.AUTH_REFUSED
        ):
            raise self.problem
        if self.forgives_after_clock:
            self.problem = None
        return ClockReading(self.offset_ms, self.clock.now_ms())

    def _info(self, recording: FakeRecording) -> Recording:
        footage = recording.footage(self.device_now_ms)
        return Recording(
            recording.token,
            device_earliest_ms=(
                (footage[0].start_ms if footage else None)
                if recording.claims_from_ms is None
                else recording.claims_from_ms
            ),
            device_latest_ms=footage[-1].end_ms if footage else None,
        )

    async def recordings(self) -> tuple[Recording, ...]:
        """List all."""
        await self._answer("recordings")
        return tuple(self._info(r) for r in self.recordings_by_token.values())

    async def recording(self, token: str) -> Recording:
        """Return one."""
        await self._answer("recording")
        if token not in self.recordings_by_token:
            raise NvrError(ErrorKind.GONE, token)
        return self._info(self.recordings_by_token[token])

    async def data_from_ms(self) -> int | None:
        """Return where all footage begins."""
        await self._answer("data_from_ms")
        return self.says_from_ms

    async def segments(
        self, recording: Recording, device_window: TimeRange, device_now_ms: int
    ) -> SegmentListing:
        """Search a window."""
        await self._answer("segments")
        assert device_window.duration_ms <= 24 * 3_600_000
        footage = self.recordings_by_token[recording.token].footage(self.device_now_ms)
        return SegmentListing(
            recording,
            device_window,
            tuple(
                Segment(recording.token, item)
                for item in intersection(footage, (device_window,))
            ),
            is_complete=self.is_listing_complete,
        )

    async def replay(self, recording_token: str) -> ReplaySource:
        """Return an address that the fake fetcher understands."""
        await self._answer("replay")
        return ReplaySource(Endpoint(f"fake://{recording_token}"))

"""The script of questions: what is asked of a real device, in what order, how long."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from ..cancel import CancelToken
from ..clock import Clock
from ..device_report import DeviceReport
from ..errors import NvrError
from ..intervals import TimeRange
from ..login_guard import LoginGuard
from ..models import DeviceEvent, Recording, SegmentListing
from ..onvif.client import OnvifDevice
from .rtsp_tap import RtspTap
from .sessions import MakeEndpoint, Patience, SecondSession, SessionFacts, Sessions
from .soap_tap import SoapExchange, SoapTap

_SURVEY_S: Final = 45.0
_ONE_S: Final = 12.0
_RECORDINGS: Final = 4
_DAYS: Final = 2
_DAY_MS: Final = 86_400_000
_RANGE_MS: Final = 10_000
_SHORTEST_MS: Final = 2_000

type OnProgress = Callable[[float], None]


@dataclass
class Examination:
    """Everything that was asked and answered, as it came: nothing is anonymised yet.

    `problems` are the questions that could not be answered, and why. `started_ms` is host
    UTC, `seconds` how long it took. `events` are those that it told at once; None: it takes
    no subscriptions.
    """

    host: str
    port: int
    is_tls: bool
    started_ms: int
    seconds: float = 0.0
    report: DeviceReport | None = None
    listings: list[SegmentListing] = field(default_factory=list)
    replay_url: str = ""
    live_urls: dict[str, str] = field(default_factory=dict)
    sessions: dict[str, SessionFacts] = field(default_factory=dict)
    second: SecondSession | None = None
    events: tuple[DeviceEvent, ...] | None = None
    taps: list[RtspTap] = field(default_factory=list)
    exchanges: list[SoapExchange] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class Questions:
    """Asks one device. `device` must have been made with the session and ear of `tap`."""

    def __init__(
        self,
        device: OnvifDevice,
        tap: SoapTap,
        make_endpoint: MakeEndpoint,
        *,
        clock: Clock,
        guard: LoginGuard,
        is_tls: bool = False,
        on_progress: OnProgress = lambda _: None,
        patience: Patience | None = None,
    ) -> None:
        """Nothing is sent yet. `guard` is the one that `device` has."""
        self._patience = patience or Patience()
        self._device = device
        self._tap = tap
        self._clock = clock
        self._on_progress = on_progress
        self._begun = clock.monotonic()
        self._cancel = CancelToken()
        self._sessions = Sessions(
            make_endpoint,
            clock=clock,
            guard=guard,
            cancel=self._cancel,
            patience=self._patience,
        )
        self._found = Examination(device.host, device.port, is_tls, clock.now_ms())

    async def ask(self) -> Examination:
        """Ask everything within two minutes; never raises for what a device does.

        What cannot be answered stands among the problems. Nothing is left on the device
        but a line in its log; nothing is written to disk.
        """
        found = self._found
        try:
            await self._ask_services()
            self._on_progress(0.3)
            await self._ask_recordings()
            self._on_progress(0.5)
            await self._ask_urls()
            await self._ask_events()
            self._on_progress(0.55)
            await self._ask_sessions()
        finally:
            self._cancel.cancel("the report ends")
        found.exchanges = self._tap.exchanges
        found.taps = self._sessions.taps
        found.sessions = self._sessions.found
        found.second = self._sessions.second
        found.seconds = round(self._clock.monotonic() - self._begun, 1)
        self._on_progress(1.0)
        return found

    @property
    def _left_s(self) -> float:
        return self._patience.total - (self._clock.monotonic() - self._begun)

    async def _ask_services(self) -> None:
        try:
            async with asyncio.timeout(_SURVEY_S):
                self._found.report = await self._device.report()
        except (NvrError, TimeoutError) as error:
            self._problem("asking what it is", error)

    def _problem(self, what: str, error: Exception) -> None:
        detail = "no answer in time"
        if isinstance(error, NvrError):
            where = f"{error.where}: " if error.where else ""
            detail = f"{where}{error.detail or error.kind} ({error.kind})"
        self._found.problems.append(f"{what}: {detail}")

    async def _ask_recordings(self) -> None:
        report = self._found.report
        if report is None:
            return
        now_ms = self._clock.now_ms() - report.clock.offset_ms
        for recording in report.recordings[:_RECORDINGS]:
            if self._left_s < self._patience.total / 2:
                self._found.problems.append(
                    "listing recordings: the device is too slow to be asked for all"
                )
                return
            what = f"listing recording {recording.token}"
            try:
                async with asyncio.timeout(_ONE_S):
                    fresh = await self._device.recording(recording.token)
            except (NvrError, TimeoutError) as error:
                self._problem(what, error)
                fresh = recording
            try:
                async with asyncio.timeout(_ONE_S):
                    await self._ask_segments(fresh, now_ms)
            except (NvrError, TimeoutError) as error:
                self._problem(what, error)

    async def _ask_segments(self, recording: Recording, now_ms: int) -> None:
        """Search the newest days that the recording holds."""
        latest_ms = min(recording.device_latest_ms or now_ms, now_ms)
        for end_ms in (now_ms, latest_ms + 1000):
            first_ms = end_ms - _DAYS * _DAY_MS
            earliest_ms = recording.device_earliest_ms
            if earliest_ms is not None:
                first_ms = max(first_ms, min(earliest_ms, end_ms - 1000))
            window = TimeRange(first_ms, end_ms)
            listing = await self._device.segments(recording, window, now_ms)
            if listing.segments or latest_ms > first_ms:
                break
        self._found.listings.append(listing)

    async def _ask_urls(self) -> None:
        found, report = self._found, self._found.report
        if report is None:
            return
        for channel in report.channels[:2]:
            for profile in channel.profiles[:2]:
                try:
                    async with asyncio.timeout(_ONE_S):
                        url = await self._device.stream_uri(profile)
                except (NvrError, TimeoutError) as error:
                    self._problem(f"the live address of {profile.token}", error)
                else:
                    found.live_urls[profile.token] = url
        if report.recordings:
            token = self._chosen()[0]
            try:
                async with asyncio.timeout(_ONE_S):
                    found.replay_url = await self._device.replay_uri(token)
            except (NvrError, TimeoutError) as error:
                self._problem("the address of a recording", error)

    async def _ask_events(self) -> None:
        """Listen for a moment, and ask what the device records by itself."""
        report = self._found.report
        if report is None:
            return
        if "events" in report.services:
            try:
                async with asyncio.timeout(_ONE_S):
                    self._found.events = await self._device.first_events(
                        self._patience.events
                    )
            except (NvrError, TimeoutError) as error:
                self._problem("listening to its events", error)
        try:
            async with asyncio.timeout(_ONE_S):
                await self._device.recording_jobs()
        except (NvrError, TimeoutError) as error:
            self._problem("its recording jobs", error)

    def _chosen(self) -> tuple[str, TimeRange | None]:
        """Return the recording to play and ten seconds of it that surely lie still."""
        best: tuple[int, str, TimeRange] | None = None
        for listing in self._found.listings:
            for segment in listing.segments:
                held = segment.device_range
                start_ms, end_ms = held.start_ms, held.end_ms
                if segment.is_growing:
                    # Its newest part may not be on the disk yet, its oldest be gone.
                    start_ms = max(start_ms, end_ms - 120_000)
                elif segment.is_assumed:
                    # There may be gaps in it; at its end there is footage.
                    start_ms = max(start_ms, end_ms - 2 * _RANGE_MS)
                # Footage behind the range shows whether its end is obeyed.
                length_ms = min(_RANGE_MS, (end_ms - start_ms) // 2)
                if segment.is_assumed:
                    start_ms = end_ms - length_ms
                wanted = TimeRange(start_ms, start_ms + length_ms)
                if wanted.duration_ms < _SHORTEST_MS:
                    continue
                rank = wanted.start_ms - (0 if not segment.is_growing else _DAY_MS)
                if best is None or rank > best[0]:
                    best = (rank, listing.recording.token, wanted)
        if best is not None:
            return best[1], best[2]
        report = self._found.report
        assert report is not None
        first = report.recordings[0]
        if first.device_latest_ms is not None:
            end_ms = first.device_latest_ms - 60_000
            return first.token, TimeRange(end_ms - _RANGE_MS, end_ms)
        return first.token, None

    async def _ask_sessions(self) -> None:
        found = self._found
        if found.report is None:
            return
        wanted = self._chosen()[1] if found.report.recordings else None

        def ask() -> None:
            if found.replay_url and wanted is not None:
                self._sessions.replay(found.replay_url, wanted)
            for url in list(found.live_urls.values())[:1]:
                self._sessions.live(url)

        work = asyncio.get_running_loop().run_in_executor(None, ask)
        try:
            await asyncio.wait({work}, timeout=max(1.0, self._left_s))
        finally:
            if not work.done():
                self._cancel.cancel("the two minutes are over")
                found.problems.append("playing: two minutes were not enough")
        await work

"""Live recordings when devices, cameras and the index do not play along."""

# Reads private members: recorders are stand-ins, and their callbacks are called as they would.

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest

from custom_components.vtrack_nvr.core.archive.live import LiveRecordings
from custom_components.vtrack_nvr.core.archive.live_devices import (
    LiveCamera,
    LiveDevice,
)
from custom_components.vtrack_nvr.core.cancel import CancelToken
from custom_components.vtrack_nvr.core.endpoint import Endpoint
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.live.live_values import (
    LiveGap,
    LiveSpec,
    LiveState,
    LiveStatus,
)
from custom_components.vtrack_nvr.core.login_guard import LoginGuard
from custom_components.vtrack_nvr.core.models import (
    CameraKey,
    ClockEra,
    CoverageState,
    NvrKey,
    StreamProfile,
)
from custom_components.vtrack_nvr.core.policy import Waits
from custom_components.vtrack_nvr.core.sync.settings import CameraSettings, SyncMode
from custom_components.vtrack_nvr.core.sync.status import SyncState
from tests.core.library.rig import ManualClock

NVR, CAMERA, NOBODY = NvrKey("n"), CameraKey("n/1"), CameraKey("nobody")
WANTED = TimeRange(0, 1000)
STREAM = "rtsp://127.0.0.1:1/live"
PROFILE = StreamProfile("main", "Main", "H264", 640, 360)


class Recorders:
    """Stands where threads would record; remembers what it was asked."""

    def __init__(self) -> None:
        self.specs: dict[CameraKey, LiveSpec] = {}
        self.recorded: list[tuple[CameraKey, TimeRange, str]] = []
        self.detached: list[CameraKey] = []
        self.retried: list[CameraKey] = []
        self.switched: list[tuple[CameraKey, bool]] = []
        self.statuses: dict[CameraKey, LiveStatus] = {}
        self.tell_end: Callable[[CameraKey], None] = lambda _camera: None

    async def attach(self, spec: LiveSpec, _sink: object) -> None:
        self.specs[spec.camera] = spec

    async def detach(self, camera: CameraKey) -> None:
        self.detached.append(camera)
        if self.specs.pop(camera, None) is not None:
            self.tell_end(camera)

    async def close(self) -> None:
        for camera in [*self.specs]:
            await self.detach(camera)

    def status(self, camera: CameraKey) -> LiveStatus | None:
        return self.statuses.get(camera)

    def switch(self, camera: CameraKey, is_on: bool) -> None:
        self.switched.append((camera, is_on))

    def record(self, camera: CameraKey, wanted: TimeRange, name: str = "") -> None:
        self.recorded.append((camera, wanted, name))

    def retry_now(self, camera: CameraKey) -> None:
        self.retried.append(camera)


class Heartbeats:
    """Keeps in memory what would outlive a restart."""

    def __init__(self, moments: Mapping[str, int] | None = None) -> None:
        self.moments = dict(moments or {})

    async def load(self) -> dict[str, int]:
        return dict(self.moments)

    async def save(self, moments: Mapping[str, int]) -> None:
        self.moments = dict(moments)


class Gate:
    """Opens and closes by hand."""

    is_wide_open = True

    def is_open(self, _camera: CameraKey) -> bool:
        return self.is_wide_open


class LiveRig:
    """Live recordings of one camera, between a library and an engine that only listen."""

    def __init__(self, heartbeats: Heartbeats | None = None) -> None:
        self.clock = ManualClock()
        ledger = Mock(mark=AsyncMock(), eras=AsyncMock(return_value=()), sink=Mock())
        self.library = Mock(ledger=ledger)
        self.engine = Mock()
        self.heartbeats = heartbeats or Heartbeats()
        self.recorders = Recorders()
        self.gate = Gate()
        self.stream_uri: Callable[[StreamProfile], Any] = AsyncMock(return_value=STREAM)
        self.live = LiveRecordings(
            self.library,
            self.engine,
            self.clock,
            self.heartbeats,
            "ffmpeg",
            Waits(soap_call=0.05),
        )
        # threads that connect to a device are not what is tried here
        self.live._recorders = self.recorders

    async def add(
        self,
        mode: SyncMode = SyncMode.EVERYTHING,
        *,
        has_recordings: bool = False,
        profile: StreamProfile | None = PROFILE,
    ) -> None:
        await self.live.start()
        device = LiveDevice(
            NVR,
            self._ask_device,
            lambda url: Endpoint(url, "user", "secret"),
            LoginGuard(),
            self.gate,
        )
        settings = CameraSettings(mode=mode)
        await self.live.update(
            device, [LiveCamera(CAMERA, profile, settings, has_recordings)]
        )
        await self.rest()

    async def _ask_device(self, profile: StreamProfile) -> str:
        return str(await self.stream_uri(profile))

    def rely(self, *, is_live: bool = True, era: ClockEra | None = None) -> None:
        self.live.follow(CAMERA, is_live=is_live, era=era)

    async def rest(self) -> None:
        """Wait until what was begun beside is done."""
        while self.live._tasks:
            await asyncio.wait(self.live._tasks)

    async def ask(self, cancel: CancelToken | None = None) -> Endpoint:
        """Ask for the stream's address as a recorder does, on its thread."""
        spec = self.recorders.specs[CAMERA]
        return await asyncio.to_thread(spec.endpoint, cancel or CancelToken())


@pytest.fixture
async def rig() -> AsyncIterator[LiveRig]:
    rig = LiveRig()
    yield rig
    await rig.live.stop()


async def test_a_camera_that_is_not_there_or_not_live_is_not_recorded(
    rig: LiveRig,
) -> None:
    await rig.add()
    await rig.live.want(NOBODY, WANTED)
    await rig.live.want(CAMERA, WANTED)
    assert rig.recorders.recorded == []
    with pytest.raises(NvrError) as raised:
        await rig.live.record(NOBODY, 5)
    assert raised.value.kind is ErrorKind.GONE


async def test_a_camera_without_a_stream_cannot_be_recorded(rig: LiveRig) -> None:
    await rig.add(profile=None)
    with pytest.raises(NvrError) as raised:
        await rig.live.record(CAMERA, 5)
    assert raised.value.kind is ErrorKind.UNSUPPORTED


async def test_the_engine_decides_which_cameras_are_recorded(rig: LiveRig) -> None:
    rig.rely()  # told before the camera is known: a start
    await rig.add()
    assert rig.recorders.specs[CAMERA].is_on
    assert rig.live.now(CAMERA).is_expected
    rig.rely(is_live=False)
    await rig.rest()
    assert rig.recorders.specs == {}
    assert not rig.live.now(CAMERA).is_expected


async def test_clips_are_filed_under_the_clock_era_of_the_moment(rig: LiveRig) -> None:
    rig.rely()
    await rig.add()
    era = rig.recorders.specs[CAMERA].era
    assert era().offset_ms == 0
    rig.rely(era=ClockEra(7, 0, 3_600_000))
    assert era().offset_ms == 3_600_000


async def test_a_closed_gate_switches_a_recorder_off_and_on_again(rig: LiveRig) -> None:
    rig.rely()
    await rig.add()
    for is_open in (False, True):
        rig.gate.is_wide_open = is_open
        rig.live.look()
        await rig.rest()
        assert rig.recorders.switched[-1] == (CAMERA, is_open)
        assert rig.live.now(CAMERA).is_expected is is_open


async def test_a_recorder_that_nobody_needs_any_more_is_put_away(rig: LiveRig) -> None:
    await rig.add()
    await rig.live.record(CAMERA, 3600)
    assert CAMERA in rig.recorders.specs
    rig.clock.advance(2 * 3_600_000)
    rig.live.look()
    await rig.rest()
    assert rig.recorders.detached == [CAMERA]
    await rig.live.stop()
    await rig.live.detach(NVR)
    with pytest.raises(NvrError):
        await rig.live.record(CAMERA, 1)


@pytest.mark.parametrize(
    ("kind", "knows_address", "raised"),
    [
        (ErrorKind.UNREACHABLE, False, ErrorKind.UNREACHABLE),
        (ErrorKind.UNREACHABLE, True, None),
        (ErrorKind.AUTH_REFUSED, True, ErrorKind.AUTH_REFUSED),
    ],
)
async def test_the_address_of_before_serves_while_the_web_service_is_away(
    rig: LiveRig, kind: ErrorKind, knows_address: bool, raised: ErrorKind | None
) -> None:
    rig.rely()
    await rig.add()
    if knows_address:
        await rig.ask()
    rig.stream_uri = AsyncMock(side_effect=NvrError(kind))
    if raised is None:
        assert (await rig.ask()).url == STREAM
        return
    with pytest.raises(NvrError) as caught:
        await rig.ask()
    assert caught.value.kind is raised


@pytest.mark.parametrize("knows_address", [True, False])
async def test_a_web_service_that_hangs_is_not_waited_for_without_end(
    rig: LiveRig, knows_address: bool
) -> None:
    rig.rely()
    await rig.add()
    if knows_address:
        await rig.ask()
    rig.stream_uri = lambda _: asyncio.Event().wait()
    if knows_address:
        assert (await rig.ask()).url == STREAM
        return
    with pytest.raises(NvrError) as raised:
        await rig.ask()
    assert raised.value.kind is ErrorKind.TIMEOUT


async def test_a_recorder_that_ends_does_not_wait_for_the_address(rig: LiveRig) -> None:
    rig.live._waits = Waits()
    rig.rely()
    await rig.add()
    cancel, is_asked = CancelToken(), asyncio.Event()

    async def hang(_profile: StreamProfile) -> str:
        is_asked.set()
        await asyncio.Event().wait()
        return STREAM

    rig.stream_uri = hang
    asking = asyncio.ensure_future(rig.ask(cancel))
    await is_asked.wait()
    cancel.cancel("stopping")
    with pytest.raises(NvrError) as raised:
        await asking
    assert raised.value.kind is ErrorKind.CANCELLED


@pytest.mark.parametrize(
    ("has_recordings", "state", "end_ms"),
    [(True, CoverageState.ON_DEVICE, 9_000), (False, CoverageState.LOST, 10_000)],
)
async def test_a_gap_is_on_the_device_or_lost(
    rig: LiveRig, has_recordings: bool, state: CoverageState, end_ms: int
) -> None:
    rig.rely()
    await rig.add(has_recordings=has_recordings)
    gap = TimeRange(0, 10_000)
    rig.live._on_gap(CAMERA, LiveGap(gap, "unreachable", is_over=True))
    await rig.rest()
    stretch = TimeRange(0, end_ms)
    rig.library.ledger.mark.assert_awaited_once_with(
        CAMERA, [stretch], state, "unreachable"
    )
    rig.engine.notify_kept.assert_called_once_with(CAMERA, stretch)


@pytest.mark.parametrize("way", ["stop", "detach", "change"])
async def test_what_a_recorder_lost_to_the_last_is_told(rig: LiveRig, way: str) -> None:
    rig.rely()
    await rig.add()
    gap = LiveGap(WANTED, "unreachable")
    rig.recorders.tell_end = lambda camera: rig.live._on_gap(camera, gap)
    if way == "stop":
        await rig.live.stop()
    elif way == "detach":
        await rig.live.detach(NVR)
    else:
        await rig.add(SyncMode.EVENTS)
    rig.library.ledger.mark.assert_awaited_once_with(
        CAMERA, [WANTED], CoverageState.LOST, "unreachable"
    )


async def test_what_is_told_of_a_camera_that_left_is_let_go(rig: LiveRig) -> None:
    await rig.add()
    gap = LiveGap(WANTED, "unreachable")
    rig.engine.note_live.side_effect = NvrError(ErrorKind.GONE)
    rig.live._on_status(NOBODY, LiveStatus(state=LiveState.RECORDING))
    for camera in (NOBODY, CAMERA):  # not there, and not relied on
        rig.live._on_gap(camera, gap)
    await rig.rest()
    rig.library.ledger.mark.assert_not_awaited()
    rig.rely()
    rig.library.ledger.mark.side_effect = NvrError(ErrorKind.INDEX_FAILED)
    rig.live._on_gap(CAMERA, gap)
    await rig.rest()
    rig.library.ledger.mark.assert_awaited_once()
    rig.engine.notify_kept.assert_not_called()


async def test_the_time_when_nothing_ran_is_a_gap(rig: LiveRig) -> None:
    then_ms = rig.clock.now_ms() - 60_000
    again = LiveRig(Heartbeats({CAMERA: then_ms}))
    again.rely()
    await again.add()
    stretch = TimeRange(then_ms, again.clock.now_ms())
    again.library.ledger.mark.assert_awaited_once_with(
        CAMERA, [stretch], CoverageState.LOST, "not_running"
    )
    await again.live.stop()
    assert again.heartbeats.moments == {CAMERA: again.clock.now_ms()}


async def test_a_camera_that_is_removed_leaves_no_heartbeat(rig: LiveRig) -> None:
    rig.rely()
    await rig.add()
    await rig.live.detach(NVR)
    assert rig.heartbeats.moments == {}
    assert rig.recorders.detached == [CAMERA]


@pytest.mark.parametrize(
    ("problem", "is_tried"),
    [
        (ErrorKind.STORAGE_MISSING, True),
        (ErrorKind.STORAGE_FULL, True),
        (ErrorKind.AUTH_REFUSED, False),
        (None, False),
    ],
)
async def test_a_storage_that_is_back_lets_waiting_recordings_go_on_at_once(
    rig: LiveRig, problem: ErrorKind | None, is_tried: bool
) -> None:
    rig.rely()
    await rig.add()
    rig.recorders.statuses[CAMERA] = LiveStatus(problem=problem)
    rig.live.storage_is_back()
    assert rig.recorders.retried == ([CAMERA] if is_tried else [])


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (LiveStatus(state=LiveState.RECORDING), SyncState.RECORDING),
        (
            LiveStatus(state=LiveState.CONNECTING, problem=ErrorKind.UNREACHABLE),
            SyncState.WAITING,
        ),
        (LiveStatus(state=LiveState.STOPPED), None),
    ],
)
async def test_the_engine_shows_what_a_recorder_does(
    rig: LiveRig, status: LiveStatus, state: SyncState | None
) -> None:
    await rig.add()
    rig.live._on_status(CAMERA, status)
    [(key, note)] = [call.args for call in rig.engine.note_live.call_args_list]
    assert key == CAMERA
    assert (note.state if note else None) is state

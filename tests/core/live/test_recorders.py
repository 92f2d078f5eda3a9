"""Recorders of cameras that come and go, steered from the event loop."""

# Reads private members: a recorder belongs to its thread and is handed to nobody.

import asyncio
from dataclasses import replace
from pathlib import Path
import threading
import time

import pytest

from custom_components.vtrack_nvr.core.cancel import CancelToken
from custom_components.vtrack_nvr.core.clock import SystemClock
from custom_components.vtrack_nvr.core.endpoint import Endpoint
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.live.live_values import (
    LiveSpec,
    LiveState,
    LiveStatus,
)
from custom_components.vtrack_nvr.core.live.recorders import LiveRecorders
from custom_components.vtrack_nvr.core.models import CameraKey
from custom_components.vtrack_nvr.core.policy import Waits
from tests.core.download.conftest import FolderSink
from tests.simulator.rtsp_server import RtspServer

from .rig import WAITS, RecorderRig

CAMERA = CameraKey("sim/1")
STRANGER = CameraKey("sim/2")


def nowhere(_: CancelToken) -> Endpoint:
    raise NvrError(ErrorKind.UNREACHABLE, "nothing answers")


async def test_an_unknown_camera_is_nothing_to_steer() -> None:
    recorders = LiveRecorders(clock=SystemClock())
    recorders.switch(STRANGER, True)
    recorders.record(STRANGER, TimeRange(0, 1))
    recorders.retry_now(STRANGER)
    await recorders.detach(STRANGER)
    assert recorders.status(STRANGER) is None
    assert not recorders.is_attached(STRANGER)
    await recorders.close()


async def test_what_a_recorder_tells_comes_on_the_event_loop(tmp_path: Path) -> None:
    told: list[LiveStatus] = []
    threads: set[int] = set()
    failed = asyncio.Event()

    def on_status(camera: CameraKey, status: LiveStatus) -> None:
        assert camera == CAMERA
        told.append(status)
        threads.add(threading.get_ident())
        if status.state is LiveState.WAITING:
            failed.set()

    recorders = LiveRecorders(
        clock=SystemClock(), waits=Waits(live_retry=(0.01,)), on_status=on_status
    )
    await recorders.attach(LiveSpec(CAMERA, nowhere), FolderSink(tmp_path))
    assert recorders.is_attached(CAMERA)
    recorders.switch(CAMERA, True)
    recorders.record(CAMERA, TimeRange(0, 1))
    await asyncio.wait_for(failed.wait(), 20)
    recorders.retry_now(CAMERA)
    assert recorders.status(CAMERA).problem is ErrorKind.UNREACHABLE
    await recorders.close()
    assert threads == {threading.get_ident()}
    assert not recorders.is_attached(CAMERA)


async def test_a_recorder_that_does_not_end_is_left_alone_and_said_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    asked, release = threading.Event(), threading.Event()

    def stuck(_: CancelToken) -> Endpoint:
        asked.set()
        release.wait(30)
        raise NvrError(ErrorKind.CANCELLED, "at last")

    recorders = LiveRecorders(clock=SystemClock(), waits=Waits(stop=0.1))
    await recorders.attach(LiveSpec(CAMERA, stuck, is_on=True), FolderSink(tmp_path))
    recorder = recorders._recorders[CAMERA]
    assert await asyncio.to_thread(asked.wait, 20)
    await recorders.detach(CAMERA)
    assert "does not end" in caplog.text
    release.set()
    assert await asyncio.to_thread(recorder.stop, 20)


@pytest.mark.long
async def test_recorders_are_steered_from_the_loop(
    server: RtspServer, tmp_path: Path
) -> None:
    states: list[LiveState] = []
    rig = RecorderRig(server, tmp_path)
    live = LiveRecorders(
        clock=SystemClock(),
        waits=WAITS,
        on_status=lambda key, status: states.append(status.state),
    )
    spec = LiveSpec(CAMERA, rig.endpoint)
    await live.attach(spec, rig.sink)
    assert live.is_attached(CAMERA)
    live.switch(CAMERA, True)
    now = round(time.time() * 1000)
    live.record(CAMERA, TimeRange(now, now + 500))
    async with asyncio.timeout(8):
        while LiveState.RECORDING not in states:  # noqa: ASYNC110 - a thread tells nobody
            await asyncio.sleep(0.02)
    rig.lateness.stop()
    live.retry_now(CAMERA)
    assert live.status(CAMERA)
    await live.attach(replace(spec, is_on=True), rig.sink)
    await live.close()
    assert live.status(CAMERA) is None
    assert not live.is_attached(CAMERA)
    rig.check()

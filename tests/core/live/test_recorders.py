"""Recorders of cameras that come and go, steered from the event loop."""

# Reads private members: a recorder belongs to its thread and is handed to nobody.

import asyncio
from pathlib import Path
import threading

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

"""A simulated camera and a recorder of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulator.footage import FootageStore
from tests.simulator.rtsp_faults import RtspFaults
from tests.simulator.rtsp_server import RtspServer
from tests.simulator.timeline import DeviceClock, LiveSource

from .rig import RecorderRig


@pytest.fixture
def faults() -> RtspFaults:
    return RtspFaults()


@pytest.fixture
def server(socket_enabled: None, faults: RtspFaults) -> Iterator[RtspServer]:
    running = RtspServer(
        "127.0.0.1",
        0,
        {"admin": "secret"},
        DeviceClock(),
        {},
        {"/live": LiveSource("Gate", gop_ms=500, width=320, height=180)},
        faults,
        footage=FootageStore(),
    )
    running.start_now()
    yield running
    running.stop_now()


@pytest.fixture
def rig(server: RtspServer, tmp_path: Path) -> Iterator[RecorderRig]:
    made = RecorderRig(server, tmp_path)
    yield made
    made.lateness.stop()
    if made.recorder:
        assert made.recorder.stop(20.0)

"""Cameras of which nothing can be recorded, for now or until a person acts."""

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind
from custom_components.vtrack_nvr.core.live.live_values import LiveState
from tests.simulator.rtsp_faults import RtspFaults
from tests.simulator.rtsp_server import RtspServer
from tests.simulator.timeline import LiveSource

from .rig import RecorderRig

pytestmark = pytest.mark.long


def test_a_refused_login_waits_for_a_person(rig: RecorderRig) -> None:
    rig.password = "wrong"
    recorder = rig.start(is_on=True)
    rig.wait(lambda: recorder.status.state is LiveState.BLOCKED)
    assert recorder.status.problem is ErrorKind.AUTH_REFUSED
    assert "wrong" not in recorder.status.detail
    rig.password = "secret"
    recorder.retry_now()
    rig.wait(lambda: recorder.status.state is LiveState.RECORDING)
    assert recorder.status.problem is None


def test_an_absent_device_is_waited_for(rig: RecorderRig, server: RtspServer) -> None:
    port = server.port
    server.stop_now()
    recorder = rig.start(is_on=True)
    rig.wait(lambda: recorder.status.failures >= 2)
    assert recorder.status.state is LiveState.WAITING
    assert recorder.status.problem is ErrorKind.UNREACHABLE
    server.port = port
    server.start_now()
    rig.wait(lambda: recorder.status.state is LiveState.RECORDING)


def test_a_stream_that_is_not_there_yet_is_waited_for(
    rig: RecorderRig, faults: RtspFaults
) -> None:
    faults.not_found = True
    recorder = rig.start(is_on=True)
    rig.wait(lambda: recorder.status.failures >= 2)
    assert recorder.status.state is LiveState.WAITING
    faults.not_found = False
    rig.wait(lambda: recorder.status.state is LiveState.RECORDING)


def test_a_codec_that_cannot_be_kept_is_said_to(rig: RecorderRig) -> None:
    rig.server.live["/live"] = LiveSource("Gate", codec="JPEG", width=320, height=176)
    recorder = rig.start(is_on=True)
    rig.wait(lambda: recorder.status.state is LiveState.BLOCKED)
    assert recorder.status.problem is ErrorKind.UNSUPPORTED_CODEC
    assert recorder.status.detail == "pictures in JPEG"


def test_a_stream_without_pictures_is_given_up_and_tried_again(
    rig: RecorderRig, faults: RtspFaults
) -> None:
    faults.first_packet_delay = 30.0
    recorder = rig.start(is_on=True)
    rig.wait(lambda: recorder.status.problem is ErrorKind.TIMEOUT)
    faults.first_packet_delay = 0.0
    rig.wait(lambda: recorder.status.state is LiveState.RECORDING)

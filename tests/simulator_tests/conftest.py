"""A running RTSP server with one small recording, and clients to it."""

from collections.abc import Callable, Iterator

import pytest

from tests.simulator.footage import FootageStore
from tests.simulator.rtsp_faults import RtspFaults
from tests.simulator.rtsp_server import RtspServer
from tests.simulator.serving import serving
from tests.simulator.timeline import LiveSource, ManualClock, Stretch, Timeline
from tests.simulator_tests.raw_client import BASE, RawClient


@pytest.fixture(scope="session")
def footage() -> FootageStore:
    """Return one store for all tests: nothing is encoded twice."""
    return FootageStore()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(BASE + 3_600_000)


@pytest.fixture
def timeline() -> Timeline:
    """Return six seconds, a gap of a minute, four seconds."""
    return Timeline("REC", "Door", BASE, [Stretch(0, 6000), Stretch(66_000, 4000)])


@pytest.fixture
def faults() -> RtspFaults:
    return RtspFaults()


@pytest.fixture
def server(
    socket_enabled: None,
    footage: FootageStore,
    clock: ManualClock,
    timeline: Timeline,
    faults: RtspFaults,
) -> Iterator[RtspServer]:
    live = {"/live": LiveSource("Door", gop_ms=1000)}
    with serving(timeline, clock, footage, faults, live) as running:
        yield running


@pytest.fixture
def connect(
    server: RtspServer, footage: FootageStore, clock: ManualClock, timeline: Timeline
) -> Iterator[Callable[..., RawClient]]:
    """Return a function that opens a client.

    The footage is made before: encoding on a busy machine is no silence of the device.
    """
    clients = []

    def new(**options: str) -> RawClient:
        footage.warm(timeline.spans(clock.now_ms()))
        clients.append(RawClient("127.0.0.1", server.port, **options))
        return clients[-1]

    yield new
    for client in clients:
        client.sock.close()

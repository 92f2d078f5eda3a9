"""An RTSP server of a test: running inside a `with`, one account, one recording."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from .footage import FootageStore
from .rtsp_faults import RtspFaults
from .rtsp_server import RtspServer
from .timeline import Clock, LiveSource, Timeline


@contextmanager
def serving(
    timeline: Timeline,
    clock: Clock,
    footage: FootageStore,
    faults: RtspFaults,
    live: Mapping[str, LiveSource] | None = None,
) -> Iterator[RtspServer]:
    """Serve a recording at `/rec` to `admin` with the password `secret`."""
    server = RtspServer(
        "127.0.0.1",
        0,
        {"admin": "secret"},
        clock,
        {"/rec": timeline},
        dict(live or {}),
        faults,
        footage=footage,
    )
    server.start_now()
    try:
        yield server
    finally:
        server.stop_now()

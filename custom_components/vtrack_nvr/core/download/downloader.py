"""Runs fetches in threads of its own: replay URI in, finished clips out."""

from collections.abc import Callable

from ..cancel import CancelToken
from ..clips import ClipSink
from ..clock import Clock
from ..fetching import FetchJob, FetchOutcome, FetchProgress
from ..policy import Bounds, Waits
from ..rtsp.values import Endpoint

type EndpointFor = Callable[[FetchJob], Endpoint]


class Downloader:
    """Implements `core.sync.ports.Fetcher`; one for the whole installation."""

    def __init__(
        self,
        endpoint_for: EndpointFor,
        *,
        clock: Clock,
        waits: Waits | None = None,
        bounds: Bounds | None = None,
        max_workers: int = 4,
    ) -> None:
        """`endpoint_for` adds address and login to a job; no thread is started yet."""
        raise NotImplementedError

    async def fetch(
        self,
        job: FetchJob,
        sink: ClipSink,
        cancel: CancelToken,
        progress: Callable[[FetchProgress], None],
        should_yield: Callable[[], bool],
    ) -> FetchOutcome:
        """Fetch; raises nothing but programming errors."""
        raise NotImplementedError

    async def close(self) -> None:
        """Cancel what runs and wait for it, at most `Waits.stop`."""
        raise NotImplementedError

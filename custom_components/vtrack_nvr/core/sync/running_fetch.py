"""A fetch under way, as the parts of an NVR's worker see it."""

import asyncio
from dataclasses import dataclass, field

from ..cancel import CancelToken
from ..fetch_job import FetchOutcome
from .plan import PlannedFetch


@dataclass(slots=True, eq=False)
class RunningFetch:
    """A fetch under way; `must_yield` is read by the worker thread at GOP borders."""

    job: PlannedFetch
    started_s: float
    cancel: CancelToken = field(default_factory=CancelToken)
    must_yield: bool = False
    asked_s: float | None = None
    is_over: bool = False
    at_ms: int | None = None
    """How far it has got, in UTC."""
    task: asyncio.Task[None] | None = None
    outcome: FetchOutcome | None = None

    @property
    def is_request(self) -> bool:
        """Return whether somebody waits for it."""
        return not self.job.urgency.is_background

    def make_way(self, now_s: float) -> None:
        """Ask it to end at the next GOP border."""
        if not self.must_yield:
            self.must_yield = True
            self.asked_s = now_s

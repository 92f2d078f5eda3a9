"""What was begun and takes time: each person's own jobs, told while they run."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
import itertools
import logging
from typing import Any

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN
from ..core.errors import NvrError
from ..core.intervals import TimeRange
from ..core.models import CameraKey
from .errors import FAILED, NOT_FOUND, TOO_MANY, CommandError, as_command_error

_LOGGER = logging.getLogger(__name__)

MOST_RUNNING = 20
"""Jobs of one person that run at the same time."""
MOST_KEPT = 100
MOST_NAMED = 16
"""Cameras that a job names."""
KEPT_MS = 600_000
"""How long a job that has ended is told."""
PATIENCE_S = 1.0
"""How long the answer to a command waits for its job."""


@dataclass(slots=True, eq=False)
class Job:
    """Something that takes time; changed by its work, told to its owner."""

    id: str
    kind: str
    user: str
    made_ms: int
    cameras: tuple[CameraKey, ...] = ()
    range: TimeRange | None = None
    state: str = "running"
    done: float = 0.0
    ended_ms: int | None = None
    clips: int = 0
    bytes: int = 0
    undo_until_ms: int | None = None
    export_id: int | None = None
    outcome: str | None = None
    error: dict[str, Any] | None = None
    clip_ids: list[int] = field(default_factory=list)
    """What a deletion took, to bring it back."""
    is_stopping: bool = False
    """Its work is asked to end before its next step."""
    task: asyncio.Task[None] | None = None

    @property
    def is_over(self) -> bool:
        """Return whether nothing more happens."""
        return self.ended_ms is not None

    def row(self) -> dict[str, Any]:
        """Return it as it is told."""
        return {
            "id": self.id,
            "kind": self.kind,
            "state": self.state,
            "done": round(self.done, 3),
            "made_ms": self.made_ms,
            "ended_ms": self.ended_ms,
            "cameras": list(self.cameras[:MOST_NAMED]),
            "from_ms": self.range.start_ms if self.range else None,
            "to_ms": self.range.end_ms if self.range else None,
            "clips": self.clips,
            "bytes": self.bytes,
            "undo_until_ms": self.undo_until_ms,
            "export_id": self.export_id,
            "outcome": self.outcome,
            "error": self.error,
        }


type JobWork = Callable[[Job], Awaitable[None]]


class Jobs:
    """The jobs of everybody; `changed` is called whenever one has changed."""

    def __init__(self, hass: HomeAssistant, now_ms: Callable[[], int]) -> None:
        """Know of none."""
        self._hass = hass
        self._now_ms = now_ms
        self._jobs: dict[str, dict[str, Job]] = {}
        self._numbers = itertools.count(1)
        self.changed: Callable[[], None] = lambda: None

    def of(self, user: str) -> list[Job]:
        """Return a person's jobs, newest first, without those that ended long ago."""
        before_ms = self._now_ms() - KEPT_MS
        mine = self._jobs.get(user, {})
        for job in [*mine.values()]:
            if job.ended_ms is not None and (
                job.ended_ms < before_ms or len(mine) > MOST_KEPT
            ):
                del mine[job.id]
        if not mine:
            self._jobs.pop(user, None)
        return [*reversed(mine.values())]

    def get(self, user: str, job_id: str) -> Job:
        """Return a job of a person; raises NOT_FOUND."""
        job = self._jobs.get(user, {}).get(job_id)
        if job is None:
            raise CommandError(NOT_FOUND, "job_not_found", job=job_id)
        return job

    def check_room(self, user: str) -> None:
        """Raise TOO_MANY where too many of a person's jobs run."""
        running = sum(not job.is_over for job in self._jobs.get(user, {}).values())
        if running >= MOST_RUNNING:
            raise CommandError(TOO_MANY, "too_many", most=MOST_RUNNING)

    async def run(
        self,
        user: str,
        kind: str,
        work: JobWork,
        *,
        cameras: Iterable[CameraKey] = (),
        window: TimeRange | None = None,
        job_id: str | None = None,
    ) -> Job:
        """Begin a job and return it as far as it has got in a moment.

        One of that `job_id` that still runs is returned as it is. Raises TOO_MANY.
        """
        known = self._jobs.get(user, {}).get(job_id or "")
        if known is not None and not known.is_over:
            return known
        self.check_room(user)
        job = Job(
            job_id or f"{kind[0]}{next(self._numbers)}-{self._now_ms():x}",
            kind,
            user,
            self._now_ms(),
            tuple(cameras),
            window,
        )
        self._jobs.setdefault(user, {}).pop(job.id, None)
        self._jobs[user][job.id] = job
        job.task = self._hass.async_create_background_task(
            self._work(job, work), f"{DOMAIN} {kind} of a person"
        )
        self.changed()
        await asyncio.wait({job.task}, timeout=PATIENCE_S)
        return job

    async def stop(self, job: Job) -> None:
        """End a job before its next step; what it has done stays done, and is told."""
        job.is_stopping = True
        if job.task is not None:
            await asyncio.wait({job.task})

    @callback
    def cancel(self, job: Job) -> None:
        """End a job where it is: what it waits for is given up."""
        if job.task is not None and not job.is_over:
            job.task.cancel()

    async def _work(self, job: Job, work: JobWork) -> None:
        try:
            await work(job)
        except asyncio.CancelledError:
            job.state = "cancelled"
            raise
        except NvrError as error:
            self._failed(job, *as_command_error(error, ", ".join(job.cameras)))
        except CommandError as error:
            self._failed(job, error.code, error)
        except HomeAssistantError as error:
            self._failed(job, FAILED, error)
        except Exception as error:
            _LOGGER.exception("A job failed: %s", job.kind)
            self._failed(job, FAILED, HomeAssistantError(type(error).__name__))
        else:
            job.state = "cancelled" if job.is_stopping else "done"
            job.done = job.done if job.is_stopping else 1.0
        finally:
            job.ended_ms = self._now_ms()
            self.changed()

    @staticmethod
    def _failed(job: Job, code: str, error: HomeAssistantError) -> None:
        job.state = "failed"
        job.error = {
            "code": code,
            "message": str(error),
            "translation_key": error.translation_key,
            "translation_placeholders": dict(error.translation_placeholders or {}),
        }


JOBS: HassKey[Jobs] = HassKey(f"{DOMAIN}_jobs")

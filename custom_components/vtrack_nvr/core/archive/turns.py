"""Work that is shared: one job for all who want the same, turns for everybody.

Whatever one person asks for, another waits for what is being done, not for the queue.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterator
from contextlib import asynccontextmanager, contextmanager

from ..cancel import CancelToken
from ..errors import ErrorKind, NvrError

_MOST_FAILED = 1000


class SharedWork[T]:
    """Work that some wait for, and how to end it."""

    def __init__(self, person: str) -> None:
        """Begin with nobody waiting; `person` asked first."""
        self.persons = {person}
        self.waiting = 0
        self.cancel = CancelToken()
        self.end: asyncio.TimerHandle | None = None
        self.task: asyncio.Task[T]

    async def result(self) -> T:
        """Return what it made; whoever stops waiting does not end it for others."""
        await asyncio.wait([self.task])
        return self.task.result()


class Turns[K: Hashable, T]:
    """Jobs by what they make; one that nobody waits for is ended after a while."""

    def __init__(
        self,
        name: str,
        *,
        at_once: int,
        most_open: int,
        grace_s: float = 0.0,
        failed_s: float,
        final: frozenset[ErrorKind],
    ) -> None:
        """Do `at_once` of them at the same time, `most_open` wait for one person.

        One that failed with a `final` kind is not tried again for `failed_s` seconds.
        """
        self._name = name
        self._places = asyncio.Semaphore(at_once)
        self._persons: dict[str, tuple[asyncio.Semaphore, int]] = {}
        self._most_open = most_open
        self._grace_s = grace_s
        self._failed_s = failed_s
        self._final = final
        self._failed: dict[K, tuple[float, NvrError]] = {}
        self._open: dict[K, SharedWork[T]] = {}
        self._is_stopped = False

    async def stop(self) -> None:
        """End everything, and take nothing more."""
        self._is_stopped = True
        jobs = [*self._open.values()]
        for job in jobs:
            job.cancel.cancel("stopping")
        await asyncio.gather(*(job.task for job in jobs), return_exceptions=True)

    @contextmanager
    def waiting(
        self, key: K, person: str, make: Callable[[CancelToken], Awaitable[T]]
    ) -> Iterator[SharedWork[T]]:
        """Wait for a job, which is begun if nobody did.

        Raises `NvrError`: LIMIT where a person waits for too many, CANCELLED once it is
        stopped, and what the job failed with a moment ago.
        """
        job = self._job(key, person, make)
        job.waiting += 1
        if job.end is not None:
            job.end.cancel()
            job.end = None
        try:
            yield job
        finally:
            job.waiting -= 1
            if not job.waiting and not job.task.done():
                job.end = asyncio.get_running_loop().call_later(
                    self._grace_s, job.cancel.cancel, "nobody waits for it any more"
                )

    def _job(
        self, key: K, person: str, make: Callable[[CancelToken], Awaitable[T]]
    ) -> SharedWork[T]:
        job = self._open.get(key)
        if job and not (job.cancel.is_cancelled or job.task.done()):
            job.persons.add(person)
            return job
        if self._is_stopped:
            raise NvrError(ErrorKind.CANCELLED, "stopping")
        at_s, error = self._failed.get(key, (0.0, None))
        if error is not None:
            if asyncio.get_running_loop().time() - at_s < self._failed_s:
                raise error
            del self._failed[key]
        if sum(person in it.persons for it in self._open.values()) >= self._most_open:
            raise NvrError(
                ErrorKind.LIMIT, f"one person waits for too much {self._name}"
            )
        fresh: SharedWork[T] = SharedWork(person)
        fresh.task = asyncio.get_running_loop().create_task(
            self._run(person, fresh.cancel, make), name=f"vtrack_nvr {self._name}"
        )
        self._open[key] = fresh
        fresh.task.add_done_callback(lambda task: self._ended(key, fresh, task))
        return fresh

    async def _run(
        self,
        person: str,
        cancel: CancelToken,
        make: Callable[[CancelToken], Awaitable[T]],
    ) -> T:
        async with self._turn(person), self._places:
            cancel.check()
            return await make(cancel)

    @asynccontextmanager
    async def _turn(self, person: str) -> AsyncIterator[None]:
        """Let one job of a person at a time into the queue of all."""
        turn, count = self._persons.get(person, (asyncio.Semaphore(1), 0))
        self._persons[person] = (turn, count + 1)
        try:
            async with turn:
                yield
        finally:
            turn, count = self._persons[person]
            if count > 1:
                self._persons[person] = (turn, count - 1)
            else:
                del self._persons[person]

    def _ended(self, key: K, job: SharedWork[T], task: asyncio.Task[T]) -> None:
        if self._open.get(key) is job:
            del self._open[key]
        if job.end is not None:
            job.end.cancel()
        if task.cancelled():
            return
        error = task.exception()  # whoever still waits is told; nobody has to
        if isinstance(error, NvrError) and error.kind in self._final:
            self._failed[key] = (asyncio.get_running_loop().time(), error)
            while len(self._failed) > _MOST_FAILED:
                del self._failed[next(iter(self._failed))]

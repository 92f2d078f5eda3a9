"""A thread on which questions of people are worked out, one after the other.

What is cached there needs no lock, and a question that takes long holds up neither the
event loop nor the index, only other questions of its kind.
"""

import asyncio
from collections.abc import Callable

from ..errors import ErrorKind, NvrError
from .disk_thread import DiskThread


class Answering:
    """Works out questions; its thread begins with the first."""

    def __init__(self, name: str) -> None:
        """Name the thread."""
        self._worker = DiskThread(name)

    def close(self, seconds: float) -> None:
        """End the thread; blocks for at most so long. What comes later is refused."""
        self._worker.close()
        self._worker.join(seconds)

    async def ask[T, **P](
        self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Return what a function returns that may block; raises INDEX_FAILED once closed."""
        try:
            return await asyncio.wrap_future(
                self._worker.submit(function, *args, **kwargs)
            )
        except asyncio.CancelledError as error:
            if (task := asyncio.current_task()) is not None and task.cancelling():
                raise
            raise NvrError(ErrorKind.INDEX_FAILED, "the library is closed") from error

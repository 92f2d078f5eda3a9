"""One thread that does one thing after the other, for disks that may hang.

The thread is a daemon: where a mount never answers again, Python can still end.
"""

from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
import queue
import threading
from typing import cast


class DiskThread:
    """Runs functions in order on a thread of its own, started when first needed."""

    def __init__(self, name: str) -> None:
        """Name the thread."""
        self._name = name
        self._queue: queue.SimpleQueue[
            tuple[Callable[[], object], Future[object]] | None
        ] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._is_closed = False

    def submit[T, **P](
        self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> Future[T]:
        """Queue a function; its answer or error arrives in the future."""
        future: Future[T] = Future()
        with self._lock:
            if self._is_closed:
                future.cancel()
                return future
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name=self._name, daemon=True
                )
                self._thread.start()
            self._queue.put(
                (partial(function, *args, **kwargs), cast("Future[object]", future))
            )
        return future

    def close(self) -> None:
        """Take nothing more, drop what has not begun; returns at once."""
        with self._lock:
            self._is_closed = True
            while True:
                try:
                    item = self._queue.get_nowait()
                except queue.Empty:
                    break
                if item is not None:
                    item[1].cancel()
            self._queue.put(None)

    def join(self, seconds: float) -> bool:
        """Wait for the thread to end after `close`; False where it hangs."""
        if self._thread is None or self._thread is threading.current_thread():
            return True
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            function, future = item
            if not future.set_running_or_notify_cancel():
                continue
            try:
                result = function()
            except BaseException as error:  # noqa: BLE001  handed on to who asked
                future.set_exception(error)
            else:
                future.set_result(result)
            del function, future, item

"""The other end of `sound_worker`: frames of sound in, samples out.

What a device sends as LATM, Opus, G.722 or G.726 is decoded there, never in Home Assistant.
"""

import json
import logging
import os
from pathlib import Path
import select
import subprocess
import sys
from typing import Any
import weakref

from ..errors import ErrorKind, NvrError
from .decode import packages

_LOGGER = logging.getLogger(__name__)

_WORKER = Path(__file__).with_name("sound_worker.py")
_START_S = 20.0
_ANSWER_S = 5.0
_MOST_BYTES = 1024 * 1024


class SoundChild:
    """A decoder in a process of its own, which ends with this object.

    It may die or fall silent: from then on there is no sound, and the log says so once.
    """

    def __init__(
        self, name: str, *, rate: int, out_rate: int, layout: str, bits: int
    ) -> None:
        """Start it with libav's name of the codec; raises `UNSUPPORTED_CODEC`.

        `rate` is what the codec has by itself (0: the stream tells), `out_rate` that of
        the samples.
        """
        request = {
            "packages": packages(),
            "name": name,
            "rate": rate,
            "out_rate": out_rate,
            "layout": layout,
            "bits": bits,
        }
        self._name = name
        self._left = b""
        try:
            child = subprocess.Popen(  # noqa: S603 - fixed arguments
                [sys.executable, "-I", str(_WORKER)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={},
                start_new_session=True,
                bufsize=0,
            )
        except OSError as error:
            raise NvrError(
                ErrorKind.UNSUPPORTED_CODEC, f"sound in {name} is left out"
            ) from error
        self._end = weakref.finalize(self, _end, child)
        self._child = child
        answer: dict[str, Any] = {}
        try:
            self._write(json.dumps(request).encode() + b"\n")
            answer = json.loads(self._line())
        except (OSError, ValueError) as error:
            self.close()
            raise NvrError(
                ErrorKind.UNSUPPORTED_CODEC, f"sound in {name} is left out"
            ) from error
        if "error" in answer:
            self.close()
            raise NvrError(ErrorKind.UNSUPPORTED_CODEC, f"no decoder for {name}")

    @property
    def is_alive(self) -> bool:
        """Return whether samples may still come."""
        return self._end.alive

    def decode(self, data: bytes) -> bytes:
        """Return the samples of a frame: interleaved, 16 bits each; none once it died."""
        if not self.is_alive:
            return b""
        try:
            self._write(len(data).to_bytes(4) + data)
            size = int.from_bytes(self._read(4, _ANSWER_S))
            if size > _MOST_BYTES:
                raise OSError("absurd answer")
            return self._read(size, _ANSWER_S)
        except OSError as error:
            _LOGGER.warning(
                "Sound in %s is left out: its decoder failed (%s)", self._name, error
            )
            self.close()
            return b""

    def close(self) -> None:
        """End the process."""
        self._end()

    def _write(self, data: bytes) -> None:
        assert self._child.stdin is not None
        handle = self._child.stdin.fileno()
        view = memoryview(data)
        while view:
            if not _is_ready(handle, select.POLLOUT, _ANSWER_S):
                raise TimeoutError("it takes nothing")
            view = view[os.write(handle, view[: select.PIPE_BUF]) :]

    def _read(self, count: int, patience_s: float) -> bytes:
        while len(self._left) < count:
            self._more(patience_s)
        data, self._left = self._left[:count], self._left[count:]
        return data

    def _line(self) -> bytes:
        while b"\n" not in self._left:
            self._more(_START_S)
        line, _, self._left = self._left.partition(b"\n")
        return line

    def _more(self, patience_s: float) -> None:
        assert self._child.stdout is not None
        handle = self._child.stdout.fileno()
        if not _is_ready(handle, select.POLLIN, patience_s):
            raise TimeoutError("no answer")
        data = os.read(handle, 1 << 16)
        if not data:
            raise OSError("it ended")
        self._left += data


def _is_ready(handle: int, what: int, seconds: float) -> bool:
    """Wait until a pipe can be used; unlike `select`, whatever its number is."""
    poll = select.poll()
    poll.register(handle, what)
    return bool(poll.poll(seconds * 1000))


def _end(child: subprocess.Popen[bytes]) -> None:
    child.kill()
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            pipe.close()
    child.wait()

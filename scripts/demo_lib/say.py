"""Progress for the person before the terminal."""

import sys
import time

_STARTED = time.monotonic()


def say(text: str) -> None:
    """Print one line of progress with the seconds since the start."""
    print(
        f"· {time.monotonic() - _STARTED:5.1f} s  {text}", file=sys.stderr, flush=True
    )

"""When bytes between frames are a mishap, and when they are a device's manner; pure."""

_TRIES = 3
_FORGIVEN_US = 60_000_000
_MOST = 10
"""In one fetch, however far apart."""


class Framing:
    """Counts how often a stream went out of step.

    A mishap is cured by fetching again from the last whole group. Where it comes again
    and again, that would never end: then stray bytes are passed over, and counted.
    """

    def __init__(self, start_us: int) -> None:
        """Begin before the first session."""
        self._counted_us = start_us
        self._count = 0
        self._total = 0

    def is_usual(self, kept_us: int) -> bool:
        """Count once more, footage being kept up to `kept_us`; say what it is by now."""
        if kept_us - self._counted_us >= _FORGIVEN_US:
            self._count = 0
        self._counted_us = kept_us
        self._count += 1
        self._total += 1
        return self._count >= _TRIES or self._total >= _MOST

"""How much fits into one message."""

from collections.abc import Sequence
from typing import Any, Final

from homeassistant.helpers.json import json_bytes

MOST_BYTES: Final = 240_000
"""Of 256 KB, with room for what is around the rows."""


def fitting(rows: Sequence[Any]) -> int:
    """Return how many of the rows fit into one message, one at least."""
    size = 0
    for number, row in enumerate(rows):
        size += len(json_bytes(row)) + 1
        if size > MOST_BYTES:
            return max(1, number)
    return len(rows)

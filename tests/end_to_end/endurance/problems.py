"""What must not be, by kind."""

from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """What is wrong."""

    LOST = "lost"
    """Pictures that are neither kept nor truly told."""
    MISLABELLED = "mislabelled"
    TWICE = "twice"
    OTHER = "other"
    """Rows and files that do not agree, a fault of ours in the log, a process that hangs."""


class Problem(NamedTuple):
    """One thing that must not be."""

    kind: Kind
    text: str

"""What a case of the fault matrix says."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class End(StrEnum):
    """How a fault ends for the footage."""

    WHOLE = "whole"
    """Every frame kept once, rows true, nothing left to do."""
    ESTIMATED = "estimated"
    """Every frame kept once; times are estimates and say so."""
    HOLES = "holes"
    """Pictures are damaged on the way and counted; nothing left to do."""
    SKIPPED = "skipped"
    """A stretch of at most a skip and a group is failed as damaged, the rest whole."""
    FAILED = "failed"
    """Nothing is kept; it stays to be fetched, with its reason, and is once it can."""
    BLOCKED = "blocked"
    """Nothing more is tried until a person acts."""
    PARTLY = "partly"
    """What came is kept; whatever did not is known and not called absent or lost."""


class Events(StrEnum):
    """What a case says of the device's events."""

    NOT_ASKED = "not asked"
    HEARD = "heard"
    """Something that happens is heard of."""
    LOST = "lost"
    """Listening ends with an error of ours; the footage comes all the same."""


@dataclass(frozen=True)
class Case:
    """One fault; `rtsp` and `soap` are switches of the simulator."""

    name: str
    end: End = End.WHOLE
    rtsp: dict[str, Any] = field(default_factory=dict)
    soap: dict[str, Any] = field(default_factory=dict)
    limits: dict[str, int] = field(default_factory=dict)
    soap_limits: dict[str, int] = field(default_factory=dict)
    is_at_setup: bool = False
    """The fault is there before the device is added."""
    plays: int = 12
    """Most PLAYs that succeed or are refused."""
    connections: int = 14
    calls: int = 24
    """Most web service calls from the first sweep to rest."""
    refusals: int = 0
    """Most refused logins, SOAP and RTSP together."""
    reason: str = ""
    rtsp_account: tuple[str, str] | None = None
    waits: dict[str, Any] = field(default_factory=dict)
    sound: str | None = None
    """The codec of the sound that the case is about, whatever the kind of footage."""
    timeout_s: float = 60.0
    """A bound for machines that do much else; nothing waits for it to pass."""
    device: dict[str, Any] = field(default_factory=dict)
    """Fields of the device's `NvrSpec`."""
    events: Events = Events.NOT_ASKED
    is_slow: bool = False
    """Left out of the quick run: a like case is in it."""
    footage: dict[str, Any] = field(default_factory=dict)
    """How the camera encodes, besides what its variant says."""

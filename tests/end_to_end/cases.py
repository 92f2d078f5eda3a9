"""The faults that the reaction tables name, and the state each must end in.

Sources: download-engine §8.2 and §8.3, onvif-profile-g §3, §5.6, §5.8, §5.11.
"""

from .case import Case
from .replay_cases import (
    BREAKS,
    DATES,
    ENDS,
    EXTENSION,
    LOGINS,
    PICTURES,
    REFUSALS,
    REPLIES,
    RTP,
    SOUND,
)
from .service_cases import CROOKED, EVENTS, SEARCHES, SERVICES

SEAM_MS = 8 * 3_600_000
"""Where the first stretch crosses a border of clips."""
FIRST_MS, FIRST_LENGTH = SEAM_MS - 10_000, 24_000
SECOND_MS, SECOND_LENGTH = SEAM_MS + 60_000, 6_000
DAMAGED_MS = FIRST_MS + 6_500
CASES: dict[str, Case] = {
    case.name: case
    for case in (
        *BREAKS,
        *ENDS,
        *EXTENSION,
        *DATES,
        *RTP,
        *PICTURES,
        *SOUND,
        *REFUSALS,
        *LOGINS,
        *REPLIES,
        *SERVICES,
        *SEARCHES,
        *CROOKED,
        *EVENTS,
    )
}
VARIANTS: dict[str, tuple[str, str | None]] = {
    "h264-aac": ("H264", "AAC"),
    "h265": ("H265", None),
    "h264": ("H264", None),
    "h265-pcmu": ("H265", "PCMU"),
}
DECODED = ("drop", "reset", "wrong-length", "sequence-holes", "damaged", "garbage")
"""Faults that damage: in the quick run their clips are decoded too, as they are at home."""
TWICE = frozenset(case.name for case in (*BREAKS, *ENDS))


def chosen() -> list[tuple[str, str]]:
    """Return (case, variant) of the quick run: each fault, each pair of the rest."""
    names = list(VARIANTS)
    pairs = []
    for number, (name, case) in enumerate(CASES.items()):
        if case.is_slow:
            continue
        pairs.append((name, names[number % 4]))
        if name in TWICE:
            # the other codec and the other answer to "with sound?"
            pairs.append((name, names[number % 4 ^ 1]))
    return pairs


def decoded() -> list[tuple[str, str]]:
    """Return what the quick run takes with every clip decoded: damage, in each codec."""
    names = list(VARIANTS)
    return [
        (name, variant)
        for number, name in enumerate(DECODED)
        for variant in (names[number % 2], names[number % 2 ^ 1])
    ]


def every() -> list[tuple[str, str]]:
    """Return the full cross product."""
    return [(name, variant) for name in CASES for variant in VARIANTS]

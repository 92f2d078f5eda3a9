"""Finds in Home Assistant's log what must not be there because of us."""

from collections.abc import Iterator
from pathlib import Path
import re

_START = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\S* (\w+) ")
OURS = ("vtrack_nvr", "[onvif", "[zeep", "[wsdiscovery")
_BLOCKING = ("Detected blocking call", "is blocking the event loop")
_DEPRECATED = ("Detected that custom integration", "deprecated", "stop working")


def entries(text: str) -> Iterator[tuple[str, str]]:
    """Yield (level, text with its traceback) of each entry of a log."""
    level = ""
    lines: list[str] = []
    for line in text.splitlines():
        if begin := _START.match(line):
            if lines:
                yield level, "\n".join(lines)
            level, lines = begin.group(1), []
        lines.append(line)
    if lines:
        yield level, "\n".join(lines)


def is_ours(text: str) -> bool:
    """Return whether an entry is about our code or our libraries."""
    return any(word in text for word in OURS)


def wrong_in_log(path: Path) -> list[str]:
    """Look through a log and its elder brothers; return what must not be there.

    That is our errors, blocking calls and uses of what is deprecated, one short text each.
    """
    logs = sorted(path.parent.glob(f"{path.name}*"))
    found = [] if logs else [f"{path.name} is missing"]
    content = "\n".join(
        log.read_text(encoding="utf-8", errors="replace") for log in logs
    )
    for level, text in entries(content):
        blocks = any(word in text for word in _BLOCKING)
        is_old = level == "WARNING" and any(word in text for word in _DEPRECATED)
        if is_ours(text) and (blocks or is_old or level in {"ERROR", "CRITICAL"}):
            found.append(
                text if len(text) < 3000 else f"{text[:1500]}\n…\n{text[-1500:]}"
            )
    return found

"""Which bytes of a file a request wants (RFC 9110, sections 13 and 14): pure functions."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
import re
from typing import NamedTuple

_ONE = re.compile(
    r"bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", re.IGNORECASE | re.ASCII
)
"""No file has a place of more digits; longer numbers would cost more than they are worth."""


class WantedBytes(NamedTuple):
    """The status to answer with, and the bytes from `start` to before `stop`."""

    status: HTTPStatus
    start: int
    stop: int


def wanted_bytes(header: str | None, size: int) -> WantedBytes:
    """Return what a Range header asks for.

    No header, another unit, several ranges or nonsense: the whole file, as RFC 9110
    §14.2 allows. A range that begins after the end, and any of an empty file: 416.
    """
    whole = WantedBytes(HTTPStatus.OK, 0, size)
    found = _ONE.fullmatch(header.strip()) if header else None
    if found is None or found.group(1) == found.group(2) == "":
        return whole
    first, last = found.groups()
    if not first:
        start, stop = max(0, size - int(last)), size
    else:
        start = int(first)
        stop = size if not last else min(size, int(last) + 1)
        if last and int(last) < start:
            return whole
    if start >= stop:
        return WantedBytes(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, 0, 0)
    return WantedBytes(HTTPStatus.PARTIAL_CONTENT, start, stop)


def is_same_version(if_range: str | None, etag: str, changed_s: float) -> bool:
    """Return whether an If-Range header lets the Range count (§13.1.5).

    Only a strong tag that is equal, or the very second of the last change.
    """
    if if_range is None:
        return True
    if if_range.strip().startswith(('"', "W/")):
        return if_range.strip() == etag
    return _seconds(if_range) == int(changed_s)


def is_unchanged(
    if_none_match: str | None,
    if_modified_since: str | None,
    etag: str,
    changed_s: float,
) -> bool:
    """Return whether the client has this version already, so that 304 is the answer."""
    if if_none_match is not None:
        tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
        return "*" in tags or etag in tags
    if if_modified_since is None:
        return False
    since = _seconds(if_modified_since)
    return since is not None and int(changed_s) <= since


def http_date(seconds: float) -> str:
    """Return a moment as Last-Modified wants it."""
    moment = datetime.fromtimestamp(int(seconds), UTC)
    return moment.strftime("%a, %d %b %Y %H:%M:%S GMT")


def _seconds(text: str) -> int | None:
    try:
        moment = parsedate_to_datetime(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return int(moment.timestamp())
    except ValueError, OverflowError:
        return None

"""What a person means by words typed into the search of the media browser: values.

`garden 2027-01-15 08:30 motion`: words name cameras or NVRs, a day (or a month) and a time
say when, the class of an event says what for. Nothing else is guessed.
"""

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
import re

from .core.models import EventClass

_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_DAY_FIRST = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_MONTH = re.compile(r"(\d{4})-(\d{1,2})")
_TIME = re.compile(r"(\d{1,2}):(\d{2})")
_YEARS = range(1970, 3000)


@dataclass(frozen=True, slots=True)
class Question:
    """`first` and `last` day asked for, None: any; `at`: from this time for an hour."""

    words: tuple[str, ...] = ()
    first: date | None = None
    last: date | None = None
    at: time | None = None
    event_class: EventClass | None = None

    def names(self, *texts: str) -> bool:
        """Say whether every word is part of one of the names."""
        folded = [text.casefold() for text in texts]
        return all(any(word in text for text in folded) for word in self.words)


def question_of(text: str) -> Question:
    """Return what the words ask for; those that say nothing of time name cameras."""
    words: list[str] = []
    days: tuple[date, date] | None = None
    at: time | None = None
    event_class: EventClass | None = None
    for token in text.split():
        found_days = _days(token)
        found_time = _time(token)
        if found_days is not None:
            days = found_days
        elif found_time is not None:
            at = found_time
        elif token.casefold() in EventClass:
            event_class = EventClass(token.casefold())
        else:
            words.append(token.casefold())
    first, last = days or (None, None)
    return Question(tuple(words), first, last, at, event_class)


def _days(token: str) -> tuple[date, date] | None:
    if match := _DAY.fullmatch(token):
        return _one_day([int(part) for part in match.groups()])
    if match := _DAY_FIRST.fullmatch(token):
        return _one_day([int(part) for part in match.groups()][::-1])
    if match := _MONTH.fullmatch(token):
        year, month = (int(part) for part in match.groups())
        if year in _YEARS and 1 <= month <= 12:
            days = calendar.monthrange(year, month)[1]
            return date(year, month, 1), date(year, month, days)
    return None


def _one_day(parts: Sequence[int]) -> tuple[date, date] | None:
    try:
        day = date(*parts)
    except ValueError:
        return None
    return (day, day) if day.year in _YEARS else None


def _time(token: str) -> time | None:
    match = _TIME.fullmatch(token)
    if match is None:
        return None
    hour, minute = (int(part) for part in match.groups())
    return time(hour, minute) if hour < 24 and minute < 60 else None

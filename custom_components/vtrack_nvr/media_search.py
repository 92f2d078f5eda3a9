"""What a person means by words typed into the search of the media browser: values.

`garden 2027-01-15 08:30 motion`: words name cameras or NVRs, a day (or a month) and a time
say when, the kind of an event says what for. Words such as `yesterday`, `friday`,
`last week`, `protected` and `person` are understood in English and in the language of Home
Assistant. Nothing else is guessed.
"""

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from enum import StrEnum
import re
from types import MappingProxyType

from .core.models import EventClass

_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_DAY_FIRST = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_MONTH = re.compile(r"(\d{4})-(\d{1,2})")
_TIME = re.compile(r"(\d{1,2}):(\d{2})")
_YEARS = range(1970, 3000)


class Spoken(StrEnum):
    """What people say instead of a date, and of what is protected; named as in English."""

    TODAY = "today"
    YESTERDAY = "yesterday"
    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"
    WEEK = "week"
    """The last seven days, today among them."""
    MONTH = "month"
    """The last thirty."""
    LAST = "last"
    """Says nothing by itself: it may stand beside one of the others, as in `lunes pasado`."""
    PROTECTED = "protected"


_WEEKDAYS = (
    Spoken.MONDAY,
    Spoken.TUESDAY,
    Spoken.WEDNESDAY,
    Spoken.THURSDAY,
    Spoken.FRIDAY,
    Spoken.SATURDAY,
    Spoken.SUNDAY,
)
ENGLISH: Mapping[str, Spoken] = MappingProxyType({str(word): word for word in Spoken})
ENGLISH_EVENTS: Mapping[str, EventClass] = MappingProxyType(
    {str(event_class): event_class for event_class in EventClass}
)


@dataclass(frozen=True, slots=True)
class Question:
    """`first` and `last` day asked for, None: any; `at`: from this time for an hour.

    `is_protected`: only what is protected.
    """

    words: tuple[str, ...] = ()
    first: date | None = None
    last: date | None = None
    at: time | None = None
    event_class: EventClass | None = None
    is_protected: bool = False

    def names(self, *texts: str) -> bool:
        """Return whether every word is part of one of the names."""
        folded = [text.casefold() for text in texts]
        return all(any(word in text for text in folded) for word in self.words)


def question_of(
    text: str,
    today: date,
    spoken: Mapping[str, Spoken] = ENGLISH,
    events: Mapping[str, EventClass] = ENGLISH_EVENTS,
) -> Question:
    """Return what the words ask for; those that say nothing of time name cameras.

    `spoken` and `events` are words in lower case with what they mean, beside the English
    ones. What is said for an event may be several words.
    """
    spoken = {**ENGLISH, **spoken}
    event_class, tokens = _event_in(text.split(), {**ENGLISH_EVENTS, **events})
    words: list[str] = []
    days: tuple[date, date] | None = None
    at: time | None = None
    is_protected = False
    meant = [spoken.get(token.casefold()) for token in tokens]
    for number, (token, said) in enumerate(zip(tokens, meant, strict=True)):
        folded = token.casefold()
        if said is Spoken.LAST and any(
            _spoken_days(other, today)
            for other in meant[max(0, number - 1) : number + 2]
        ):
            continue
        if (found := _days(token) or _spoken_days(said, today)) is not None:
            days = found
        elif (found_time := _time(token)) is not None:
            at = found_time
        elif said is Spoken.PROTECTED:
            is_protected = True
        else:
            words.append(folded)
    first, last = days or (None, None)
    return Question(tuple(words), first, last, at, event_class, is_protected)


def _event_in(
    tokens: Sequence[str], events: Mapping[str, EventClass]
) -> tuple[EventClass | None, list[str]]:
    """Return the kind of event that is named last, and the words without such names."""
    longest = max(len(name.split()) for name in events)
    found: EventClass | None = None
    rest: list[str] = []
    at = 0
    while at < len(tokens):
        for length in range(longest, 0, -1):
            name = " ".join(tokens[at : at + length]).casefold()
            if name in events:
                found = events[name]
                at += length
                break
        else:
            rest.append(tokens[at])
            at += 1
    return found, rest


def _spoken_days(said: Spoken | None, today: date) -> tuple[date, date] | None:
    """Return the days that a word means, the latest that are not yet to come."""
    back = {Spoken.TODAY: 0, Spoken.YESTERDAY: 1}
    if said in back:
        day = today - timedelta(days=back[said])
        return day, day
    if said in _WEEKDAYS:
        day = today - timedelta(days=(today.weekday() - _WEEKDAYS.index(said)) % 7)
        return day, day
    length = {Spoken.WEEK: 7, Spoken.MONTH: 30}
    if said in length:
        return today - timedelta(days=length[said] - 1), today
    return None


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

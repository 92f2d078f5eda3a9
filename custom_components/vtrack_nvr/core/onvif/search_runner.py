"""Runs searches on one device: one at a time, bounded, told truly (RS §5.2.3)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from enum import Enum
import functools
import math

from ..clock import Clock
from ..errors import ErrorKind, NvrError
from ..intervals import TimeRange, cut
from ..models import Recording, Segment, SegmentListing
from ..policy import Bounds, Quirk, Waits
from .connection import Connection
from .names import Service
from .recording import read_configured_recordings
from .search import (
    MAX_EMPTY_ANSWERS,
    EventPage,
    HistoryEvent,
    RecordingPage,
    SearchState,
    find_events_parameters,
    find_recordings_parameters,
    looks_capped,
    read_event_page,
    read_recording_information,
    read_recording_page,
    read_search_token,
    read_summary_from,
    results_parameters,
)
from .segments import claims_more, fold_segments, stitch
from .soap import SoapFault
from .transport import ends_talk
from .xml import Element, read_in_turns

_MAX_CONTINUATIONS = 64
_PAUSE_SECONDS = 0.25
_EMPTY_AFTER_RESULTS = 4
"""Empty answers in a row after some results: the list is at its end."""
_EMPTY_WHERE_NO_END = 2
"""The same on a device that has already left a search without an end."""
_MAX_RECORDINGS = 512
_MOST_RECORDINGS = 4_096
"""Kept of a list; a device that has more of them lists its files."""
_LEAVE_EVENTS_S = 3_600.0
"""After a search for events that failed, the next one; each failure doubles it."""
_LONGEST_LEAVE_S = 24 * 3_600.0
MAX_RESULTS = 100_000
"""More than a day of any recorder has; a list that goes on is broken off."""
_DECIDED = frozenset({ErrorKind.BUSY, ErrorKind.CANCELLED})
"""Failures of the moment; every other one says that the operation is not there."""


_OF_THE_MOMENT = frozenset({ErrorKind.TIMEOUT, ErrorKind.UNREACHABLE})
"""What is tried once more before the device is said not to have an operation."""


def _is_missing(error: NvrError) -> bool:
    """Return whether an operation failed in a way that another one may not."""
    return not ends_talk(error) and error.kind not in _DECIDED


class Outcome(Enum):
    """How a search ended."""

    COMPLETED = "the device said that this is all"
    GUESSED = "the device just stopped delivering"
    LOST = "the device forgot the search"
    BROKEN = "the search took too long"


class Searcher:
    """Lists recordings and segments; learns how the device departs from the rules."""

    def __init__(
        self, connection: Connection, clock: Clock, waits: Waits, bounds: Bounds
    ) -> None:
        """Nothing is sent yet."""
        self.quirks: set[Quirk] = set()
        self._connection = connection
        self._clock = clock
        self._waits = waits
        self._bounds = bounds
        self._lock = asyncio.Lock()
        self._patience = MAX_EMPTY_ANSWERS
        self._lacks_information = False
        self._lacks_end = False
        self._events_after = -math.inf
        self._leave_events_s = _LEAVE_EVENTS_S

    async def recordings(self) -> tuple[Recording, ...]:
        """List all recordings; Recording Control is the second opinion on "none"."""
        found: dict[str, Recording] = {}

        async def take(answer: Element) -> tuple[SearchState, int]:
            page: RecordingPage = await read_in_turns(read_recording_page, answer)
            new = [item for item in page.recordings if item.token not in found]
            found.update({item.token: item for item in new[:_MOST_RECORDINGS]})
            return page.state, len(new)

        try:
            outcome = await self._search(
                "FindRecordings",
                find_recordings_parameters(),
                "GetRecordingSearchResults",
                take,
            )
        except NvrError as error:
            if not _is_missing(error) or error.kind is ErrorKind.NO_PERMISSION:
                raise
            found.update({item.token: item for item in await self._controlled()})
            if not found:
                raise
        else:
            # What came before the device forgot the search is there all the same.
            if outcome is Outcome.BROKEN or (outcome is Outcome.LOST and not found):
                raise NvrError(
                    ErrorKind.TIMEOUT, "the list did not end", where="FindRecordings"
                )
            if not found:
                found.update({item.token: item for item in await self._controlled()})
        return tuple(found.values())

    async def _controlled(self) -> tuple[Recording, ...]:
        """List by Recording Control; empty where it is not offered or knows none."""
        try:
            answer = await self._connection.call(
                Service.RECORDING, "GetRecordings", is_list=True
            )
            listed = await read_in_turns(read_configured_recordings, answer)
        except NvrError as error:
            if not _is_missing(error):
                raise
            return ()
        found = []
        has_information = True
        for recording in listed[:_MAX_RECORDINGS]:
            item = recording
            if has_information:
                try:
                    item = await self._information(recording.token)
                except NvrError as error:
                    if not _is_missing(error):
                        raise
                    # What its configuration tells is what is known of it: no ends.
                    has_information = error.kind is ErrorKind.GONE
            found.append(item)
        return tuple(found)

    async def recording(self, token: str) -> Recording:
        """Read one recording's information; GONE where it is not known.

        From the list where the device has no such operation; what the list does not say
        is not known.
        """
        try:
            return await self._information(token)
        except NvrError as error:
            if not _is_missing(error) or error.kind is ErrorKind.GONE:
                raise
            self._lacks_information = True
        for recording in await self.recordings():
            if recording.token == token:
                return recording
        raise NvrError(ErrorKind.GONE, "not listed", where="FindRecordings")

    async def _information(self, token: str) -> Recording:
        name = "GetRecordingInformation"
        if self._lacks_information:
            raise NvrError(ErrorKind.UNSUPPORTED, "it failed before", where=name)
        answer = await self._connection.call(
            Service.SEARCH, name, {"RecordingToken": token}
        )
        recording = read_recording_information(answer)
        if recording is None:
            raise NvrError(ErrorKind.GONE, "an empty answer", where=name)
        return recording

    async def data_from_ms(self) -> int | None:
        """Return where all footage begins on the device's clock, None: it does not say."""
        try:
            answer = await self._connection.call(
                Service.SEARCH,
                "GetRecordingSummary",
                timeout=self._waits.soap_optional,
            )
        except NvrError as error:
            if not _is_missing(error):
                raise
            return None
        return read_summary_from(answer)

    async def segments(
        self, recording: Recording, device_window: TimeRange, device_now_ms: int
    ) -> SegmentListing:
        """Search a window of any length, 24 h at a time."""
        listings: list[tuple[Segment, ...]] = []
        is_complete = True
        for window in cut(device_window, self._bounds.search_window_ms):
            segments, is_proven = await self._window(recording, window, device_now_ms)
            listings.append(segments)
            is_complete = is_complete and is_proven
        return SegmentListing(recording, device_window, stitch(listings), is_complete)

    async def _window(
        self, recording: Recording, window: TimeRange, device_now_ms: int
    ) -> tuple[tuple[Segment, ...], bool]:
        """Search one window; a list that was cut short is continued where it ended."""
        listed: list[tuple[Segment, ...]] = []
        is_whole = True
        rest = window
        for _ in range(_MAX_CONTINUATIONS):
            events, results, outcome = await self._events(recording.token, rest)
            part = rest
            is_capped = looks_capped(results, events, rest) or claims_more(
                events, recording, rest, device_now_ms
            )
            if is_capped:
                last_ms = max(
                    (e.device_ms for e in events if e.device_ms < rest.end_ms),
                    default=rest.start_ms,
                )
                if last_ms > rest.start_ms:
                    part = TimeRange(rest.start_ms, last_ms)
            fold = fold_segments(events, recording, part, device_now_ms)
            listed.append(fold.segments)
            is_whole = (
                is_whole and fold.is_proven and outcome is Outcome.COMPLETED
            ) and not (is_capped and part == rest)
            if part == rest:
                return stitch(listed), is_whole
            rest = TimeRange(part.end_ms, rest.end_ms)
        return stitch(listed), False

    async def _events(
        self, token: str, window: TimeRange
    ) -> tuple[tuple[HistoryEvent, ...], int, Outcome]:
        """Return all history events, how many results there were, and how it ended."""
        if (
            Quirk.NO_EVENT_SEARCH in self.quirks
            or self._clock.monotonic() < self._events_after
        ):
            return (), 0, Outcome.GUESSED
        found: dict[HistoryEvent, None] = {}
        count = 0

        async def take(answer: Element) -> tuple[SearchState, int]:
            nonlocal count
            page: EventPage = await read_in_turns(read_event_page, answer)
            before = len(found)
            found.update(dict.fromkeys(page.events))
            count += page.results
            # A page that only repeats what was told brings the search no further.
            is_repeated = page.events and len(found) == before
            return page.state, 0 if is_repeated else page.results

        ask = functools.partial(
            self._search,
            "FindEvents",
            find_events_parameters(token, window),
            "GetEventSearchResults",
            take,
        )
        try:
            try:
                outcome = await ask()
            except NvrError as error:
                if error.kind not in _OF_THE_MOMENT or ends_talk(error):
                    raise
                outcome = await ask()
        except NvrError as error:
            if not _is_missing(error) or error.kind is ErrorKind.GONE:
                raise
            if error.kind is ErrorKind.UNSUPPORTED or _is_filter_fault(error):
                self.quirks.add(Quirk.NO_EVENT_SEARCH)
            # It may be a failure of the moment: it is asked again, ever more seldom.
            self._events_after = self._clock.monotonic() + self._leave_events_s
            self._leave_events_s = min(self._leave_events_s * 2, _LONGEST_LEAVE_S)
            return (), 0, Outcome.GUESSED
        self._leave_events_s = _LEAVE_EVENTS_S
        if any(event.recording not in {token, ""} for event in found):
            self.quirks.add(Quirk.IGNORES_SEARCH_FILTER)
        return tuple(found), count, outcome

    async def _search(
        self,
        find: str,
        parameters: Mapping[str, object],
        results: str,
        take: Callable[[Element], Awaitable[tuple[SearchState, int]]],
    ) -> Outcome:
        """Run one search; a session that the device lost is started once more."""
        async with self._lock:
            outcome = await self._run(find, parameters, results, take)
            if outcome in {Outcome.BROKEN, Outcome.LOST}:
                outcome = await self._run(find, parameters, results, take)
        return outcome

    async def _run(
        self,
        find: str,
        parameters: Mapping[str, object],
        results: str,
        take: Callable[[Element], Awaitable[tuple[SearchState, int]]],
    ) -> Outcome:
        call = self._connection.call
        token = read_search_token(await call(Service.SEARCH, find, parameters))
        if not token:
            raise NvrError(ErrorKind.PROTOCOL, "no search token", where=find)
        wait = self._waits.search_wait
        asked = results_parameters(token, self._bounds.search_results, wait)
        deadline = self._clock.monotonic() + self._waits.search_total
        empty, limit, total = 0, self._patience, 0
        while (
            empty < limit
            and total <= MAX_RESULTS
            and self._clock.monotonic() < deadline
        ):
            try:
                answer = await call(
                    Service.SEARCH,
                    results,
                    asked,
                    timeout=self._waits.soap_call + wait,
                    is_list=True,
                )
            except NvrError as error:
                if ends_talk(error):
                    raise
                # A lost session may still hold its place on the device.
                await self._end(token)
                if error.kind is not ErrorKind.GONE:
                    raise
                return Outcome.LOST
            state, count = await take(answer)
            if state is SearchState.COMPLETED:
                self._patience = MAX_EMPTY_ANSWERS
                return Outcome.COMPLETED
            total += count
            if count:
                empty, limit = 0, min(limit, _EMPTY_AFTER_RESULTS)
                continue
            if state is SearchState.UNKNOWN:
                break
            empty += 1
            # Some devices answer at once instead of waiting for results.
            await self._clock.sleep(_PAUSE_SECONDS)
        else:
            if empty < limit:
                await self._end(token)
                return Outcome.BROKEN
            self._patience = _EMPTY_WHERE_NO_END
        await self._end(token)
        return Outcome.GUESSED

    async def _end(self, token: str) -> None:
        """End a search early; whatever is answered, there is nothing to do about it."""
        if self._lacks_end:
            return
        try:
            await self._connection.call(
                Service.SEARCH,
                "EndSearch",
                {"SearchToken": token},
                timeout=min(self._waits.soap_optional, self._waits.search_wait),
            )
        except NvrError as error:
            self._lacks_end = error.kind in {ErrorKind.UNSUPPORTED, ErrorKind.NOT_ONVIF}


def _is_filter_fault(error: NvrError) -> bool:
    return isinstance(error, SoapFault) and error.has("InvalidFilterFault")

"""Recording Search service (ONVIF Search 5): sessions, paging, recordings, events."""

import asyncio
from dataclasses import dataclass
import re
import secrets
import time
from typing import TYPE_CHECKING

from ..channels import Channel
from .envelope import (
    Element,
    SoapFault,
    check_shape,
    invalid_arg,
    leaf,
    parse_bool,
    parse_duration_s,
    parse_utc_ms,
    tag,
)
from .history import (
    FIRST_1970_MS,
    event_result,
    history,
    never_result,
    recording_information,
    time_text,
    unrelated,
)
from .service import Call, Service, operation
from .topics import topic_filter

if TYPE_CHECKING:
    from ..nvr import SimulatedNvr

_RESULTS = "tse:SearchToken tse:MinResults? tse:MaxResults? tse:WaitTime?"


@dataclass(slots=True)
class SearchSession:
    """A search under way; it dies after Completed, EndSearch or silence (RS 5.2.3)."""

    kind: str
    results: list[str]
    keep_alive_s: float
    end_point_ms: int
    rounds_left: int
    touched: float
    position: int = 0


class SearchService(Service):
    """Finds recordings and the events on their time lines."""

    name = "search"
    prefix = "tse"
    path = "/onvif/search_service"
    version = (24, 6)

    def __init__(self, nvr: SimulatedNvr) -> None:
        super().__init__(nvr)
        self.sessions: dict[str, SearchSession] = {}

    def reset(self) -> None:
        """Forget all sessions."""
        self.sessions.clear()

    def capabilities(self, call: Call) -> str:
        """Return tse:Capabilities."""
        return tag("tse:Capabilities", MetadataSearch=False, GeneralStartEvents=False)

    # --- Without a session -----------------------------------------------------------

    @operation("GetRecordingSummary")
    def get_recording_summary(self, call: Call) -> str:
        """Search 5.4."""
        now = self.nvr.clock.now_ms()
        spans = [
            (segments[0][0], segments[-1][1])
            for channel in self._channels()
            if channel.timeline and (segments := channel.timeline.segments(now))
        ]
        faults = self.nvr.faults
        first = min((span[0] for span in spans), default=0)
        return tag(
            "tse:GetRecordingSummaryResponse",
            tag(
                "tse:Summary",
                leaf(
                    "tt:DataFrom",
                    time_text(FIRST_1970_MS if faults.dates_1970 else first, faults),
                ),
                leaf(
                    "tt:DataUntil",
                    time_text(max((span[1] for span in spans), default=0), faults),
                ),
                leaf("tt:NumberRecordings", len(self._channels())),
            ),
        )

    @operation("GetRecordingInformation", "tse:RecordingToken")
    def get_recording_information(self, call: Call) -> str:
        """Search 5.5."""
        channel = self._channel(call.request.body.need("tse:RecordingToken"))
        return tag(
            "tse:GetRecordingInformationResponse",
            tag("tse:RecordingInformation", self._information(channel)),
        )

    @operation("GetMediaAttributes", "tse:RecordingTokens* tse:Time")
    def get_media_attributes(self, call: Call) -> str:
        """Search 5.6."""
        body = call.request.body
        moment = parse_utc_ms(body.need("tse:Time"))
        tokens = [item.text for item in body.all("tse:RecordingTokens")]
        channels = (
            [self._channel(token) for token in tokens] if tokens else self._channels()
        )
        now = self.nvr.clock.now_ms()
        answers = []
        for channel in channels:
            assert channel.timeline is not None
            span = next(
                (s for s in channel.timeline.segments(now) if s[0] <= moment < s[1]),
                None,
            )
            if span is not None:
                answers.append(self._media_attributes(channel, span))
        return tag("tse:GetMediaAttributesResponse", answers)

    def _media_attributes(self, channel: Channel, span: tuple[int, int]) -> str:
        timeline = channel.timeline
        assert timeline is not None
        attributes = []
        for token, kind in timeline.tracks:
            information = tag(
                "tt:TrackInformation",
                leaf("tt:TrackToken", token),
                leaf("tt:TrackType", kind),
                leaf("tt:Description", ""),
                leaf("tt:DataFrom", time_text(span[0], self.nvr.faults)),
                leaf("tt:DataTo", time_text(span[1], self.nvr.faults)),
            )
            if kind == "Video":
                details = tag(
                    "tt:VideoAttributes",
                    leaf("tt:Bitrate", 1024),
                    leaf("tt:Width", timeline.width),
                    leaf("tt:Height", timeline.height),
                    leaf("tt:Encoding", timeline.codec),
                    leaf("tt:Framerate", 10),
                )
            else:
                details = tag(
                    "tt:AudioAttributes",
                    leaf("tt:Bitrate", 64),
                    leaf("tt:Encoding", "AAC" if timeline.audio == "AAC" else "G711"),
                    leaf("tt:Samplerate", 16 if timeline.audio == "AAC" else 8),
                )
            attributes.append(tag("tt:TrackAttributes", information, details))
        return tag(
            "tse:MediaAttributes",
            leaf("tt:RecordingToken", timeline.recording_token),
            attributes,
            leaf("tt:From", time_text(span[0], self.nvr.faults)),
            leaf("tt:Until", time_text(span[1], self.nvr.faults)),
        )

    # --- Starting --------------------------------------------------------------------

    @operation("FindRecordings", "tse:Scope tse:MaxMatches? tse:KeepAliveTime")
    def find_recordings(self, call: Call) -> str:
        """Search 5.7; there is no filter by time."""
        body = call.request.body
        channels = self._scope(body)
        if self.nvr.faults.find_recordings_empty:
            channels = []
        results = [
            tag("tt:RecordingInformation", self._information(channel))
            for channel in channels
        ]
        token = self._open("recordings", body, results, self.nvr.clock.now_ms())
        return tag("tse:FindRecordingsResponse", leaf("tse:SearchToken", token))

    @operation(
        "FindEvents",
        "tse:StartPoint tse:EndPoint? tse:Scope tse:SearchFilter "
        "tse:IncludeStartState tse:MaxMatches? tse:KeepAliveTime",
    )
    def find_events(self, call: Call) -> str:
        """Search 5.9."""
        body = call.request.body
        now = self.nvr.clock.now_ms()
        start = parse_utc_ms(body.need("tse:StartPoint"))
        end_text = body.value("tse:EndPoint")
        end = max(now, start) if end_text is None else parse_utc_ms(end_text)
        is_backward = end < start
        window = (min(start, end), max(start, end))
        wants_start = parse_bool(body.need("tse:IncludeStartState"))
        channels = self._scope(body)
        faults = self.nvr.faults
        topics = topic_filter(
            body.first("tse:SearchFilter"), is_refused=faults.refuse_filters
        )
        events = []
        for channel in channels:
            if faults.no_events:
                continue
            found = history(channel, window, now, faults, has_start_state=wants_start)
            if faults.unrelated_events:
                found += unrelated(window, channel)
            events += found
        if topics is not None:
            events = [event for event in events if event.topic in topics]
        if faults.duplicate_events:
            events = [event for event in events for _ in range(2)]
        events.sort(
            key=lambda event: (event.time_ms, not event.is_start_state),
            reverse=is_backward != faults.unordered,
        )
        odd = faults.impossible_times
        results = [
            tag("tt:Result", event_result(event, faults, is_odd=odd and index % 2 == 1))
            for index, event in enumerate(events)
        ]
        if odd and events:
            results.append(tag("tt:Result", never_result(events[0], faults)))
        token = self._open("events", body, results, end)
        return tag("tse:FindEventsResponse", leaf("tse:SearchToken", token))

    def _scope(self, body: Element) -> list[Channel]:
        scope = body.first("tse:Scope")
        assert scope is not None
        check_shape(
            scope,
            "tt:IncludedSources* tt:IncludedRecordings* "
            "tt:RecordingInformationFilter? tt:Extension?",
        )
        channels = self._channels()
        tokens = [item.text for item in scope.all("tt:IncludedRecordings")]
        sources = {item.value("tt:Token") for item in scope.all("tt:IncludedSources")}
        for token in tokens:
            self._channel(token)
        if (tokens or sources) and not self.nvr.faults.ignore_scope:
            channels = [
                channel
                for channel in channels
                if (channel.timeline and channel.timeline.recording_token in tokens)
                or channel.source_token in sources
                or any(profile.token in sources for profile in channel.profiles)
            ]
        return self._filtered(channels, scope.value("tt:RecordingInformationFilter"))

    def _filtered(self, channels: list[Channel], xpath: str | None) -> list[Channel]:
        if xpath is None:
            return channels
        match = re.fullmatch(
            r'boolean\(//Track\[TrackType\s*=\s*"(\w+)"\]\)', xpath.strip()
        )
        if match is None or self.nvr.faults.refuse_filters:
            raise invalid_arg("ter:InvalidFilterFault", f"filter {xpath}")
        return [
            channel
            for channel in channels
            if channel.timeline
            and any(kind == match[1] for _, kind in channel.timeline.tracks)
        ]

    def _open(self, kind: str, body: Element, results: list[str], end_ms: int) -> str:
        faults = self.nvr.faults
        keep_alive = parse_duration_s(body.need("tse:KeepAliveTime"))
        self._expire()
        if faults.resource_problem or len(self.sessions) >= faults.max_searches:
            raise SoapFault(
                "Receiver",
                "ter:Action",
                "ter:ResourceProblem",
                reason="unable to create a new search session",
            )
        matches = body.value("tse:MaxMatches")
        if matches is not None:
            results = results[: int(matches)]
        if faults.silent_cap is not None:
            results = results[: faults.silent_cap]
        token = f"SearchToken[{secrets.token_hex(4)}]"
        self.sessions[token] = SearchSession(
            kind, results, keep_alive, end_ms, faults.searching_rounds, time.monotonic()
        )
        return token

    # --- Results ---------------------------------------------------------------------

    @operation("GetRecordingSearchResults", _RESULTS)
    async def get_recording_search_results(self, call: Call) -> str:
        """Search 5.8."""
        return await self._results(call, "recordings")

    @operation("GetEventSearchResults", _RESULTS)
    async def get_event_search_results(self, call: Call) -> str:
        """Search 5.10."""
        return await self._results(call, "events")

    async def _results(self, call: Call, kind: str) -> str:
        body, faults = call.request.body, self.nvr.faults
        token = body.need("tse:SearchToken")
        session = self._session(token, kind)
        wait_s = parse_duration_s(body.value("tse:WaitTime") or "PT0S")
        limit = int(body.value("tse:MaxResults") or 1000)
        if faults.page_size is not None:
            limit = min(limit, faults.page_size)
        page: list[str] = []
        if session.rounds_left > 0:
            session.rounds_left -= 1
            await asyncio.sleep(min(wait_s, 0.05))
        else:
            page = session.results[session.position : session.position + limit]
            session.position += len(page)
        is_done = session.rounds_left == 0 and session.position >= len(session.results)
        if is_done and faults.never_completes:
            if not page:
                await asyncio.sleep(min(wait_s, 0.2))
            is_done = False
        session.touched = time.monotonic()
        if is_done:
            self.sessions.pop(token, None)
        state = "Completed" if is_done else "Searching"
        if is_done and faults.unknown_state:
            state = "Unknown"
        return tag(
            f"{call.request.operation}Response",
            tag("tse:ResultList", leaf("tt:SearchState", state), page),
        )

    @operation("EndSearch", "tse:SearchToken")
    def end_search(self, call: Call) -> str:
        """Search 5.19; a completed search is gone, ending it is an error."""
        token = call.request.body.need("tse:SearchToken")
        session = self._session(token, None)
        del self.sessions[token]
        if self.nvr.faults.end_search_fault:
            raise SoapFault("Receiver", "ter:Action", reason="cannot end a search")
        return tag(
            "tse:EndSearchResponse",
            leaf("tse:Endpoint", time_text(session.end_point_ms, self.nvr.faults)),
        )

    def _session(self, token: str, kind: str | None) -> SearchSession:
        self._expire()
        session = self.sessions.get(token)
        if session is None or kind not in (None, session.kind):
            raise invalid_arg("ter:InvalidToken", f"no search {token}")
        session.touched = time.monotonic()
        return session

    def _expire(self) -> None:
        now = time.monotonic()
        longest = self.nvr.faults.shortest_keep_alive_s
        for token, session in list(self.sessions.items()):
            limit = session.keep_alive_s
            if longest is not None:
                limit = min(limit, longest)
            if now - session.touched > limit:
                del self.sessions[token]

    # --- Recordings ------------------------------------------------------------------

    def _channels(self) -> list[Channel]:
        return self.nvr.recorded()

    def _channel(self, token: str) -> Channel:
        channel = self.nvr.recorded_channel(token)
        if channel is None:
            raise invalid_arg("ter:InvalidToken", f"no recording {token}")
        return channel

    def _information(self, channel: Channel) -> str:
        return recording_information(
            channel, self.nvr.spec.mapping, self.nvr.clock.now_ms(), self.nvr.faults
        )

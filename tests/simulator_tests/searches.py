"""Searches of a simulated device, started and read page by page."""

from dataclasses import dataclass

from tests.simulator.soap.envelope import parse_utc_ms, utc_text
from tests.simulator.spec import CameraSpec, NvrSpec
from tests.simulator.timeline import Stretch
from tests.simulator_tests.soap_client import Answer, SoapClient

BASE = 1_767_225_600_000
"""2026-01-01T00:00:00Z."""
MINUTE = 60_000
_STRETCHES = (Stretch(10 * MINUTE, 20_000), Stretch(30 * MINUTE, 40_000))


def recorder(count: int = 1, **fields: object) -> NvrSpec:
    cameras = tuple(
        CameraSpec(
            f"Room {n}", _STRETCHES, base_ms=BASE, audio="AAC" if n == 0 else None
        )
        for n in range(count)
    )
    return NvrSpec("Recorder", cameras, **fields)


@dataclass
class Event:
    """A result of an event search."""

    topic: str
    track: str
    ms: int
    value: str
    is_start: bool


async def find_recordings(
    client: SoapClient, scope: str = "", *, keep_alive: str = "PT10S"
) -> Answer:
    """Start a search for recordings."""
    return await client.call(
        f"<tse:FindRecordings><tse:Scope>{scope}</tse:Scope>"
        f"<tse:KeepAliveTime>{keep_alive}</tse:KeepAliveTime></tse:FindRecordings>"
    )


async def find_events(
    client: SoapClient,
    start: int,
    end: int | None,
    *,
    scope: str = "",
    search_filter: str = "",
    start_state: str = "true",
    matches: int | None = None,
) -> Answer:
    """Start a search for events."""
    return await client.call(
        f"<tse:FindEvents><tse:StartPoint>{utc_text(start)}</tse:StartPoint>"
        + (f"<tse:EndPoint>{utc_text(end)}</tse:EndPoint>" if end is not None else "")
        + f"<tse:Scope>{scope}</tse:Scope>"
        + f"<tse:SearchFilter>{search_filter}</tse:SearchFilter>"
        + f"<tse:IncludeStartState>{start_state}</tse:IncludeStartState>"
        + (f"<tse:MaxMatches>{matches}</tse:MaxMatches>" if matches else "")
        + "<tse:KeepAliveTime>PT10S</tse:KeepAliveTime></tse:FindEvents>"
    )


async def page(client: SoapClient, kind: str, token: str, limit: int = 100) -> Answer:
    """Ask for results."""
    return await client.call(
        f"<tse:Get{kind}SearchResults><tse:SearchToken>{token}</tse:SearchToken>"
        f"<tse:MaxResults>{limit}</tse:MaxResults><tse:WaitTime>PT1S</tse:WaitTime>"
        f"</tse:Get{kind}SearchResults>",
        is_checked=False,
    )


def events_of(answer: Answer) -> list[Event]:
    """Return the events of a page."""
    assert answer.root is not None
    found = []
    for node in answer.root.iterfind(".//{*}Result"):
        item = node.find(".//{*}Data/{*}SimpleItem")
        found.append(
            Event(
                node.findtext(".//{*}Topic"),
                node.findtext("{*}TrackToken") or "",
                parse_utc_ms(node.findtext("{*}Time")),
                item.get("Value"),
                node.findtext("{*}StartStateEvent") == "true",
            )
        )
    return found


async def search(
    client: SoapClient, start: int, end: int | None, **how: object
) -> list[Event]:
    """Return the events of a window that fit one page."""
    found = await find_events(client, start, end, **how)
    answer = await page(client, "Event", found.one("tse:SearchToken"))
    assert answer.one("tt:SearchState") == "Completed"
    return events_of(answer)


async def end_search(client: SoapClient, token: str) -> Answer:
    """End a search."""
    return await client.call(
        f"<tse:EndSearch><tse:SearchToken>{token}</tse:SearchToken></tse:EndSearch>"
    )

"""The subscription: a snapshot, then what changes, to each what they may see."""

# Reads private members: that the feed rests, and what it holds, is told to nobody.

from itertools import pairwise
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockUser
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.permissions import live_entity
from custom_components.vtrack_nvr.websocket import feed
from tests.shell.asking import MINUTE, Socket, Stock, code_of, connect, stock
from tests.shell.rig import MakeWhole, until


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "PAUSE_S", 0.05)


@pytest.fixture
async def stocked(hass: HomeAssistant, whole: MakeWhole) -> Stock:
    await whole("mapping-video-source", mode="on_demand")
    return await stock(hass)


class Follower:
    """A client that keeps the state as the contract says."""

    def __init__(self, socket: Socket) -> None:
        self.socket = socket
        self.maps: dict[str, dict[str, Any]] = {}
        self.seq = 0
        self.coverage: list[list[Any]] = []
        self.infos = 0

    async def take(self) -> dict[str, Any]:
        """Take one event."""
        event = (await self.socket.event())["event"]
        assert event["seq"] == self.seq + 1
        assert event["kind"] == ("delta" if self.is_complete else "snapshot")
        self.seq = event["seq"]
        for name, rows in event.get("changed", {}).items():
            self.maps.setdefault(name, {}).update(rows)
        for name, keys in event.get("gone", {}).items():
            for key in keys:
                del self.maps[name][key]
        self.coverage += event.get("coverage", [])
        self.infos += bool(event.get("info"))
        if event["kind"] == "snapshot" and not event["more"]:
            self.is_complete = True
        return event

    is_complete = False

    async def until(self, holds: Any) -> None:
        """Take events until something holds."""
        while not holds():
            await self.take()

    async def begin(self, **fields: Any) -> None:
        """Subscribe and take the snapshot."""
        assert await self.socket.ask("subscribe", **fields) is None
        await self.until(lambda: self.is_complete)


@pytest.fixture
async def follower(
    hass: HomeAssistant, stocked: Stock, hass_ws_client: WebSocketGenerator
) -> Follower:
    return Follower(await connect(hass, hass_ws_client))


async def test_the_snapshot_says_how_everything_is(
    hass: HomeAssistant, follower: Follower, stocked: Stock
) -> None:
    await follower.begin()
    [entry] = hass.config_entries.async_entries(DOMAIN)
    maps = follower.maps
    assert set(maps["nvrs"]) == {entry.unique_id}
    assert len(maps["cameras"]) == 4
    await follower.until(lambda: maps["cameras"][stocked.first]["clips"] == 12)
    camera = maps["cameras"][stocked.first]
    assert camera["last_clip"]["id"] == stocked.clips[-1]
    assert camera["held_days"] >= 2.0
    [storage] = maps["storages"].values()
    assert storage["clips"] == 15
    assert storage["path"]
    library = maps["library"]["library"]
    assert library["storage_problem"] is None
    assert library["clips"] >= 12


async def test_a_snapshot_that_is_long_comes_in_parts(
    follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "PER_EVENT", 2)
    await follower.begin()
    assert follower.seq >= 3
    assert len(follower.maps["cameras"]) == 4


async def test_what_changes_is_told_once_and_a_quiet_house_says_nothing(
    hass: HomeAssistant, follower: Follower, stocked: Stock
) -> None:
    await follower.begin()
    socket = follower.socket
    job = await socket.ask("clips/delete", ids=stocked.clips[:2])
    await follower.until(
        lambda: (
            bool(follower.coverage)
            and job["id"] in follower.maps.get("jobs", {})
            and follower.maps["cameras"][stocked.first]["clips"] == 10
        )
    )
    camera, from_ms, to_ms = follower.coverage[0]
    assert camera == stocked.first
    assert from_ms <= stocked.start_ms
    assert to_ms >= stocked.start_ms + 5 * MINUTE
    assert follower.maps["jobs"][job["id"]]["clips"] == 2


async def test_topics_are_chosen(
    hass: HomeAssistant, follower: Follower, stocked: Stock
) -> None:
    await follower.begin(topics=["coverage", "exports"])
    assert follower.maps == {"exports": {}} or follower.maps == {}
    library = hass.data[DOMAIN].library
    await library.care.delete(stocked.others)
    await follower.until(lambda: bool(follower.coverage))
    assert set(follower.maps) <= {"exports"}
    for wrong in ({"topics": []}, {"topics": ["all"]}, {"topics": "status"}):
        assert await code_of(follower.socket.ask("subscribe", **wrong)) == (
            "invalid_format"
        )


async def test_a_person_with_one_camera_is_told_of_that_one(
    hass: HomeAssistant, stocked: Stock, hass_ws_client: WebSocketGenerator
) -> None:
    user = MockUser(name="Guest", groups=[]).add_to_hass(hass)
    entity_id = live_entity(hass, stocked.first)
    user.mock_policy({"entities": {"entity_ids": {entity_id: {"read": True}}}})
    refresh = await hass.auth.async_create_refresh_token(user, "http://localhost")
    token = hass.auth.async_create_access_token(refresh)
    guest = Follower(await connect(hass, hass_ws_client, token))
    await guest.begin()
    assert set(guest.maps["cameras"]) == {stocked.first}
    assert {row["path"] for row in guest.maps["storages"].values()} == {None}
    library = hass.data[DOMAIN].library
    await library.care.delete([*stocked.others, stocked.clips[0]])
    await guest.until(lambda: bool(guest.coverage))
    assert {camera for camera, _from, _to in guest.coverage} == {stocked.first}

    user.mock_policy({})
    await library.care.restore(stocked.clips[:1])
    await guest.until(lambda: guest.maps["cameras"] == {})
    assert guest.infos == 1


async def test_the_loop_ends_when_nobody_looks_any_more(
    hass: HomeAssistant, follower: Follower
) -> None:
    feeding = hass.data[feed.FEED]
    await follower.begin()
    assert feeding._task is not None
    await follower.socket.client.close()
    await until(hass, lambda: feeding._task is None)


async def test_a_fault_of_ours_ends_the_feed_for_a_moment_only(
    hass: HomeAssistant,
    follower: Follower,
    stocked: Stock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with patch.object(feed, "storage_rows", side_effect=ZeroDivisionError):
        await follower.socket.ask("subscribe")
        await until(hass, lambda: "The feed broke" in caplog.text)
    await follower.until(lambda: follower.is_complete)
    assert stocked.first in follower.maps["cameras"]
    caplog.clear()


async def test_an_index_that_does_not_answer_is_no_end_of_the_feed(
    hass: HomeAssistant, follower: Follower
) -> None:
    library = hass.data[DOMAIN].library
    broken = NvrError(ErrorKind.INDEX_FAILED)
    with (
        patch.object(library.browse, "cameras", side_effect=broken),
        patch.object(library.time_line, "changes", side_effect=broken),
        patch.object(library.exports, "page", side_effect=broken),
    ):
        await follower.begin()
        assert follower.maps["nvrs"]


async def test_everything_else_gets_its_turn_between_two_listeners(
    hass: HomeAssistant,
    follower: Follower,
    stocked: Stock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    turns: list[str] = []
    send = feed.FeedListener.send

    def noted(self: feed.FeedListener, event: dict[str, Any]) -> None:
        turns.append("told")
        hass.loop.call_soon(turns.append, "turn")
        send(self, event)

    monkeypatch.setattr(feed.FeedListener, "send", noted)
    for _ in range(4):
        await follower.socket.ask("subscribe", topics=["status"])
    await until(hass, lambda: turns.count("told") >= 4)
    await follower.socket.ask("clips/delete", ids=stocked.clips[:2])
    await until(hass, lambda: turns.count("told") >= 8)
    assert ("told", "told") not in pairwise(turns)


async def test_a_row_that_does_not_change_is_made_once_for_everybody(
    hass: HomeAssistant, follower: Follower, stocked: Stock
) -> None:
    await follower.begin()
    await follower.until(lambda: follower.maps["cameras"][stocked.first]["clips"] == 12)
    feeding = hass.data[feed.FEED]
    for left in (10, 8, 6):
        rows = {**feeding._state["cameras"]}
        await follower.socket.ask(
            "clips/delete", ids=stocked.clips[10 - left : 12 - left]
        )
        await follower.until(
            lambda left=left: follower.maps["cameras"][stocked.first]["clips"] == left
        )
        now = feeding._state["cameras"]
        assert now[stocked.first] is not rows[stocked.first]
        others = [key for key in rows if now[key] == rows[key]]
        assert all(now[key] is rows[key] for key in others)
        if others:  # unless a minute began meanwhile, with which all rows change
            break
    assert others
    [listener] = feeding._listeners
    assert all(listener.sent["cameras"][key] is now[key] for key in others)


async def test_a_connection_has_few_subscriptions(
    hass: HomeAssistant, follower: Follower
) -> None:
    for _ in range(feed.MOST_FEEDS):
        await follower.socket.ask("subscribe", topics=["jobs"])
    asked = follower.socket.ask("subscribe", topics=["jobs"])
    assert await code_of(asked) == "too_many"

"""The subscription: a snapshot of the house, then what changes, at most once a second.

One loop serves everybody who looks, and ends when nobody does. It makes the state once, works
out once for each person what they may see of it, and tells each listener what of that they do
not have yet. A row that has not changed stays the same object: it is not compared again.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
import contextlib
from dataclasses import dataclass, field
import logging
import time
from typing import Any

from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey
import voluptuous as vol

from ..const import DOMAIN
from ..core.errors import NvrError
from ..core.library.values import CameraInfo, Export, LibraryHealth
from ..core.models import CameraKey
from .caller import Caller
from .command import command
from .errors import TOO_MANY, CommandError
from .export_commands import may_see_export, row_for
from .fields import list_of
from .jobs import JOBS
from .picture import (
    Rows,
    camera_now,
    fetching_rows,
    library_row,
    nvr_now,
    storage_rows,
)
from .sizes import fitting

_LOGGER = logging.getLogger(__name__)

TOPICS = ("status", "fetching", "coverage", "exports", "storage", "jobs")
PAUSE_S = 1.0
MOST_PAUSE_S = 60.0
SLOW_S = 15.0
"""How often is read what changes slowly and tells nobody: names, sums, free space."""
TODAY_S = 60.0
TODAY_AT_ONCE = 16
"""Cameras whose day is worked out between two looks."""
PER_EVENT = 500
"""Rows in one event, where they are small."""
MOST_STRETCHES = 500
"""Changed stretches in one event; more are told as one for each camera."""
MOST_EXPORTS = 200
"""The newest exports are told; older ones are listed by `export/list`."""
MOST_FEEDS = 8
"""Subscriptions of one connection."""

_TOPIC_OF = {
    "nvrs": "status",
    "cameras": "status",
    "library": "status",
    "storages": "storage",
}
"""The topics of what is not called like its topic."""

type Changed = dict[str, Rows]


@dataclass(slots=True, eq=False)
class FeedListener:
    """Who looks, at what, and what they were told."""

    caller: Caller
    msg_id: int
    topics: frozenset[str]
    seq: int = 0
    sent: Changed = field(default_factory=dict)
    infos: tuple[Any, ...] | None = None
    stretches: list[tuple[CameraKey, int, int]] = field(default_factory=list)

    def send(self, event: dict[str, Any]) -> None:
        """Tell one event."""
        self.seq += 1
        self.caller.connection.send_event(self.msg_id, {"seq": self.seq, **event})


@dataclass(frozen=True, slots=True)
class Sight:
    """What one person may see of the state, for all of their listeners."""

    rows: Changed
    infos: tuple[Any, ...]
    cameras: frozenset[CameraKey]


@contextlib.contextmanager
def _not_now() -> Iterator[None]:
    """Do without what the index does not answer now."""
    try:
        yield
    except NvrError as error:
        _LOGGER.debug("The feed does without an answer: %s", error)


class Feed:
    """Everybody who looks, and the loop that serves them."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Serve nobody yet."""
        self._hass = hass
        self._listeners: list[FeedListener] = []
        self._task: asyncio.Task[None] | None = None
        self._ends: list[Callable[[], None]] = []
        self._dirty = False
        self._joined = asyncio.Event()
        self._infos: tuple[CameraInfo, ...] = ()
        self._health: LibraryHealth | None = None
        self._slow_s = 0.0
        self._today: dict[CameraKey, tuple[int, ...]] = {}
        self._today_due: dict[CameraKey, float] = {}
        self._exports: tuple[Export, ...] = ()
        self._has_open_export = False
        self._state: Changed = {}
        self._public: Changed = {}
        """The state without what is for administrators only."""
        hass.data[JOBS].changed = self.changed

    @callback
    def changed(self) -> None:
        """Look again soon."""
        self._dirty = True

    def _told(self, _event: object) -> None:
        """Take what the library tells on its own threads."""
        self._hass.loop.call_soon_threadsafe(self._library_changed)

    @callback
    def _library_changed(self) -> None:
        self._slow_s = min(self._slow_s, time.monotonic() + 2 * PAUSE_S)
        self.changed()

    @callback
    def add(self, listener: FeedListener) -> Callable[[], None]:
        """Tell somebody from now on; returns how to end that. Raises TOO_MANY."""
        connection = listener.caller.connection
        same = [
            each for each in self._listeners if each.caller.connection is connection
        ]
        if len(same) >= MOST_FEEDS:
            raise CommandError(TOO_MANY, "too_many", most=MOST_FEEDS)
        self._listeners.append(listener)
        if self._task is None:
            caller = listener.caller
            self._ends = [
                caller.hub.engine.subscribe(lambda _status: self.changed()),
                caller.hub.library.subscribe(self._told),
            ]
            self._task = self._hass.async_create_background_task(
                self._run(caller), f"{DOMAIN} feed"
            )
        self._slow_s = 0.0
        self._joined.set()

        @callback
        def end() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)
            if not self._listeners:
                self._end()

        return end

    @callback
    def _end(self) -> None:
        for end in self._ends:
            end()
        self._ends = []
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._today.clear()
        self._today_due.clear()
        self._state, self._public = {}, {}

    async def _run(self, caller: Caller) -> None:
        pause_s = PAUSE_S
        while True:
            self._joined.clear()
            try:
                await self._look(caller)
                pause_s = PAUSE_S
            except Exception:
                # a fault of ours must not leave everybody with an old picture for good
                pause_s = min(2 * pause_s, MOST_PAUSE_S)
                _LOGGER.exception("The feed broke; it goes on in %.0f s", pause_s)
            with contextlib.suppress(TimeoutError):
                # whoever joins has a snapshot at once
                async with asyncio.timeout(pause_s):
                    await self._joined.wait()

    async def _look(self, caller: Caller) -> None:
        """Tell everybody what has changed, if anything has.

        What cannot be read now is told as it was: the rest goes on.
        """
        library = caller.hub.library
        now_s = time.monotonic()
        is_slow_due = now_s >= self._slow_s
        changes: list[tuple[CameraKey, int, int]] = []
        with _not_now():
            changes = await library.time_line.changes()
            await self._count_today(caller, changes)
        is_joined = any(listener.infos is None for listener in self._listeners)
        if not (
            changes or is_joined or is_slow_due or self._dirty or self._has_open_export
        ):
            return
        is_dirty, self._dirty = self._dirty, False
        if is_slow_due:
            self._slow_s = now_s + SLOW_S
            with _not_now():
                self._infos = await library.browse.cameras()
                self._health = await library.health()
        if is_slow_due or is_dirty or self._has_open_export:
            with _not_now():
                self._exports = await library.exports.page(MOST_EXPORTS)
        self._has_open_export = any(
            not export.is_ready and not export.is_failed for export in self._exports
        )
        self._make_state(caller)
        for listener in self._listeners:
            if "coverage" in listener.topics:
                listener.stretches += changes
        sights: dict[str, Sight] = {}
        for listener in (*self._listeners,):
            if listener not in self._listeners:
                continue  # gone while others were told
            user_id = listener.caller.user.id
            if user_id not in sights:
                sights[user_id] = self._sight(listener.caller)
            self._tell(listener, sights[user_id])
            await asyncio.sleep(0)  # everything else gets its turn between two people

    async def _count_today(
        self, caller: Caller, changes: list[tuple[CameraKey, int, int]]
    ) -> None:
        """Work out the day of some cameras: of each at most once a minute."""
        now_s = time.monotonic()
        for camera, _from_ms, _to_ms in changes:
            self._today_due.setdefault(camera, now_s)
        for info in self._infos:
            if info.key not in self._today and not info.is_former:
                self._today_due.setdefault(info.key, now_s)
        due = [key for key, at_s in self._today_due.items() if at_s <= now_s]
        for key in due[:TODAY_AT_ONCE]:
            before = self._today.get(key)
            self._today[key] = await caller.hub.library.time_line.today(key)
            # unknown time grows by itself: the day is looked at again even so
            self._today_due[key] = now_s + TODAY_S
            if before != self._today[key]:
                self.changed()

    def _make_state(self, caller: Caller) -> None:
        """Make the state of the house, as administrators see it and as others do."""
        before, public_before = self._state, self._public
        state = {
            name: _kept_same(rows, before.get(name, {}))
            for name, rows in self._rows(caller).items()
        }
        public = {
            name: {
                key: public_before[name][key]
                if row is before.get(name, {}).get(key)
                else _without_secrets(row)
                for key, row in rows.items()
            }
            for name, rows in state.items()
        }
        self._state, self._public = state, public  # both or none

    def _rows(self, caller: Caller) -> Changed:
        """Return the state of the house as administrators see it."""
        status = caller.hub.engine.status()
        now_ms = caller.hub.library.clock.now_ms()
        entries = {runtime.key: runtime.entry.entry_id for runtime in caller.runtimes()}
        health = self._health
        return {
            "nvrs": {
                key: nvr_now(nvr, entries.get(key)) for key, nvr in status.nvrs.items()
            },
            "cameras": {
                info.key: camera_now(
                    info,
                    status.camera(info.nvr, info.key),
                    self._today.get(info.key),
                    entries.get(info.nvr),
                    now_ms,
                )
                for info in self._infos
            },
            "fetching": fetching_rows(status),
            "storages": storage_rows(health.roots, now_ms) if health else {},
            "library": {
                "library": library_row(
                    status,
                    health.roots if health else (),
                    is_checking=bool(health and health.is_checking),
                    is_braked=bool(health and health.braked),
                )
            },
        }

    def _sight(self, caller: Caller) -> Sight:
        """Return what one person may see of the state, of all topics."""
        state = self._state if caller.is_admin else self._public
        infos = [info for info in self._infos if caller.may(info.key)]
        seen = frozenset(info.key for info in infos)
        nvrs = {info.nvr for info in infos}
        cameras = {key: row for key, row in state["cameras"].items() if key in seen}
        sums = {
            name: sum(row[name] for row in cameras.values())
            for name in ("clips", "bytes")
        }
        exports = {
            str(export.id): row_for(caller, export)
            for export in self._exports
            if may_see_export(caller, export)
        }
        jobs = caller.hass.data[JOBS].of(caller.user.id)
        rows: Changed = {
            "nvrs": {
                key: row
                for key, row in state["nvrs"].items()
                if caller.is_admin or key in nvrs
            },
            "cameras": cameras,
            "library": {"library": {**state["library"]["library"], **sums}},
            "fetching": {
                key: row for key, row in state["fetching"].items() if key in seen
            },
            "storages": state["storages"] if seen or caller.is_admin else {},
            "exports": exports,
            "jobs": {job.id: job.row() for job in jobs},
        }
        if not caller.is_admin:
            rows["exports"] = {
                key: _without_secrets(row) for key, row in exports.items()
            }
            rows["jobs"] = {
                key: _without_secrets(row) for key, row in rows["jobs"].items()
            }
        return Sight(
            rows,
            tuple(
                (info.key, info.name, info.nvr_name, info.is_former, info.retention)
                for info in infos
            ),
            seen,
        )

    def _tell(self, listener: FeedListener, sight: Sight) -> None:
        """Send what is new to somebody, in events that are not too long."""
        now_ms = listener.caller.hub.library.clock.now_ms()
        rows = {
            name: found
            for name, found in sight.rows.items()
            if _TOPIC_OF.get(name, name) in listener.topics
        }
        is_first = listener.infos is None
        has_news = not is_first and sight.infos != listener.infos
        listener.infos = sight.infos
        changed = [
            (name, key, row)
            for name, found in rows.items()
            for key, row in _news(found, listener.sent.get(name, {}))
        ]
        gone = {
            name: keys
            for name, known in listener.sent.items()
            if (keys := [key for key in known if key not in rows.get(name, {})])
        }
        stretches = _folded(
            [item for item in listener.stretches if item[0] in sight.cameras]
        )
        listener.stretches = []
        listener.sent = rows
        parts = [*_parts(changed)]
        if is_first:
            for number, part in enumerate(parts or [[]], 1):
                listener.send(
                    {
                        "kind": "snapshot",
                        "more": number < len(parts),
                        "now_ms": now_ms,
                        "changed": _as_maps(part),
                    }
                )
            return
        if not (changed or gone or stretches or has_news):
            return
        for number, part in enumerate(parts or [[]]):
            event: dict[str, Any] = {"kind": "delta", "now_ms": now_ms}
            if part:
                event["changed"] = _as_maps(part)
            if number == 0:
                event |= {"gone": gone} if gone else {}
                event |= {"coverage": stretches} if stretches else {}
                event |= {"info": True} if has_news else {}
            listener.send(event)


def _kept_same(rows: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """Return rows, those that have not changed as the objects they were before."""
    return {
        key: old if (old := before.get(key)) == row else row
        for key, row in rows.items()
    }


def _news(
    rows: Mapping[str, Any], sent: Mapping[str, Any]
) -> Iterator[tuple[str, Any]]:
    """Yield the rows that somebody does not have yet."""
    for key, row in rows.items():
        old = sent.get(key)
        if old is not row and old != row:
            yield key, row


def _parts(rows: list[Any]) -> Iterator[list[Any]]:
    """Return rows in parts that fit into one event."""
    while rows:
        count = min(PER_EVENT, fitting(rows))
        yield rows[:count]
        rows = rows[count:]


def _as_maps(rows: Any) -> Changed:
    maps: Changed = {}
    for name, key, row in rows:
        maps.setdefault(name, {})[key] = row
    return maps


def _folded(
    stretches: list[tuple[CameraKey, int, int]],
) -> list[tuple[CameraKey, int, int]]:
    """Return changed stretches, each once; of very many one for each camera."""
    once = [*dict.fromkeys(stretches)]
    if len(once) <= MOST_STRETCHES:
        return once
    whole: dict[CameraKey, tuple[int, int]] = {}
    for camera, from_ms, to_ms in once:
        old = whole.get(camera, (from_ms, to_ms))
        whole[camera] = (min(old[0], from_ms), max(old[1], to_ms))
    return [(camera, *window) for camera, window in whole.items()]


def _without_secrets(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row for people who are no administrators: no paths, no settings pages."""
    row = {**row, "path": None} if "path" in row else row
    for name in ("problem", "storage_problem"):
        if row.get(name) and isinstance(row[name], dict):
            remedy = {**row[name]["remedy"], "url": None}
            row = {**row, name: {**row[name], "remedy": remedy, "detail": ""}}
    return row


FEED: HassKey[Feed] = HassKey(f"{DOMAIN}_feed")


@command(
    "subscribe",
    {
        vol.Optional("topics", default=[*TOPICS]): list_of(
            vol.In([*TOPICS]), len(TOPICS)
        )
    },
)
async def subscribe(caller: Caller, msg: dict[str, Any]) -> None:
    """Tell the state of the house from now on."""
    feed = caller.hass.data[FEED]
    listener = FeedListener(caller, msg["id"], frozenset(msg["topics"]))
    caller.connection.subscriptions[msg["id"]] = feed.add(listener)

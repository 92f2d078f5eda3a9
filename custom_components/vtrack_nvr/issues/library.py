"""What a person has to do something about, as repair issues; gone when it is mended."""

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from ..const import DOMAIN
from ..core.errors import NEWER_INDEX, STORAGE_KINDS, ErrorKind, NvrError
from ..core.library.upkeep_values import RoomTrouble
from ..core.library.values import (
    IndexEventKind,
    LibraryEvent,
    LibraryEventKind,
    RootInfo,
)
from ..placeholders import placeholders
from ..runtime import HUB, VtrackHub

BRAKE_ISSUE = "retention_brake"
CLOCK_BRAKE = "retention_brake_clock"
"""What the issue says if it is the clock that is doubted, not a limit."""
PROTECTED_ISSUE = "only_protected_left"
REBUILT_ISSUE = "index_rebuilt"
DAMAGED_ISSUE = "index_damaged"
NEWER_ISSUE = "index_newer"
UNREADABLE_ISSUE = "index_unreadable"
ROOM_ISSUES = {
    RoomTrouble.NOT_FREED: "room_not_freed",
    RoomTrouble.REFUSED: "room_refused",
    RoomTrouble.NOT_MOVED: "room_not_moved",
}
"""Why a storage gets no room; the other reasons have issues of their own."""
WATCHED = frozenset(
    {LibraryEventKind.STORAGE, LibraryEventKind.RETENTION, LibraryEventKind.INDEX}
)


class IssueKeeper:
    """Raises and withdraws issues as the library changes."""

    def __init__(self, hass: HomeAssistant, hub: VtrackHub) -> None:
        """Listen to the library until Home Assistant stops."""
        self._hass = hass
        self._hub = hub
        self._roots: set[int] = set()

    @callback
    def async_start(self) -> None:
        """Begin; the library tells on its own threads."""
        self._hub.library.subscribe(self._told)
        self._hass.async_create_task(self._async_look_at_all(), f"{DOMAIN} issues")

    def _told(self, event: LibraryEvent) -> None:
        if event.kind in WATCHED:
            self._hass.loop.call_soon_threadsafe(self._look)

    @callback
    def _look(self) -> None:
        self._hass.async_create_task(self._async_look_at_all(), f"{DOMAIN} issues")

    async def _async_look_at_all(self) -> None:
        health = await self._hub.library.health()
        for root in health.roots:
            self._storage(root)
        for gone in self._roots - {root.id for root in health.roots}:
            for kind in (*STORAGE_KINDS, *ROOM_ISSUES.values()):
                ir.async_delete_issue(self._hass, DOMAIN, f"{kind}_{gone}")
        self._roots = {root.id for root in health.roots}
        error = ir.IssueSeverity.ERROR
        braked = health.braked
        key = CLOCK_BRAKE if braked and braked.is_clock_doubted else BRAKE_ISSUE
        self._set(BRAKE_ISSUE, braked is not None, is_fixable=True, key=key)
        is_full = bool(health.full_of_protected)
        self._set(PROTECTED_ISSUE, is_full, is_fixable=True, severity=error)
        kinds = {event.kind for event in health.index_events}
        self._set(REBUILT_ISSUE, IndexEventKind.REBUILT in kinds)
        self._set(DAMAGED_ISSUE, health.problem is not None)

    @callback
    def _set(
        self,
        issue_id: str,
        is_so: bool,
        *,
        is_fixable: bool = False,
        severity: ir.IssueSeverity = ir.IssueSeverity.WARNING,
        key: str | None = None,
        **about: object,
    ) -> None:
        if not is_so:
            ir.async_delete_issue(self._hass, DOMAIN, issue_id)
            return
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            issue_id,
            is_fixable=is_fixable,
            severity=severity,
            translation_key=key or issue_id,
            translation_placeholders=placeholders(**about),
        )

    @callback
    def _storage(self, root: RootInfo) -> None:
        """Say what is wrong with a root; one that nothing lies on any more is no matter."""
        is_used = root.is_current or root.clips
        problem = root.problem if is_used else None
        for trouble, name in ROOM_ISSUES.items():
            self._set(
                f"{name}_{root.id}",
                bool(is_used) and root.room is trouble,
                key=name,
                path=root.path,
            )
        for kind in STORAGE_KINDS:
            issue_id = f"{kind}_{root.id}"
            if problem is None or problem.kind is not kind:
                ir.async_delete_issue(self._hass, DOMAIN, issue_id)
                continue
            is_missing = kind is ErrorKind.STORAGE_MISSING
            is_in_use = kind is ErrorKind.STORAGE_IN_USE
            path = str(root.path)
            ir.async_create_issue(
                self._hass,
                DOMAIN,
                issue_id,
                # a person may say that it is another disk: nothing else says so
                is_fixable=(is_missing and root.is_current) or is_in_use,
                data={
                    "root_id": root.id,
                    "path": path,
                    "host": problem.detail if is_in_use else "",
                },
                severity=ir.IssueSeverity.ERROR,
                translation_key=(
                    "storage_former_missing"
                    if is_missing and not root.is_current
                    else str(kind)
                ),
                translation_placeholders=placeholders(path=path),
            )


@callback
def async_setup_issues(hass: HomeAssistant) -> None:
    """Watch the library of the installation."""
    IssueKeeper(hass, hass.data[HUB]).async_start()


@callback
def async_tell_of_index(hass: HomeAssistant, error: NvrError | None) -> None:
    """Say why the index cannot be opened; without it nothing works. None: it is open."""
    is_newer = error is not None and error.where == NEWER_INDEX
    for issue_id, is_so in (
        (NEWER_ISSUE, is_newer),
        (UNREADABLE_ISSUE, error is not None and not is_newer),
    ):
        if not is_so:
            ir.async_delete_issue(hass, DOMAIN, issue_id)
            continue
        ir.async_create_issue(
            hass,
            DOMAIN,
            issue_id,
            is_fixable=False,
            severity=ir.IssueSeverity.ERROR,
            translation_key=issue_id,
        )

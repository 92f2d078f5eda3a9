"""What a person has to do something about, as repair issues; gone when it is mended."""

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN
from .core.errors import STORAGE_KINDS, NvrError
from .runtime import HUB, IndexEventKind, LibraryEvent, LibraryEventKind, VtrackHub

BRAKE_ISSUE = "retention_brake"
PROTECTED_ISSUE = "only_protected_left"
REBUILT_ISSUE = "index_rebuilt"
DAMAGED_ISSUE = "index_damaged"
WATCHED = frozenset(
    {LibraryEventKind.STORAGE, LibraryEventKind.RETENTION, LibraryEventKind.INDEX}
)


class IssueKeeper:
    """Raises and withdraws issues as the library changes."""

    def __init__(self, hass: HomeAssistant, hub: VtrackHub) -> None:
        """Listen to the library until Home Assistant stops."""
        self._hass = hass
        self._hub = hub

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
            self._storage(root.id, str(root.path), root.problem)
        error = ir.IssueSeverity.ERROR
        self._set(BRAKE_ISSUE, health.braked is not None, is_fixable=True)
        self._set(PROTECTED_ISSUE, bool(health.full_of_protected), severity=error)
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
            translation_key=issue_id,
        )

    @callback
    def _storage(self, root_id: int, path: str, problem: NvrError | None) -> None:
        for kind in STORAGE_KINDS:
            issue_id = f"{kind}_{root_id}"
            if problem is not None and problem.kind is kind:
                ir.async_create_issue(
                    self._hass,
                    DOMAIN,
                    issue_id,
                    is_fixable=False,
                    severity=ir.IssueSeverity.ERROR,
                    translation_key=str(kind),
                    translation_placeholders={"path": path},
                )
            else:
                ir.async_delete_issue(self._hass, DOMAIN, issue_id)


@callback
def async_setup_issues(hass: HomeAssistant) -> None:
    """Watch the library of the installation."""
    IssueKeeper(hass, hass.data[HUB]).async_start()

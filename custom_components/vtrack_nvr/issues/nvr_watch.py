"""What a person should look at on a device or at a camera, as repair issues."""

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..core.errors import STORAGE_KINDS, ErrorKind
from ..core.sync.status import CameraStatus, NvrStatus, Problem
from ..placeholders import placeholders
from ..runtime import VtrackConfigEntry
from .footage import amount_text, async_reason_text

CLOCK_LIMIT_S = 120
"""Footage is dated right all the same; but the device's own search and schedules are not."""
CLOCK_FINE_S = 60
PATIENCE_MS = 6 * 3_600_000
"""So long something has to fail before a person is asked to look."""
GONE_PATIENCE_MS = 3_600_000
NOT_OFFERED = frozenset({ErrorKind.GONE, ErrorKind.UNSUPPORTED})
"""The device answers, and does not know the recordings it offered before."""


def is_clock_off(offset_ms: int | None, was_off: bool) -> bool:
    """Return whether a device's clock is off by too much; a border is not crossed twice."""
    limit_s = CLOCK_FINE_S if was_off else CLOCK_LIMIT_S
    return offset_ms is not None and abs(offset_ms) > limit_s * 1000


def lasting(problem: Problem | None, now_ms: int, patience_ms: int) -> bool:
    """Return whether a problem has been there for long."""
    return problem is not None and now_ms - problem.since_ms >= patience_ms


def is_not_offered(status: CameraStatus, now_ms: int) -> bool:
    """Return whether a device has stopped offering a camera's recordings."""
    problem = status.problem
    return (
        problem is not None
        and problem.kind in NOT_OFFERED
        and lasting(problem, now_ms, GONE_PATIENCE_MS)
    )


def keeps_failing(nvr: NvrStatus, status: CameraStatus, now_ms: int) -> Problem | None:
    """Return what has failed for hours and nobody else tells of, None if nothing.

    Storages, logins and missing footage have issues of their own.
    """
    if status.missing is not None or not status.is_enabled:
        return None
    for problem in (status.problem, nvr.problem):
        if problem is None or problem.kind in STORAGE_KINDS:
            continue
        if problem.kind in NOT_OFFERED or problem.kind is ErrorKind.AUTH_REFUSED:
            continue
        if lasting(problem, now_ms, PATIENCE_MS):
            return problem
    return None


class NvrWatch:
    """Raises and withdraws the issues of one NVR."""

    def __init__(self, hass: HomeAssistant, entry: VtrackConfigEntry) -> None:
        """Know of none."""
        self._hass = hass
        self._entry = entry
        self._is_clock_off = False
        self._told: set[str] = set()

    @callback
    def async_look(self) -> None:
        """Bring the issues up to the last status."""
        runtime = self._entry.runtime_data
        nvr = runtime.coordinator.data
        now_ms = round(dt_util.utcnow().timestamp() * 1000)
        found: dict[str, tuple[str, dict[str, str]]] = {}
        self._is_clock_off = is_clock_off(nvr.clock_offset_ms, self._is_clock_off)
        if self._is_clock_off and nvr.clock_offset_ms is not None:
            seconds = abs(nvr.clock_offset_ms) / 1000
            found[f"clock_off_{self._entry.entry_id}"] = (
                "clock_slow" if nvr.clock_offset_ms > 0 else "clock_fast",
                {"amount": amount_text(seconds)},
            )
        for camera in runtime.cameras.values():
            status = nvr.cameras.get(camera.key)
            if status is None:
                continue
            about = {"camera": camera.name}
            if is_not_offered(status, now_ms):
                issue_id = f"not_offered_{camera.subentry_id}"
                found[issue_id] = ("recordings_not_offered", about)
            elif problem := keeps_failing(nvr, status, now_ms):
                about["kind"] = str(problem.kind)
                about["amount"] = amount_text((now_ms - problem.since_ms) / 1000)
                found[f"keeps_failing_{camera.subentry_id}"] = ("keeps_failing", about)
        for gone in self._told - found.keys():
            ir.async_delete_issue(self._hass, DOMAIN, gone)
        news = found.keys() - self._told
        self._told = set(found)
        for issue_id in news:
            key, about = found[issue_id]
            self._hass.async_create_task(
                self._async_raise(issue_id, key, about), f"{DOMAIN} issue"
            )

    async def _async_raise(
        self, issue_id: str, key: str, about: dict[str, str]
    ) -> None:
        kind = about.pop("kind", None)
        if kind is not None:
            about["reason"] = await async_reason_text(self._hass, kind)
        if issue_id not in self._told:
            return  # over by now
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            issue_id,
            is_fixable=False,
            severity=ir.IssueSeverity.WARNING,
            translation_key=key,
            translation_placeholders=placeholders(name=self._entry.title, **about),
        )

    @callback
    def async_withdraw(self) -> None:
        """Withdraw all: nobody looks any more."""
        for issue_id in self._told:
            ir.async_delete_issue(self._hass, DOMAIN, issue_id)
        self._told = set()


@callback
def async_setup_nvr_watch(hass: HomeAssistant, entry: VtrackConfigEntry) -> None:
    """Follow the status of an NVR while its entry is loaded."""
    watch = NvrWatch(hass, entry)
    watch.async_look()
    entry.async_on_unload(
        entry.runtime_data.coordinator.async_add_listener(watch.async_look)
    )
    entry.async_on_unload(watch.async_withdraw)

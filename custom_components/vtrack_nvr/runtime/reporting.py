"""Reports of devices: made on demand, kept in memory until Home Assistant restarts."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from homeassistant.core import HomeAssistant
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN
from ..core.clock import SystemClock
from ..core.diagnose.questions import Questions
from ..core.diagnose.report import write_report
from ..core.diagnose.soap_tap import SoapTap
from ..core.endpoint import Endpoint, WireTap
from ..core.login_guard import LoginGuard
from ..core.onvif.tls import TlsMode
from .connect import Address, Login, build_device
from .rtsp import rtsp_endpoint

_MOST = 4
"""So many reports are kept; the oldest goes first."""


@dataclass(frozen=True, slots=True)
class MadeReport:
    """The text of a report; `has_answered`: the device said what it is."""

    text: str
    has_answered: bool


REPORTS: HassKey[dict[str, MadeReport]] = HassKey(f"{DOMAIN}_reports")


async def async_make_report(
    hass: HomeAssistant,
    entry_id: str,
    address: Address,
    login: Login,
    on_progress: Callable[[float], None],
) -> MadeReport:
    """Ask a device everything within two minutes, and keep the report for the entry.

    Never raises for what a device or a network does: that is what the report tells.
    """
    clock, guard = SystemClock(), LoginGuard()
    tap = SoapTap(clock)
    device = build_device(hass, address, login, guard, tap)

    def endpoint(url: str, ear: WireTap) -> Endpoint:
        return replace(rtsp_endpoint(url, address, login), tap=ear)

    questions = Questions(
        device,
        tap,
        endpoint,
        clock=clock,
        guard=guard,
        is_tls=address.tls is not TlsMode.OFF,
        on_progress=on_progress,
    )
    try:
        found = await questions.ask()
    finally:
        await device.close()
    secrets = (
        login.username,
        login.password,
        login.rtsp_username,
        login.rtsp_password,
    )
    # Long texts take their time.
    text = await hass.async_add_executor_job(write_report, found, secrets)
    made = MadeReport(text, found.report is not None)
    kept = hass.data.setdefault(REPORTS, {})
    kept.pop(entry_id, None)
    kept[entry_id] = made
    while len(kept) > _MOST:
        del kept[next(iter(kept))]
    return made

"""Try an address and a login; an error of the core becomes the key of a sentence."""

from dataclasses import dataclass

from homeassistant.core import HomeAssistant

from .core.device_report import DeviceReport
from .core.errors import ErrorKind, NvrError
from .exceptions import translation_key
from .runtime.connect import Address, Login, async_inspect


@dataclass(frozen=True, slots=True)
class Attempt:
    """Either a report, or why there is none (a key of `config.error`)."""

    report: DeviceReport | None = None
    error: str = ""
    kind: ErrorKind | None = None

    @property
    def errors(self) -> dict[str, str]:
        """Return what a form shows."""
        return {"base": self.error} if self.error else {}


async def async_try(hass: HomeAssistant, address: Address, login: Login) -> Attempt:
    """Connect once; never raises for what a device or a network can do."""
    try:
        report = await async_inspect(hass, address, login)
    except NvrError as error:
        return Attempt(error=translation_key(error.kind), kind=error.kind)
    if not report.channels:
        return Attempt(error="no_cameras")
    return Attempt(report=report)

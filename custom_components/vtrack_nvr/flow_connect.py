"""Try an address and a login; an error of the core becomes the key of a sentence."""

from dataclasses import dataclass

from homeassistant.core import HomeAssistant

from .core.device_report import DeviceReport
from .core.errors import ErrorKind, NvrError
from .exceptions import translation_key
from .runtime.connect import Address, Login, async_inspect
from .runtime.rtsp import RtspError, async_prove


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

    @property
    def is_about_rtsp(self) -> bool:
        """Say whether the answer lies in the RTSP part of a form."""
        return self.error.startswith(RTSP_PREFIX)


RTSP_PREFIX = "rtsp_"


async def async_try(
    hass: HomeAssistant, address: Address, login: Login, *, with_rtsp: bool = True
) -> Attempt:
    """Connect once; never raises for what a device or a network can do.

    Without RTSP where only the identity counts.
    """
    try:
        inspect = async_prove if with_rtsp else async_inspect
        report = await inspect(hass, address, login)
    except RtspError as error:
        return Attempt(error=f"{RTSP_PREFIX}{_rtsp_key(error.kind)}")
    except NvrError as error:
        return Attempt(error=translation_key(error.kind), kind=error.kind)
    if not report.channels:
        return Attempt(error="no_cameras")
    return Attempt(report=report)


def _rtsp_key(kind: ErrorKind) -> str:
    if kind is ErrorKind.TIMEOUT:
        return translation_key(ErrorKind.UNREACHABLE)
    return translation_key(kind)

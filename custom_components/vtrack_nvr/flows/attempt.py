"""Try an address and a login; an error of the core becomes the key of a sentence."""

from dataclasses import dataclass, replace

from homeassistant.core import HomeAssistant

from ..core.device_report import DeviceReport
from ..core.errors import ErrorKind, NvrError
from ..core.onvif.http_login import TokenRefusedError
from ..runtime.connect import Address, Login, Way, async_inspect
from ..runtime.rtsp import RtspError, async_prove

RTSP_PREFIX = "rtsp_"
TOKEN_REFUSED = "token_refused"  # noqa: S105 - the key of a sentence
STEP_BACK = "step_back"


@dataclass(frozen=True, slots=True)
class Attempt:
    """Either a report, or why there is none (a key of `config.error`).

    `login` is the one that worked, sent as it is no more widely than the device needs.
    `wants_choice`: only a person can decide whether the password may be read on its way.
    """

    report: DeviceReport | None = None
    error: str = ""
    kind: ErrorKind | None = None
    login: Login | None = None
    wants_choice: bool = False

    @property
    def errors(self) -> dict[str, str]:
        """Return what a form shows."""
        return {"base": self.error} if self.error else {}

    @property
    def is_about_rtsp(self) -> bool:
        """Return whether the answer lies in the RTSP part of a form."""
        return self.error.startswith(RTSP_PREFIX) and not self.wants_choice


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
        return _judged(
            Attempt(error=f"{RTSP_PREFIX}{_rtsp_key(error.kind)}"),
            error,
            is_step_back=Way.RTSP in login.digest,
        )
    except NvrError as error:
        return _judged(
            Attempt(error=str(error.kind), kind=error.kind),
            error,
            is_step_back=Way.ONVIF in login.digest,
        )
    if not report.channels:
        return Attempt(error="no_cameras")
    return Attempt(report=report, login=login.as_needed(report))


def _judged(attempt: Attempt, error: NvrError, *, is_step_back: bool) -> Attempt:
    """Return what a person has to decide or to know about a password in cleartext.

    A device that took a digest before and takes it no longer is no matter of choice:
    that is what somebody between us and it would say.
    """
    if error.kind is ErrorKind.CLEARTEXT_LOGIN:
        if is_step_back:
            return replace(attempt, error=STEP_BACK)
        return replace(attempt, wants_choice=True)
    if isinstance(error, TokenRefusedError) and not is_step_back:
        return replace(attempt, error=TOKEN_REFUSED, wants_choice=True)
    return attempt


def _rtsp_key(kind: ErrorKind) -> str:
    return str(ErrorKind.UNREACHABLE if kind is ErrorKind.TIMEOUT else kind)

"""What a command answers when it cannot do what it was asked: a code and a sentence."""

from homeassistant.exceptions import HomeAssistantError

from ..const import DOMAIN
from ..core.errors import ErrorKind, LimitError, NvrError
from ..exceptions import as_home_assistant_error

NOT_FOUND = "not_found"
UNAUTHORIZED = "unauthorized"
BAD_RANGE = "bad_range"
TOO_MANY = "too_many"
PLAN_EXPIRED = "plan_expired"
TOO_LATE = "too_late"
BUSY = "busy"
FAILED = "failed"

MOST_PLANNED = 200_000
"""Clips of one plan, as the library bounds them."""


class CommandError(HomeAssistantError):
    """An answer that is an error; its text is the translation of its key."""

    def __init__(self, code: str, key: str, **placeholders: object) -> None:
        """Name the code of the API, the key in `exceptions`, and what is filled in."""
        super().__init__(
            translation_domain=DOMAIN,
            translation_key=key,
            translation_placeholders={
                name: str(value) for name, value in placeholders.items()
            },
        )
        self.code = code


def not_allowed() -> CommandError:
    """Return the answer to who may see something and not do this to it."""
    return CommandError(UNAUTHORIZED, "not_allowed")


def camera_not_found(camera: str) -> CommandError:
    """Return the answer to who names a camera that is not there, or not for them."""
    return CommandError(NOT_FOUND, "camera_not_found", camera=camera)


def as_command_error(error: NvrError, name: str) -> tuple[str, HomeAssistantError]:
    """Return the code of a failure of the core, and its sentence; `name` is what failed."""
    if error.kind is ErrorKind.LIMIT and not isinstance(error, LimitError):
        return TOO_MANY, CommandError(TOO_MANY, "too_many", most=MOST_PLANNED)
    return FAILED, as_home_assistant_error(error, name)

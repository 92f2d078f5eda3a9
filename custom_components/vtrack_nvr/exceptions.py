"""The one table from errors of the core to what Home Assistant and its users see.

The value of a kind is its key in `exceptions`, `config.error`, and `issues`.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from homeassistant.exceptions import (
    ConfigEntryAuthFailed,
    ConfigEntryError,
    ConfigEntryNotReady,
    HomeAssistantError,
    ServiceValidationError,
)

from .const import DOMAIN
from .core.errors import ErrorKind, LimitError, NvrError, Treatment

USER_ERRORS = frozenset(
    {
        ErrorKind.NO_FOOTAGE,
        ErrorKind.UNDATED,
        ErrorKind.UNSUPPORTED,
        ErrorKind.UDP_ONLY,
        ErrorKind.LIMIT,
    }
)
"""Kinds that follow from what the user asked for, not from a failure."""

LOGIN_ERRORS = frozenset({ErrorKind.AUTH_REFUSED, ErrorKind.CLEARTEXT_LOGIN})
"""Kinds that a person mends where the login is entered."""


def as_home_assistant_error(error: NvrError, name: str) -> HomeAssistantError:
    """Return the exception an action or an entity raises; `name` is what failed."""
    raised = ServiceValidationError if error.kind in USER_ERRORS else HomeAssistantError
    key, placeholders = str(error.kind), {"name": name}
    if isinstance(error, LimitError):
        key = f"limit_{error.limit}"
        placeholders |= error.numbers
    return raised(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders=placeholders,
    )


@contextmanager
def translated_errors(name: str) -> Iterator[None]:
    """Let errors of the core leave as exceptions of Home Assistant."""
    try:
        yield
    except NvrError as error:
        raise as_home_assistant_error(error, name) from error


@contextmanager
def setup_errors(name: str) -> Iterator[None]:
    """Let them leave so that set-up is retried, asks for a login, or gives up."""
    try:
        yield
    except NvrError as error:
        raised: type[HomeAssistantError]
        if error.kind in LOGIN_ERRORS:
            raised = ConfigEntryAuthFailed
        elif error.treatment is Treatment.LATER:
            raised = ConfigEntryNotReady
        else:
            raised = ConfigEntryError
        raise raised(
            translation_domain=DOMAIN,
            translation_key=str(error.kind),
            translation_placeholders={"name": name},
        ) from error

"""What Home Assistant and its users see of errors of the core."""

from http import HTTPStatus

from homeassistant.exceptions import (
    ConfigEntryAuthFailed,
    ConfigEntryError,
    ConfigEntryNotReady,
    HomeAssistantError,
    ServiceValidationError,
)
import pytest

from custom_components.vtrack_nvr.core.errors import (
    STORAGE_KINDS,
    ErrorKind,
    NvrError,
)
from custom_components.vtrack_nvr.exceptions import setup_errors, translated_errors
from custom_components.vtrack_nvr.file_response import status_of


@pytest.mark.parametrize("kind", list(ErrorKind))
def test_every_kind_of_error_has_its_sentence(kind: ErrorKind) -> None:
    with (
        pytest.raises(HomeAssistantError) as raised,
        translated_errors("Porch"),
    ):
        raise NvrError(kind, "detail")
    assert raised.value.translation_key == str(kind)
    is_users_fault = kind in {
        ErrorKind.NO_FOOTAGE,
        ErrorKind.UNDATED,
        ErrorKind.UNSUPPORTED,
        ErrorKind.UDP_ONLY,
    }
    assert isinstance(raised.value, ServiceValidationError) is is_users_fault


@pytest.mark.parametrize(
    ("kind", "raised"),
    [
        (ErrorKind.AUTH_REFUSED, ConfigEntryAuthFailed),
        (ErrorKind.UNREACHABLE, ConfigEntryNotReady),
        (ErrorKind.TLS, ConfigEntryError),
    ],
)
def test_set_up_asks_retries_or_gives_up(
    kind: ErrorKind, raised: type[Exception]
) -> None:
    with pytest.raises(raised), setup_errors("Porch"):
        raise NvrError(kind)


def test_views_say_whether_footage_is_away_or_gone() -> None:
    for kind in STORAGE_KINDS:
        assert status_of(NvrError(kind)) is HTTPStatus.SERVICE_UNAVAILABLE
    assert status_of(NvrError(ErrorKind.GONE)) is HTTPStatus.NOT_FOUND

"""What Home Assistant and its users see of errors of the core."""

from http import HTTPStatus
from string import Formatter

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import (
    ConfigEntryAuthFailed,
    ConfigEntryError,
    ConfigEntryNotReady,
    HomeAssistantError,
    ServiceValidationError,
)
from homeassistant.helpers.translation import async_get_translations
from homeassistant.setup import async_setup_component
import pytest

from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.errors import (
    STORAGE_KINDS,
    ErrorKind,
    Limit,
    LimitError,
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
    users = {
        ErrorKind.NO_FOOTAGE,
        ErrorKind.UNDATED,
        ErrorKind.UNSUPPORTED,
        ErrorKind.UDP_ONLY,
        ErrorKind.LIMIT,
    }
    assert isinstance(raised.value, ServiceValidationError) is (kind in users)


@pytest.mark.parametrize("limit", list(Limit))
async def test_every_limit_has_its_sentence_with_its_numbers(
    hass: HomeAssistant, limit: Limit
) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    translations = await async_get_translations(hass, "en", "exceptions", [DOMAIN])
    sentence = translations[f"component.{DOMAIN}.exceptions.limit_{limit}.message"]
    numbers = {
        found[1]: found[1].upper()
        for found in Formatter().parse(sentence)
        if found[1] and found[1] != "name"
    }
    assert numbers, "a limit tells what it is"
    with pytest.raises(HomeAssistantError) as raised, translated_errors("Porch"):
        raise LimitError(limit, numbers)
    for value in (*numbers.values(), "Porch" if "{name}" in sentence else ""):
        assert value in str(raised.value)


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

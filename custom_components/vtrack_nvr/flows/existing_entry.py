"""An NVR that is set up already: a new password, another address."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigEntryState, ConfigFlowResult
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import DOMAIN as HOMEASSISTANT_DOMAIN

from ..const import (
    CONF_CLEARTEXT,
    CONF_ENDPOINT_ID,
    CONF_FINGERPRINT,
    CONF_IDENTITY,
    CONF_RTSP_PASSWORD,
    CONF_RTSP_PORT,
    CONF_RTSP_USERNAME,
    CONF_TLS,
)
from ..core.device_report import DeviceReport
from ..core.errors import ErrorKind, NvrError
from ..core.onvif.identity import (
    Likeness,
    Mark,
    Marks,
    compare_marks,
    differences,
    with_marks_of,
)
from ..core.onvif.tls import TlsMode
from ..phrases import Phrases
from ..placeholders import Markdown, placeholders
from ..runtime.connect import Address, Login, marks_of_entry
from .attempt import Attempt, async_try
from .certificate import CertificateSteps, is_about_trust
from .forms import SECTION_ADVANCED, reauth_form, reconfigure_form
from .known_device import async_store, entries, is_at

type Form = Callable[[Attempt], Awaitable[ConfigFlowResult]]
type Finish = Callable[[dict[str, Any], DeviceReport], Awaitable[ConfigFlowResult]]


class AgainSteps(CertificateSteps):
    """Re-authenticate and reconfigure; nothing is stored before it worked."""

    _given: dict[str, Any]
    _wanted: dict[str, Any]
    """What to store once a person has said that the device is the same."""
    _differences: Mapping[Mark, tuple[str, str]]

    async def async_step_reauth(
        self, entry_data: Mapping[str, Any]
    ) -> ConfigFlowResult:
        """Ask for the login again because the device refused it."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Try the new login on the same device."""
        entry = self._get_reauth_entry()
        if user_input is None:
            return await self._async_reauth_form(Attempt())
        self._given = user_input
        login = {
            CONF_RTSP_USERNAME: "",
            CONF_RTSP_PASSWORD: "",
            CONF_RTSP_PORT: entry.data.get(CONF_RTSP_PORT),
            **_flat(user_input),
        }
        return await self._async_again(
            entry,
            {**entry.data, **login},
            self._async_reauth_form,
            self._signed_in_again,
        )

    async def _async_reauth_form(self, attempt: Attempt) -> ConfigFlowResult:
        entry = self._get_reauth_entry()
        shown = {CONF_USERNAME: entry.data.get(CONF_USERNAME, "")}
        advanced = {
            key: entry.data[key]
            for key in (CONF_RTSP_PORT, CONF_RTSP_USERNAME)
            if entry.data.get(key)
        }
        given = self._given if attempt.error else {}
        return self.async_show_form(
            step_id="reauth_confirm",
            data_schema=self.add_suggested_values_to_schema(
                reauth_form(
                    rtsp_open=attempt.is_about_rtsp or bool(advanced),
                    cleartext=self._cleartext(entry, attempt),
                ),
                {**shown, SECTION_ADVANCED: advanced, **given},
            ),
            errors=attempt.errors,
            description_placeholders=placeholders(name=entry.title),
        )

    async def _signed_in_again(
        self, data: dict[str, Any], report: DeviceReport
    ) -> ConfigFlowResult:
        """Store a login that worked, and begin again also where it is the old one.

        A device that refuses for a while locks our guard; the same login frees it.
        """
        entry = self._get_reauth_entry()
        if _likeness(entry, report) is Likeness.OTHER:
            return self.async_abort(reason="other_device")
        is_changed = self.hass.config_entries.async_update_entry(entry, data=data)
        if not is_changed or entry.state is not ConfigEntryState.LOADED:
            self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return self.async_abort(
            reason="reauth_successful", translation_domain=HOMEASSISTANT_DOMAIN
        )

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change address or login of the same device."""
        entry = self._get_reconfigure_entry()
        if user_input is None:
            return await self._async_reconfigure_form(Attempt())
        self._given = user_input
        data = {
            **entry.data,
            CONF_RTSP_PORT: None,
            CONF_RTSP_USERNAME: "",
            **_flat(user_input),
        }
        if not user_input.get(CONF_PASSWORD):
            data[CONF_PASSWORD] = entry.data.get(CONF_PASSWORD, "")
        if data[CONF_TLS] != TlsMode.FINGERPRINT:
            data[CONF_FINGERPRINT] = ""
        return await self._async_again(
            entry, data, self._async_reconfigure_form, self._reconfigured
        )

    async def _async_reconfigure_form(self, attempt: Attempt) -> ConfigFlowResult:
        entry = self._get_reconfigure_entry()
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(
                reconfigure_form(
                    rtsp_open=attempt.is_about_rtsp,
                    cleartext=self._cleartext(entry, attempt),
                ),
                self._given if attempt.error else self._shown_values(entry),
            ),
            errors=attempt.errors,
            description_placeholders=placeholders(name=entry.title),
        )

    async def _reconfigured(
        self, data: dict[str, Any], report: DeviceReport
    ) -> ConfigFlowResult:
        """Store what reaches the same device; a person says so if its marks do not."""
        entry = self._get_reconfigure_entry()
        likeness = _likeness(entry, report)
        self._wanted = data
        if likeness is Likeness.SAME:
            return self._store_wanted()
        known = marks_of_entry(entry.data)
        identity = report.identity
        if likeness is Likeness.OTHER:
            # An endpoint id is told by searches only: it may be that of another device.
            self._wanted = {**data, CONF_ENDPOINT_ID: ""}
        else:
            identity = with_marks_of(known.identity, identity)
        self._wanted = {**self._wanted, CONF_IDENTITY: asdict(identity)}
        self._differences = differences(known, Marks(report.identity))
        return await self.async_step_same_device()

    async def async_step_same_device(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether a device whose marks are not the known ones is the same."""
        if user_input is not None:
            return self._store_wanted()
        phrases = await Phrases.async_load(self.hass)
        lines = [
            phrases.markdown(f"differs_{mark}", known=known, seen=seen)
            for mark, (known, seen) in self._differences.items()
        ] or [phrases.markdown("differs_unknown")]
        return self.async_show_form(
            step_id="same_device",
            description_placeholders=placeholders(
                name=self._get_reconfigure_entry().title,
                address=Address.of_entry(self._wanted).shown,
                differences=Markdown("\n".join(f"- {line}" for line in lines)),
            ),
        )

    def _store_wanted(self) -> ConfigFlowResult:
        async_store(self.hass, self._get_reconfigure_entry(), self._wanted)
        return self.async_abort(
            reason="reconfigure_successful", translation_domain=HOMEASSISTANT_DOMAIN
        )

    async def _async_again(
        self,
        entry: ConfigEntry[Any],
        data: dict[str, Any],
        form: Form,
        finish: Finish,
    ) -> ConfigFlowResult:
        """Try what was given, and go on with what it reaches.

        A certificate that is not the known one is shown before any login is sent.
        """
        address = Address.of_entry(data)
        if any(
            is_at(other, address)
            for other in entries(self.hass)
            if other.entry_id != entry.entry_id
        ):
            return self.async_abort(reason="already_configured")

        async def trusted(address: Address) -> ConfigFlowResult:
            changed = {**data, **address.as_data()}
            return await self._async_again(entry, changed, form, finish)

        attempt = Attempt(kind=ErrorKind.TLS)
        if address.tls is not TlsMode.FINGERPRINT or address.fingerprint:
            attempt = await async_try(self.hass, address, Login.of_entry(data))
        if is_about_trust(attempt, address):
            try:
                return await self._async_ask_trust(address, trusted)
            except NvrError as error:
                attempt = Attempt(error=str(error.kind))
        if attempt.report is None or attempt.login is None:
            return await form(attempt)
        return await finish({**data, **attempt.login.as_data()}, attempt.report)

    def _cleartext(self, entry: ConfigEntry[Any], attempt: Attempt) -> bool | None:
        """Return what the choice begins with; None where there is nothing to choose."""
        given = getattr(self, "_given", {}).get(CONF_CLEARTEXT)
        if given is not None and attempt.error:
            return bool(given)
        if Login.of_entry(entry.data).cleartext:
            return True
        return False if attempt.wants_choice else None

    @staticmethod
    def _shown_values(entry: ConfigEntry[Any]) -> dict[str, Any]:
        hidden = {CONF_PASSWORD, CONF_RTSP_PASSWORD, CONF_CLEARTEXT}
        values = {
            key: value
            for key, value in entry.data.items()
            if key not in hidden and value is not None
        }
        return {**values, SECTION_ADVANCED: values}


def _likeness(entry: ConfigEntry[Any], report: DeviceReport) -> Likeness:
    """Compare what a device told; the endpoint id of its report is the entry's own."""
    return compare_marks(marks_of_entry(entry.data), Marks(report.identity))


def _flat(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a form gave as entry data; without its field the choice stays."""
    given = {**user_input, **user_input.get(SECTION_ADVANCED, {})}
    given.pop(SECTION_ADVANCED, None)
    if CONF_CLEARTEXT in given:
        chosen = Login("", "").with_cleartext(given[CONF_CLEARTEXT])
        given[CONF_CLEARTEXT] = chosen.as_data()[CONF_CLEARTEXT]
    return given

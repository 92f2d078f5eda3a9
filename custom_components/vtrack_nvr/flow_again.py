"""An NVR that is set up already: a new password, another address."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigFlow, ConfigFlowResult
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import DOMAIN as HOMEASSISTANT_DOMAIN

from .const import (
    CONF_FINGERPRINT,
    CONF_RTSP_PASSWORD,
    CONF_RTSP_PORT,
    CONF_RTSP_USERNAME,
    CONF_TLS,
)
from .core.errors import NvrError
from .flow_connect import Attempt, async_try
from .flow_forms import SECTION_ADVANCED, reauth_form, reconfigure_form
from .runtime.connect import Address, Login, TlsMode, async_fingerprint


class AgainSteps(ConfigFlow):
    """Re-authenticate and reconfigure; nothing is stored before it worked."""

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
        attempt = Attempt()
        if user_input is not None:
            login = {
                CONF_RTSP_USERNAME: "",
                CONF_RTSP_PASSWORD: "",
                CONF_RTSP_PORT: entry.data.get(CONF_RTSP_PORT),
                **user_input.pop(SECTION_ADVANCED),
                **user_input,
            }
            data = {**entry.data, **login}
            attempt = await async_try(
                self.hass, Address.of_entry(data), Login.of_entry(data)
            )
            if attempt.report is not None:
                await self.async_set_unique_id(attempt.report.key)
                self._abort_if_unique_id_mismatch(reason="other_device")
                return self._async_signed_in_again(entry, login)
        shown = {CONF_USERNAME: entry.data.get(CONF_USERNAME, "")}
        advanced = {
            key: entry.data[key]
            for key in (CONF_RTSP_PORT, CONF_RTSP_USERNAME)
            if entry.data.get(key)
        }
        return self.async_show_form(
            step_id="reauth_confirm",
            data_schema=self.add_suggested_values_to_schema(
                reauth_form(rtsp_open=attempt.is_about_rtsp or bool(advanced)),
                {**shown, SECTION_ADVANCED: advanced, **(user_input or {})},
            ),
            errors=attempt.errors,
            description_placeholders={"name": entry.title},
        )

    def _async_signed_in_again(
        self, entry: ConfigEntry, login: dict[str, Any]
    ) -> ConfigFlowResult:
        """Store a login that worked, and begin again also where it is the old one.

        A device that refuses for a while locks our guard; the same login frees it.
        """
        if not self.hass.config_entries.async_update_entry(
            entry, data={**entry.data, **login}
        ):
            self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return self.async_abort(
            reason="reauth_successful", translation_domain=HOMEASSISTANT_DOMAIN
        )

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change address or login of the same device."""
        entry = self._get_reconfigure_entry()
        errors: dict[str, str] = {}
        rtsp_open = False
        if user_input is not None:
            advanced = user_input.pop(SECTION_ADVANCED, {})
            data = {
                **entry.data,
                CONF_RTSP_PORT: None,
                CONF_RTSP_USERNAME: "",
                **user_input,
                **advanced,
            }
            if not user_input.get(CONF_PASSWORD):
                data[CONF_PASSWORD] = entry.data.get(CONF_PASSWORD, "")
            errors = await self._async_pin(data)
            if not errors:
                attempt = await async_try(
                    self.hass, Address.of_entry(data), Login.of_entry(data)
                )
                if attempt.report is not None:
                    await self.async_set_unique_id(attempt.report.key)
                    self._abort_if_unique_id_mismatch(reason="other_device")
                    return self.async_update_and_abort(entry, data=data)
                errors = attempt.errors
                rtsp_open = attempt.is_about_rtsp
            user_input[SECTION_ADVANCED] = advanced
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(
                reconfigure_form(rtsp_open=rtsp_open),
                user_input or self._shown_values(entry),
            ),
            errors=errors,
            description_placeholders={"name": entry.title},
        )

    @staticmethod
    def _shown_values(entry: ConfigEntry) -> dict[str, Any]:
        secrets = {CONF_PASSWORD, CONF_RTSP_PASSWORD}
        values = {
            key: value
            for key, value in entry.data.items()
            if key not in secrets and value is not None
        }
        return {**values, SECTION_ADVANCED: values}

    async def _async_pin(self, data: dict[str, Any]) -> dict[str, str]:
        """Fetch the fingerprint where the user chose to trust the certificate shown."""
        if data[CONF_TLS] != TlsMode.FINGERPRINT:
            data[CONF_FINGERPRINT] = ""
            return {}
        try:
            data[CONF_FINGERPRINT] = await async_fingerprint(Address.of_entry(data))
        except NvrError as error:
            return {"base": str(error.kind)}
        return {}

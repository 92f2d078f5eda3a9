"""How one NVR is treated, and a test of its connection on demand."""

from typing import Any

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow

from .flow_connect import async_try
from .flow_forms import nvr_form
from .flow_report import Phrases, report_text
from .runtime.connect import Address, Login


class VtrackOptionsFlow(OptionsFlow):
    """Options of an NVR; the entry's listener applies them without a reload."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose between settings and test."""
        return self.async_show_menu(step_id="init", menu_options=["settings", "test"])

    async def async_step_settings(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change interval, sessions, bandwidth, gate and time correction."""
        if user_input is not None:
            return self.async_create_entry(data=user_input)
        return self.async_show_form(
            step_id="settings",
            data_schema=self.add_suggested_values_to_schema(
                nvr_form(), self.config_entry.options
            ),
        )

    async def async_step_test(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Connect as sync does and show the capability report."""
        if user_input is not None:
            return self.async_create_entry(data=dict(self.config_entry.options))
        data = self.config_entry.data
        attempt = await async_try(
            self.hass, Address.of_entry(data), Login.of_entry(data)
        )
        phrases = await Phrases.async_load(self.hass)
        return self.async_show_form(
            step_id="test",
            errors=attempt.errors,
            description_placeholders={
                "report": report_text(attempt.report, phrases) if attempt.report else ""
            },
            last_step=True,
        )

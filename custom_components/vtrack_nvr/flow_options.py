"""How one NVR is treated, and a test of its connection on demand."""

from typing import Any

from homeassistant.config_entries import (
    ConfigEntryState,
    ConfigFlowResult,
    OptionsFlow,
)

from .const import CONF_TIME_CORRECTION
from .core.device_report import DeviceReport
from .core.errors import NvrError
from .flow_connect import async_try
from .flow_report import Phrases, clock_text, report_text
from .flow_settings import NVR_DEFAULTS, flat, nvr_form, suggested
from .flow_time import proposed_correction
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
        shown = {**NVR_DEFAULTS, **self.config_entry.options}
        if user_input is not None:
            given = flat(nvr_form(shown), user_input)
            return self.async_create_entry(
                data={key: value for key, value in given.items() if value is not None}
            )
        report = await self._async_report()
        proposal = proposed_correction(report) if report else 0
        if proposal and not shown[CONF_TIME_CORRECTION]:
            shown[CONF_TIME_CORRECTION] = proposal
        phrases = await Phrases.async_load(self.hass)
        form = nvr_form(shown)
        return self.async_show_form(
            step_id="settings",
            data_schema=self.add_suggested_values_to_schema(
                form, suggested(form, shown)
            ),
            description_placeholders={"clock": known_clock(report, proposal, phrases)},
        )

    async def _async_report(self) -> DeviceReport | None:
        """Ask the device; the settings can be changed without it."""
        if self.config_entry.state is not ConfigEntryState.LOADED:
            return None
        try:
            report: DeviceReport = await self.config_entry.runtime_data.device.report()
        except NvrError:
            return None
        return report

    async def async_step_test(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Connect as sync does and show the capability report, or why there is none.

        Both can be repeated, and neither changes anything.
        """
        data = self.config_entry.data
        attempt = await async_try(
            self.hass, Address.of_entry(data), Login.of_entry(data)
        )
        phrases = await Phrases.async_load(self.hass)
        if attempt.report is None:
            return self.async_show_form(
                step_id="test",
                errors=attempt.errors,
                description_placeholders={"report": phrases.get("test_failed")},
            )
        return self.async_show_menu(
            step_id="test",
            menu_options=["test", "settings"],
            description_placeholders={"report": report_text(attempt.report, phrases)},
        )


def known_clock(report: DeviceReport | None, proposal: int, phrases: Phrases) -> str:
    """Return what is known of the device's clock, for the person who corrects it."""
    if report is None:
        return phrases.get("clock_unknown")
    if proposal:
        return phrases.get("clock_proposal", minutes=proposal)
    return clock_text(report, phrases)

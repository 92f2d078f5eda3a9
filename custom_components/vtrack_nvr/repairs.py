"""Repair flows: let retention go on after it stopped to ask."""

from typing import Any

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.core import HomeAssistant
import voluptuous as vol

from .runtime import HUB

GIGABYTE = 1_000_000_000


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, Any] | None
) -> RepairsFlow:
    """Return the flow of the only issue that can be mended here."""
    return BrakeFlow()


class BrakeFlow(RepairsFlow):
    """Shows what retention would delete and lets a person decide."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Begin with the question."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Delete exactly what was shown, on confirmation."""
        care = self.hass.data[HUB].library.care
        plan = care.braked
        if plan is None:
            return self.async_abort(reason="nothing_to_do")
        if user_input is not None:
            await care.run_retention(plan.token)
            return self.async_create_entry(data={})
        return self.async_show_form(
            step_id="confirm",
            data_schema=vol.Schema({}),
            description_placeholders={
                "clips": str(plan.clips),
                "gigabytes": f"{plan.bytes / GIGABYTE:.1f}",
                "cameras": str(len(plan.braked)),
            },
        )

"""A device that was met is new, is one that is set up, or only looks like it."""

from abc import abstractmethod
from typing import Any, override

from homeassistant.config_entries import ConfigEntry, ConfigFlowResult
from homeassistant.helpers.service_info.dhcp import DhcpServiceInfo

from ..core.device_report import DeviceReport
from ..core.onvif.identity import Likeness, agree_twice
from ..placeholders import placeholders
from ..runtime.connect import Address, Login, marks_of_entry
from .existing_entry import AgainSteps
from .known_device import (
    Followed,
    Place,
    async_follow,
    async_named,
    async_place,
    entries,
    is_at,
    known_as,
    marks_of,
)


class MovedSteps(AgainSteps):
    """Follow a device to its new address, once it is proved that it is the same."""

    def __init__(self) -> None:
        """Have met nobody."""
        self._address: Address | None = None
        self._login = Login("", "")
        self._report: DeviceReport | None = None
        self._known: ConfigEntry[Any] | None = None

    @abstractmethod
    async def async_step_login(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for user and password."""

    @abstractmethod
    async def async_step_cameras(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask what to keep of a new device."""

    async def _async_signed_in(self, report: DeviceReport) -> ConfigFlowResult:
        """Go on with a device that is new; what is known is followed, or asked about."""
        assert self._address is not None
        self._report = report
        known = known_as(self.hass, report, self._address)
        if known is None:
            return await self._async_new(report)
        if is_at(known.entry, self._address):
            return self.async_abort(reason="already_configured")
        self._known = known.entry
        place = await async_place(self.hass, known.entry)
        if place is Place.DEVICE:
            return await self.async_step_look_alike()
        if known.likeness is Likeness.UNCERTAIN:
            return await self._async_new(report)
        if place is Place.SOMEBODY:
            return self._abort_known("same_marks")
        # The same person gave the same login there, and hardly two devices are so alike.
        if self._login.is_same_user(Login.of_entry(known.entry.data)) and agree_twice(
            marks_of_entry(known.entry.data), marks_of(report)
        ):
            return await self.async_step_follow()
        return await self.async_step_moved()

    async def _async_new(self, report: DeviceReport) -> ConfigFlowResult:
        self._report = await async_named(self.hass, report)
        await self.async_set_unique_id(self._report.key, raise_on_progress=False)
        self._abort_if_unique_id_configured()
        return await self.async_step_cameras()

    def _abort_known(self, reason: str) -> ConfigFlowResult:
        assert self._known is not None
        return self.async_abort(
            reason=reason,
            description_placeholders=placeholders(name=self._known.title),
        )

    # Devices that are known, or look like it

    async def async_step_look_alike(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask about a device whose marks are those of one that answers elsewhere."""
        assert self._known is not None
        if user_input is not None:
            return await self.async_step_other()
        return self.async_show_form(
            step_id="look_alike",
            description_placeholders=placeholders(**self._about(self._known)),
            last_step=False,
        )

    async def async_step_moved(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether a device that is silent has got another address."""
        assert self._known is not None
        return self.async_show_menu(
            step_id="moved",
            menu_options=["follow", "other"],
            description_placeholders=placeholders(**self._about(self._known)),
        )

    def _about(self, known: ConfigEntry[Any]) -> dict[str, str]:
        assert self._address is not None
        return {
            "name": known.title,
            "old": Address.of_entry(known.data).shown,
            "new": self._address.shown,
        }

    async def async_step_follow(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Look for the device at its new address, with the stored login."""
        assert self._known is not None
        assert self._address is not None
        followed = await async_follow(
            self.hass,
            self._known,
            self._address.host,
            self._address.port,
            is_agreed=True,
        )
        if followed is Followed.UNPROVEN:
            return self._abort_known("same_marks")
        return self.async_abort(reason="already_configured")

    async def async_step_other(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Go on with a device of its own, as a person says that it is."""
        if self._report is None:
            return await self.async_step_login()
        return await self._async_new(self._report)

    async def _async_ask_moved(self, entry: ConfigEntry[Any]) -> ConfigFlowResult:
        self._known = entry
        return await self.async_step_moved()

    @override
    async def async_step_dhcp(
        self, discovery_info: DhcpServiceInfo
    ) -> ConfigFlowResult:
        """Follow a known device to its new address, or ask whether it is there."""
        mac = discovery_info.macaddress.replace(":", "").lower()
        for entry in entries(self.hass):
            known = {each.replace(":", "") for each in marks_of_entry(entry.data).macs}
            own = Address.of_entry(entry.data)
            if mac not in known or own.host == discovery_info.ip:
                continue
            followed = await async_follow(self.hass, entry, discovery_info.ip, own.port)
            if followed is Followed.ASK:
                # Not the entry's own: an ignored flow would take its place.
                await self.async_set_unique_id(f"{mac}@{discovery_info.ip}")
                self._abort_if_unique_id_configured()
                self._address = own.at(discovery_info.ip, own.port)
                self.context["title_placeholders"] = {"name": entry.title}
                return await self._async_ask_moved(entry)
        return self.async_abort(reason="already_configured")

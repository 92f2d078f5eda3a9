"""From "Add integration" to cameras: find, sign in, choose.

A new password or address, options and single cameras have their own files
(`flows/existing_entry.py`, `flows/options.py`, `flows/camera_flow.py`).
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, override

from homeassistant.config_entries import (
    SOURCE_IMPORT,
    ConfigFlowResult,
    ConfigSubentryFlow,
    OptionsFlow,
)
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import callback
from homeassistant.helpers.selector import SelectOptionDict

from .const import (
    CONF_CLEARTEXT,
    CONF_MODE,
    CONF_RETENTION_DAYS,
    CONF_RTSP_PORT,
    CONF_STORAGE,
    DOMAIN,
    SUBENTRY_CAMERA,
)
from .core.errors import NvrError
from .core.onvif.identity import endpoint_digits
from .core.onvif.probe_match import FoundDevice
from .core.onvif.targets import TargetError, parse_targets
from .discovery import offer
from .flows.attempt import Attempt, async_try
from .flows.camera_flow import CameraSubentryFlow
from .flows.candidates import Candidate, Candidates
from .flows.certificate import is_about_trust
from .flows.entry_data import EntryParts, entry_of
from .flows.forms import (
    CONF_CAMERAS,
    CONF_DEVICE,
    CONF_OTHERS,
    SECTION_ADVANCED,
    SECTION_ROWS,
    SECTION_STORAGE,
    cameras_form,
    login_form,
    pick_form,
)
from .flows.known_device import (
    Place,
    async_named,
    async_place,
    entries,
    is_at,
    known_as,
)
from .flows.moved_device import MovedSteps
from .flows.options import VtrackOptionsFlow
from .flows.report import camera_options, proposed_rows, report_text
from .flows.row_fields import CONF_ROWS, settings_of_rows
from .flows.storage_choice import async_storages
from .phrases import Phrases
from .placeholders import placeholders
from .runtime import VtrackConfigEntry
from .runtime.connect import (
    Address,
    Login,
    async_discover,
    async_probe,
    marks_of_entry,
)

MOST_LISTED = 100

TARGET_ERRORS = {
    "host": "target_host",
    "port": "target_port",
    "empty": "target_empty",
    "too_many": "target_too_many",
}


class VtrackConfigFlow(MovedSteps, domain=DOMAIN):
    """Add an NVR; steps for one that is set up come with the base class."""

    VERSION = 1
    MINOR_VERSION = 3

    def __init__(self) -> None:
        """Start knowing nothing."""
        super().__init__()
        self._found = Candidates()
        self._task: asyncio.Task[None] | None = None
        self._targets: tuple[Any, ...] = ()
        self._pick_error = ""
        self._asked: dict[str, Any] = {}
        self._login_error = Attempt()
        self._with_others = False
        self._options: list[SelectOptionDict] = []

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: VtrackConfigEntry) -> OptionsFlow:
        return VtrackOptionsFlow()

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: VtrackConfigEntry
    ) -> dict[str, type[ConfigSubentryFlow]]:
        return {SUBENTRY_CAMERA: CameraSubentryFlow}

    # Finding

    @override
    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Search the network first; an address can be given afterwards."""
        return await self.async_step_discover()

    async def async_step_discover(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show the search by multicast while it runs."""
        return await self._async_progress(
            "discover", self._async_discover, self.async_step_pick
        )

    async def _async_discover(self) -> None:
        devices = await async_discover(self.hass, self.async_update_progress)
        self._found.add_devices(devices)

    async def async_step_probe(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show the search of given addresses and ports while it runs."""
        return await self._async_progress(
            "probe", self._async_probe, self.async_step_probed
        )

    async def _async_probe(self) -> None:
        results = await async_probe(
            self.hass,
            self._targets,
            lambda progress: self.async_update_progress(
                progress.done / max(1, progress.total)
            ),
        )
        self._found.add_results(results)
        self._pick_error = self._found.explain(results)

    async def _async_progress(
        self,
        step: str,
        work: Callable[[], Coroutine[Any, Any, None]],
        then: Callable[[], Coroutine[Any, Any, ConfigFlowResult]],
    ) -> ConfigFlowResult:
        """Show a search while it runs; what takes no time is never shown."""
        if self._task is None:
            task = self.hass.async_create_task(work(), f"{DOMAIN} {step}")
            if task.done():
                task.result()
                return await then()
            self._task = task
        if not self._task.done():
            return self.async_show_progress(
                step_id=step, progress_action=step, progress_task=self._task
            )
        self._task = None
        return self.async_show_progress_done(
            next_step_id=then.__name__.removeprefix("async_step_")
        )

    @callback
    @override
    def async_remove(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def async_step_probed(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Go on with the only device found, else let the user choose."""
        candidate = self._found.only()
        if candidate is not None and not self._pick_error:
            self._address = candidate.address
            return await self.async_step_login()
        return await self.async_step_pick()

    async def async_step_pick(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Take one of the found devices, or addresses to search."""
        errors = {"base": self._pick_error} if self._pick_error else {}
        self._pick_error = ""
        if user_input is not None:
            asked = {key: user_input.get(key, "") for key in (CONF_HOST, CONF_PORT)}
            key = user_input.get(CONF_DEVICE)
            # An address that was asked in vain still stands there: a choice goes first.
            hosts = "" if key and asked == self._asked else asked[CONF_HOST].strip()
            if hosts:
                try:
                    self._targets = parse_targets(hosts, asked[CONF_PORT])
                except TargetError as error:
                    field = CONF_PORT if error.code == "port" else CONF_HOST
                    errors = {field: TARGET_ERRORS[error.code]}
                else:
                    self._asked = asked
                    return await self.async_step_probe()
            elif key:
                self._address = self._found.candidate(key).address
                return await self.async_step_login()
            else:
                errors = {"base": "nothing_chosen"}
        phrases = await Phrases.async_load(self.hass)
        listed = self._found.candidates(self._configured())[:MOST_LISTED]
        options = [self._option(item, phrases) for item in listed]
        return self.async_show_form(
            step_id="pick",
            data_schema=self.add_suggested_values_to_schema(
                pick_form(options, preselect=not errors),
                user_input or (self._asked if errors else None),
            ),
            errors=errors,
            description_placeholders=placeholders(
                found=self._found.text(len(listed), phrases)
            ),
            last_step=False,
        )

    @staticmethod
    def _option(candidate: Candidate, phrases: Phrases) -> SelectOptionDict:
        return SelectOptionDict(value=candidate.key, label=candidate.label(phrases))

    def _configured(self) -> set[tuple[str, int]]:
        return {
            (entry.data[CONF_HOST], entry.data[CONF_PORT])
            for entry in self._async_current_entries(include_ignore=False)
        }

    # Signing in

    @override
    async def async_step_login(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for user and password and try them."""
        assert self._address is not None
        attempt = self._login_error
        self._login_error = Attempt()
        cleartext: bool | None = None
        others = self._found.others(self._address, self._configured())
        if user_input is not None:
            advanced = user_input.pop(SECTION_ADVANCED, {})
            self._with_others = user_input.pop(CONF_OTHERS, False)
            cleartext = user_input.pop(CONF_CLEARTEXT, None)
            login = Login.of_entry({**user_input, **advanced})
            self._login = login.with_cleartext(bool(cleartext))
            address = self._address.with_rtsp_port(advanced.get(CONF_RTSP_PORT))
            attempt = await self._async_sign_in(address)
            if is_about_trust(attempt, address):
                try:
                    return await self._async_ask_trust(address, self._async_trusted)
                except NvrError as error:
                    self._pick_error = str(error.kind)
                    return await self.async_step_pick()
            if attempt.report is not None:
                return await self._async_signed_in(attempt.report)
            user_input[SECTION_ADVANCED] = advanced
        if cleartext is None and attempt.wants_choice:
            cleartext = False
        return self.async_show_form(
            step_id="login",
            data_schema=self.add_suggested_values_to_schema(
                login_form(
                    len(others), rtsp_open=attempt.is_about_rtsp, cleartext=cleartext
                ),
                user_input,
            ),
            errors=attempt.errors,
            description_placeholders=placeholders(
                device=self._found.name_of(self._address), others=len(others)
            ),
            last_step=False,
        )

    async def _async_sign_in(self, address: Address) -> Attempt:
        self._address = address
        attempt = await async_try(self.hass, address, self._login)
        if attempt.login is not None:
            self._login = attempt.login
        return attempt

    async def _async_trusted(self, address: Address) -> ConfigFlowResult:
        """Go on with a certificate that a person trusts."""
        attempt = await self._async_sign_in(address)
        if attempt.report is not None:
            return await self._async_signed_in(attempt.report)
        self._login_error = attempt
        return await self.async_step_login()

    # Choosing

    @override
    async def async_step_cameras(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show what the device can do; choose cameras, mode, retention and storage."""
        assert self._report is not None
        errors: dict[str, str] = {}
        if user_input is not None:
            if user_input[CONF_CAMERAS]:
                return await self._async_create(user_input)
            errors[CONF_CAMERAS] = "no_camera_chosen"
        phrases = await Phrases.async_load(self.hass)
        options = self._options = camera_options(self._report.channels, phrases)
        storages = await async_storages(self.hass, phrases)
        if storages is None:
            return self.async_abort(reason="no_storage")
        return self.async_show_form(
            step_id="cameras",
            data_schema=self.add_suggested_values_to_schema(
                cameras_form(
                    options,
                    storages.options,
                    storage_open=storages.is_doubtful,
                    rows=proposed_rows(self._report.channels, options),
                ),
                user_input,
            ),
            errors=errors,
            description_placeholders=placeholders(
                report=report_text(self._report, phrases, storages.proposal)
            ),
            last_step=True,
        )

    async def _async_create(self, choice: dict[str, Any]) -> ConfigFlowResult:
        assert self._address is not None
        assert self._report is not None
        self._abort_if_unique_id_configured()  # another dialog may have been faster
        storage = choice[SECTION_STORAGE][CONF_STORAGE]
        parts = entry_of(
            self._report,
            self._address,
            self._login,
            storage=storage,
            cameras=choice[CONF_CAMERAS],
            settings={
                CONF_MODE: choice[CONF_MODE],
                CONF_RETENTION_DAYS: choice[CONF_RETENTION_DAYS],
            },
            apart=settings_of_rows(
                choice.get(SECTION_ROWS, {}).get(CONF_ROWS, ()), self._options
            ),
        )
        if self._with_others:
            for other in self._found.others(self._address, self._configured()):
                self.hass.async_create_task(
                    self.hass.config_entries.flow.async_init(
                        DOMAIN,
                        context={"source": SOURCE_IMPORT},
                        data={
                            "device": other.device,
                            "address": other.address,
                            "login": self._login.with_cleartext(False),
                            "settings": choice,
                        },
                    ),
                    f"{DOMAIN} add {other.address.shown}",
                )
        return self._create(parts)

    def _create(self, parts: EntryParts) -> ConfigFlowResult:
        return self.async_create_entry(
            title=parts.title, data=parts.data, subentries=parts.subentries
        )

    # Devices added along with another, found later, or moved

    async def async_step_import(self, import_data: dict[str, Any]) -> ConfigFlowResult:
        """Add one more device with the login and the choices of the first."""
        attempt = await async_try(
            self.hass, import_data["address"], import_data["login"]
        )
        if attempt.report is None:
            # It is offered on its own, so that nobody wonders where it is.
            offer(self.hass, import_data["device"])
            return self.async_abort(reason=attempt.error)
        known = known_as(self.hass, attempt.report, import_data["address"])
        if known is not None:
            if not is_at(known.entry, import_data["address"]):
                offer(self.hass, import_data["device"])  # a person can tell
            return self.async_abort(reason="already_configured")
        report = await async_named(self.hass, attempt.report)
        # A dialog that somebody left open must not hold it back.
        await self.async_set_unique_id(report.key, raise_on_progress=False)
        self._abort_if_unique_id_configured()
        choice = import_data["settings"]
        return self._create(
            entry_of(
                report,
                import_data["address"],
                import_data["login"],
                storage=choice[SECTION_STORAGE][CONF_STORAGE],
                cameras=[channel.token for channel in report.channels],
                settings={
                    CONF_MODE: choice[CONF_MODE],
                    CONF_RETENTION_DAYS: choice[CONF_RETENTION_DAYS],
                },
            )
        )

    @override
    async def async_step_integration_discovery(
        self, discovery_info: dict[str, Any]
    ) -> ConfigFlowResult:
        """Offer a device that the background search found."""
        found: FoundDevice = discovery_info["device"]
        await self.async_set_unique_id(
            found.endpoint_id or f"{found.host}:{found.port}"
        )
        self._abort_if_unique_id_configured()
        self._found.add_devices((found,))
        self._address = Address.of_found(found)
        self.context["title_placeholders"] = {
            "name": found.name or found.hardware or self._address.shown
        }
        for entry in entries(self.hass):
            if (
                found.endpoint_id
                and marks_of_entry(entry.data).uuid
                == endpoint_digits(found.endpoint_id)
                and not is_at(entry, self._address)
                and await async_place(self.hass, entry) is Place.NOBODY
            ):
                return await self._async_ask_moved(entry)
        return await self.async_step_login()

"""How one NVR is treated, a test of its connection and a report on demand."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any, override

from homeassistant.components.http import KEY_HASS_REFRESH_TOKEN_ID, current_request
from homeassistant.components.http.auth import async_sign_path
from homeassistant.config_entries import (
    ConfigEntryState,
    ConfigFlowResult,
)
from homeassistant.core import callback

from ..clip_links import REPORT_URL
from ..const import CONF_TIME_CORRECTION, DOMAIN
from ..core.device_report import BAD_PLAYBACK, DeviceReport, Playback
from ..core.errors import NvrError
from ..core.report_words import Sources
from ..core.sync.status import CameraStatus, FootageSource, SourceReason
from ..phrases import Phrases
from ..placeholders import Markdown, placeholders
from ..runtime.connect import Address, Login
from ..runtime.reporting import MadeReport, async_make_report
from .attempt import async_try
from .forms import NVR_DEFAULTS, flat, nvr_form, suggested
from .house_steps import HouseSteps
from .report import clock_offset_text, report_text

QUARTER_MS = 900_000
TOLERANCE_MS = 120_000


def proposed_correction(report: DeviceReport) -> int:
    """Return the minutes to add to all times, 0 where nothing speaks for any.

    A clock that is off is measured and corrected all the time. What remains are devices
    whose recordings end in the future of their own clock, by whole quarters of an hour:
    those are dated in a local time east of Greenwich.
    """
    if report.device_newest_ms is None:
        return 0
    device_now_ms = report.clock.measured_ms - report.clock.offset_ms
    ahead_ms = report.device_newest_ms - device_now_ms
    quarters = round(ahead_ms / QUARTER_MS)
    if not 1 <= quarters <= 56 or abs(ahead_ms - quarters * QUARTER_MS) > TOLERANCE_MS:
        return 0
    return -15 * quarters


LINK_HOLDS = timedelta(hours=1)


class VtrackOptionsFlow(HouseSteps):
    """Options of an NVR; the entry's listener applies them without a reload."""

    _task: asyncio.Task[MadeReport] | None = None
    _made: MadeReport | None = None
    _token_id: str | None = None

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose between settings and test."""
        return self.async_show_menu(
            step_id="init", menu_options=["settings", "house", "test", "report"]
        )

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
            description_placeholders=placeholders(
                clock=known_clock(report, proposal, phrases)
            ),
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
                description_placeholders=placeholders(
                    report=phrases.markdown("test_failed")
                ),
            )
        return self.async_show_menu(
            step_id="test",
            menu_options=["test", "report", "settings"],
            description_placeholders=placeholders(
                report=report_text(
                    self._known(attempt.report), phrases, sources=self._sources()
                )
            ),
        )

    async def async_step_report(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask the device everything, and show that this is under way."""
        if self._task is None:
            # What comes next is not asked for by the person's browser any more.
            request = current_request.get()
            if request is not None:
                self._token_id = request.get(KEY_HASS_REFRESH_TOKEN_ID)
            data = self.config_entry.data
            self._task = self.hass.async_create_task(
                async_make_report(
                    self.hass,
                    self.config_entry.entry_id,
                    Address.of_entry(data),
                    Login.of_entry(data),
                    self.async_update_progress,
                ),
                f"{DOMAIN} report",
            )
        if not self._task.done():
            return self.async_show_progress(
                step_id="report", progress_action="report", progress_task=self._task
            )
        self._made = self._task.result()
        self._task = None
        done = "reported" if self._made.has_answered else "reported_silence"
        return self.async_show_progress_done(next_step_id=done)

    async def async_step_reported(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Offer the report to be saved."""
        return self._show_report("reported")

    async def async_step_reported_silence(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Offer it although the device did not say what it is."""
        return self._show_report("reported_silence")

    def _show_report(self, step_id: str) -> ConfigFlowResult:
        made = self._made
        assert made is not None
        path = REPORT_URL.format(entry_id=self.config_entry.entry_id)
        if self._token_id is not None:
            path = async_sign_path(
                self.hass, path, LINK_HOLDS, refresh_token_id=self._token_id
            )
        return self.async_show_menu(
            step_id=step_id,
            menu_options=["report", "test", "settings"],
            description_placeholders=placeholders(
                link=Markdown(path), size=str(max(1, len(made.text) // 1000))
            ),
        )

    @callback
    @override
    def async_remove(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _statuses(self) -> tuple[CameraStatus, ...]:
        if self.config_entry.state is not ConfigEntryState.LOADED:
            return ()
        cameras = self.config_entry.runtime_data.coordinator.data.cameras
        return tuple(cameras.values())

    def _sources(self) -> Sources | None:
        """Return what is being done now; what a person chose needs no words."""
        statuses = self._statuses()
        if not statuses:
            return None
        chosen = {SourceReason.CHOSEN, SourceReason.SWITCHED_OFF}
        used = Counter(
            status.source for status in statuses if status.source_reason not in chosen
        )
        return Sources(
            used[FootageSource.REPLAY],
            used[FootageSource.LIVE],
            used[FootageSource.NONE],
        )

    def _known(self, report: DeviceReport) -> DeviceReport:
        """Return the report with what copying has found out, which a look cannot."""
        statuses = self._statuses()
        if any(status.source is FootageSource.REPLAY for status in statuses):
            return report  # it plays at least for one camera
        reasons = {status.source_reason for status in statuses}
        if SourceReason.REPLAY_UNDATED in reasons:
            return replace(report, playback=Playback.UNDATED)
        if (
            SourceReason.REPLAY_BROKEN in reasons
            and report.playback not in BAD_PLAYBACK
        ):
            return replace(report, playback=Playback.BROKEN)
        return report


def known_clock(
    report: DeviceReport | None, proposal: int, phrases: Phrases
) -> Markdown:
    """Return what is known of the device's clock, for the person who corrects it."""
    if report is None:
        return phrases.markdown("clock_unknown")
    if proposal:
        return phrases.markdown("clock_proposal", minutes=proposal)
    return clock_offset_text(report, phrases)

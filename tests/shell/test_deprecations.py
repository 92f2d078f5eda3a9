"""What Home Assistant says is deprecated, and that we use, fails a test."""

import logging

from homeassistant.core import HomeAssistant
from homeassistant.helpers.frame import ReportBehavior, report_usage
import pytest

from tests.shell.conftest import is_deprecation


@pytest.mark.parametrize(
    ("domain", "is_ours"), [("vtrack_nvr", True), ("another_one", False)]
)
async def test_what_home_assistant_reports_of_us_is_recognised(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture, domain: str, is_ours: bool
) -> None:
    record = logging.LogRecord(
        "homeassistant.helpers.frame",
        logging.WARNING,
        __file__,
        1,
        "Detected that custom integration '%s' uses x. This will stop working in 2027.1",
        (domain,),
        None,
    )
    assert is_deprecation(record) is is_ours
    caplog.clear()
    report_usage(
        "uses something of old",
        breaks_in_ha_version="2027.1",
        core_behavior=ReportBehavior.LOG,
        custom_integration_behavior=ReportBehavior.LOG,
        integration_domain="hue",
    )
    assert not any(is_deprecation(each) for each in caplog.records)


async def test_other_warnings_are_none(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("custom_components.vtrack_nvr").warning("vtrack_nvr is busy")
    assert not any(is_deprecation(each) for each in caplog.records)

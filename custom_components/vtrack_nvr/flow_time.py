"""Whether the recordings of a device are dated in local time although its clock is not."""

from .core.device_report import DeviceReport

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

"""What a person reads of a device and of an error: the integration's own sentences."""

from collections.abc import Iterator
from functools import cache
import json
from pathlib import Path
from typing import Any

from custom_components.vtrack_nvr.core.device_report import DeviceReport
from custom_components.vtrack_nvr.core.errors import ErrorKind
from custom_components.vtrack_nvr.core.report_words import sentences

from .output import moment

_ENGLISH = (
    Path(__file__).parents[2] / "custom_components/vtrack_nvr/translations/en.json"
)


@cache
def _texts() -> dict[str, Any]:
    texts: dict[str, Any] = json.loads(_ENGLISH.read_text(encoding="utf-8"))
    return texts


def report_lines(report: DeviceReport) -> Iterator[str]:
    """Yield what is said of a device, as when it is added."""
    for said in sentences(report).values():
        text: str = _texts()["common"][said.key]
        yield text.format(**said.values, moment=moment(said.utc_ms))


def error_text(kind: ErrorKind, name: str, *, is_search: bool = False) -> str:
    """Return what went wrong and what to do, as an action tells it.

    `is_search`: it happened where recordings were looked for.
    """
    if is_search and kind is ErrorKind.UNSUPPORTED:
        return str(_texts()["common"]["report_footage_no_profile_g"])
    told = _texts()["exceptions"].get(str(kind), {"message": "{name}: " + str(kind)})
    return str(told["message"]).format(name=name)

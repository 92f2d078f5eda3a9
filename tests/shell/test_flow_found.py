"""What a search found, in words: values in, sentences out."""

import json
from pathlib import Path

from custom_components.vtrack_nvr.core.onvif.probe import ProbeAnswer, ProbeResult
from custom_components.vtrack_nvr.core.onvif.probe_match import FoundDevice
from custom_components.vtrack_nvr.core.onvif.targets import Target
from custom_components.vtrack_nvr.flows.candidates import MOST_STRANGERS, Candidates
from custom_components.vtrack_nvr.phrases import Phrases
from custom_components.vtrack_nvr.runtime.connect import Address

SHELL = Path(__file__).parents[2] / "custom_components" / "vtrack_nvr"
COMMON = json.loads((SHELL / "translations/en.json").read_text(encoding="utf-8"))
PHRASES = Phrases(
    {
        f"component.vtrack_nvr.common.{key}": text
        for key, text in COMMON["common"].items()
    }
)


def device(port: int, answer: ProbeAnswer, name: str = "") -> ProbeResult:
    host = "192.0.2.1"
    return ProbeResult(
        Target(host, port), answer, device=FoundDevice(host, port, name=name)
    )


def stranger(port: int) -> ProbeResult:
    return ProbeResult(Target("192.0.2.1", port), ProbeAnswer.NOT_ONVIF)


def test_a_device_that_tells_nothing_without_a_login_says_so() -> None:
    found = Candidates()
    found.add_results(
        [
            device(80, ProbeAnswer.NEEDS_PASSWORD, "Porch"),
            device(81, ProbeAnswer.ONVIF),
        ]
    )
    asks, open_one = (item.label(PHRASES) for item in found.candidates(set()))
    assert asks == "Porch · 192.0.2.1:80 · asks for a password"
    assert open_one == "192.0.2.1:81"
    assert found.name_of(Address("192.0.2.1", 80)) == "Porch (192.0.2.1:80)"
    assert found.name_of(Address("192.0.2.1", 81)) == "192.0.2.1:81"
    assert found.name_of(Address("192.0.2.9", 80)) == "192.0.2.9:80"


def test_only_some_of_many_strangers_are_named() -> None:
    found = Candidates()
    found.add_results([stranger(port) for port in range(1, MOST_STRANGERS + 1)])
    assert found.text(0, PHRASES).endswith(f":{MOST_STRANGERS}.")
    found.add_results([stranger(port) for port in range(94, 100)])
    assert "…" in found.text(0, PHRASES)
    assert ":99" not in found.text(0, PHRASES)

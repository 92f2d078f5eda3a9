"""Requests from the library's WSDLs, loaded once and without side effects."""

# Reads private members: reading the files is slowed down, counted, or made to fail.

import asyncio
import logging
import os
import sys
from typing import Any

import pytest

from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.onvif import wsdl
from custom_components.vtrack_nvr.core.onvif.names import Service
from custom_components.vtrack_nvr.core.onvif.recording import replay_uri_parameters
from custom_components.vtrack_nvr.core.onvif.search import find_events_parameters
from custom_components.vtrack_nvr.core.onvif.xml import parse_xml, text

SCHEMA = "http://www.onvif.org/ver10/schema"


async def built(service: Service, operation: str, parameters: dict[str, Any]) -> str:
    await wsdl.warm_up()
    return wsdl.build(service, operation, parameters)


async def test_find_events_is_what_the_conformance_tests_send() -> None:
    window = TimeRange(1_772_323_200_000, 1_772_409_600_000)
    xml = await built(
        Service.SEARCH, "FindEvents", dict(find_events_parameters("R<1>", window))
    )
    root = parse_xml(xml.encode())
    names = [child.tag for child in root]
    assert names == [
        f"{{{Service.SEARCH}}}{name}"
        for name in ("StartPoint", "EndPoint", "Scope", "SearchFilter",
                     "IncludeStartState", "KeepAliveTime")
    ]  # fmt: skip
    assert text(root, "StartPoint") == "2026-03-01T00:00:00Z"
    assert text(root, "EndPoint") == "2026-03-02T00:00:00Z"
    assert text(root, "Scope/IncludedRecordings") == "R<1>"
    assert root[2][0].tag == f"{{{SCHEMA}}}IncludedRecordings"
    assert len(root[3]) == 0
    assert text(root, "KeepAliveTime") in {"PT1M", "PT60S"}
    assert "\n" not in xml


async def test_get_replay_uri() -> None:
    xml = await built(
        Service.REPLAY, "GetReplayUri", dict(replay_uri_parameters("R", "RTSP"))
    )
    root = parse_xml(xml.encode())
    assert text(root, "StreamSetup/Stream") == "RTP-Unicast"
    assert text(root, "StreamSetup/Transport/Protocol") == "RTSP"
    assert text(root, "RecordingToken") == "R"


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        (Service.DEVICE, "GetServices", {"IncludeCapability": True}),
        (Service.DEVICE, "GetCapabilities", {"Category": ["All"]}),
        (Service.DEVICE, "GetNetworkInterfaces", {}),
        (Service.MEDIA, "GetProfiles", {}),
        (Service.RECORDING, "GetRecordingJobs", {}),
        (Service.RECORDING, "GetRecordingOptions", {"RecordingToken": "R"}),
        (Service.SEARCH, "EndSearch", {"SearchToken": "T[1]&"}),
    ],
)
async def test_every_operation_stands_in_its_services_namespace(
    service: Service, operation: str, parameters: dict[str, Any]
) -> None:
    root = parse_xml((await built(service, operation, parameters)).encode())
    assert root.tag == f"{{{service}}}{operation}"


@pytest.fixture
def cold(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a process that never used ONVIF."""
    monkeypatch.setattr(wsdl, "_loading", None)


@pytest.mark.usefixtures("cold")
async def test_ten_cold_starts_load_once_and_do_not_hold_the_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loads = 0
    load = wsdl._load

    def counted() -> Any:
        nonlocal loads
        loads += 1
        return load()

    monkeypatch.setattr(wsdl, "_load", counted)
    await asyncio.gather(*(wsdl.warm_up() for _ in range(10)))
    await wsdl.warm_up()
    assert loads == 1


@pytest.mark.usefixtures("cold")
async def test_one_waiter_that_gives_up_does_not_stop_the_others() -> None:
    impatient = asyncio.create_task(wsdl.warm_up())
    patient = asyncio.create_task(wsdl.warm_up())
    await asyncio.sleep(0)
    impatient.cancel()
    await patient
    assert wsdl.build(Service.MEDIA, "GetProfiles", {})


@pytest.mark.usefixtures("cold")
async def test_a_failed_load_is_told_and_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(RuntimeError, match="warm_up"):
        wsdl.build(Service.MEDIA, "GetProfiles", {})
    with monkeypatch.context() as patched:
        patched.setattr(wsdl, "_FILES", {Service.MEDIA: ("missing.wsdl", "X")})
        with pytest.raises(RuntimeError):
            await wsdl.warm_up()
    await wsdl.warm_up()
    assert wsdl.build(Service.MEDIA, "GetProfiles", {})


def test_importing_the_library_leaves_logging_and_proxies_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In a process where nobody has imported it, as in Home Assistant at start."""
    for name in [n for n in sys.modules if n == "onvif" or n.startswith("onvif.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setenv("http_proxy", "http://proxy.invalid:1")
    monkeypatch.setenv("https_proxy", "http://proxy.invalid:2")
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", logging.WARNING)
    wsdl._import_quietly()
    assert os.environ["http_proxy"] == "http://proxy.invalid:1"
    assert os.environ["https_proxy"] == "http://proxy.invalid:2"
    assert root.handlers == []
    assert root.level == logging.WARNING

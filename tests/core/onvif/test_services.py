"""The service map, from both ways to ask for it."""

import pytest

from custom_components.vtrack_nvr.core.device_report import ReplaySupport
from custom_components.vtrack_nvr.core.onvif.names import Service
from custom_components.vtrack_nvr.core.onvif.services import (
    ServiceMap,
    read_capabilities,
    read_services,
)
from custom_components.vtrack_nvr.core.onvif.xml import parse_xml


def service(namespace: str, xaddr: str, version: str = "2.6", inner: str = "") -> str:
    major, minor = version.split(".")
    return (
        f"<Service><Namespace>{namespace}</Namespace><XAddr>{xaddr}</XAddr>"
        f"<Capabilities>{inner}</Capabilities><Version><Major>{major}</Major>"
        f"<Minor>{minor}</Minor></Version></Service>"
    )


def test_services_with_an_address_are_offered() -> None:
    answer = parse_xml(
        (
            "<R>"
            + service(Service.SEARCH, "http://a/s")
            + service(f"{Service.REPLAY.value}/", " http://a/r ")
            + service(Service.MEDIA, "")
            + service("urn:vendor", "http://a/v")
            + service(
                Service.RECORDING, "http://a/c", inner='<Capabilities Options="TRUE"/>'
            )
            + "</R>"
        ).encode()
    )
    found = read_services(answer)
    assert found.xaddrs[Service.REPLAY] == "http://a/r"
    assert not found.has(Service.MEDIA)
    assert found.has_recording_options
    assert found.replay is ReplaySupport.FULL
    assert found.labels == ("search", "replay", "recording")


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_highest_version_of_a_namespace_wins(order: tuple[int, int]) -> None:
    entries = (
        service(Service.MEDIA, "http://a/old", "2.2"),
        service(Service.MEDIA, "http://a/new", "19.12"),
    )
    answer = parse_xml(f"<R>{entries[order[0]]}{entries[order[1]]}</R>".encode())
    assert read_services(answer).xaddrs[Service.MEDIA] == "http://a/new"


def test_profile_g_hides_in_the_extension_of_get_capabilities() -> None:
    answer = parse_xml(
        b"<R><Capabilities><Media><XAddr>http://a/m</XAddr></Media><Events><XAddr/>"
        b"</Events><Extension><Search><XAddr>http://a/s</XAddr></Search>"
        b"<Replay><XAddr>http://a/r</XAddr></Replay></Extension></Capabilities></R>"
    )
    found = read_capabilities(answer)
    assert found.replay is ReplaySupport.FULL
    assert found.has(Service.MEDIA)
    assert not found.has(Service.EVENTS)


def test_empty_addresses_of_profile_g_mean_that_there_is_none() -> None:
    answer = parse_xml(
        b"<R><Capabilities><Extension><Search><XAddr></XAddr></Search><Replay/>"
        b"</Extension></Capabilities></R>"
    )
    assert read_capabilities(answer).replay is ReplaySupport.NONE


@pytest.mark.parametrize(
    ("services", "support"),
    [
        ({Service.SEARCH}, ReplaySupport.SEARCH_ONLY),
        ({Service.REPLAY}, ReplaySupport.REPLAY_ONLY),
        (set(), ReplaySupport.NONE),
    ],
)
def test_half_of_profile_g_is_named(
    services: set[Service], support: ReplaySupport
) -> None:
    assert ServiceMap(dict.fromkeys(services, "http://a/")).replay is support

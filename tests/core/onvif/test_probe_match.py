"""WS-Discovery messages, sloppy ones included."""

from collections.abc import Callable
from dataclasses import replace
import itertools
import sys
import time

import pytest

from custom_components.vtrack_nvr.core.onvif.probe_match import (
    MAX_DATAGRAM,
    MAX_FOUND,
    MAX_OF_SENDER,
    TYPES,
    DatagramGate,
    Finds,
    FoundDevice,
    build_probe,
    read_matches,
)
from custom_components.vtrack_nvr.core.onvif.xml import find, parse_xml, text

SCOPES = (
    "onvif://www.onvif.org/name/Front%20Door onvif://www.onvif.org/hardware/X-1 "
    "onvif://www.onvif.org/location/hall onvif://www.onvif.org/Profile/G "
    "onvif://www.onvif.org/MAC/02005e000001 onvif://www.onvif.org/serial/S1"
)


def match(
    xaddrs: str, scopes: str = SCOPES, types: str = "dn:NetworkVideoTransmitter"
) -> bytes:
    return (
        "<E><B><ProbeMatches><ProbeMatch><EndpointReference><Address>urn:uuid:AB-1"
        f"</Address></EndpointReference><Types>{types}</Types><Scopes>{scopes}</Scopes>"
        f"<XAddrs>{xaddrs}</XAddrs></ProbeMatch></ProbeMatches></B></E>"
    ).encode()


@pytest.mark.parametrize("kind", TYPES)
def test_probes_are_one_line_with_declared_prefixes(
    kind: tuple[str, str, str] | None,
) -> None:
    data = build_probe("1-2", kind)
    assert b"\n" not in data
    root = parse_xml(data)
    assert text(root, "Header/MessageID") == "urn:uuid:1-2"
    assert find(root, "Body/Probe") is not None
    if kind:
        assert text(root, "Body/Probe/Types") == f"{kind[2]}:{kind[1]}"
        assert f'xmlns:{kind[2]}="{kind[0]}"'.encode() in data


def test_a_match_without_relates_to_or_metadata_version_is_read() -> None:
    (found,) = read_matches(
        match("http://192.0.2.7:8000/onvif/device_service"), "192.0.2.7"
    )
    assert found == FoundDevice(
        "192.0.2.7",
        8000,
        endpoint_id="ab-1",
        name="Front Door",
        hardware="X-1",
        location="hall",
        mac="02:00:5e:00:00:01",
        serial="S1",
        profiles=frozenset({"G"}),
        xaddrs=("http://192.0.2.7:8000/onvif/device_service",),
    )


@pytest.mark.parametrize(
    ("xaddrs", "host", "port", "https"),
    [
        ("http://10.0.0.9/onvif/a http://192.0.2.7:81/onvif/a", "192.0.2.7", 81, False),
        ("https://192.0.2.7/onvif/a http://192.0.2.7/onvif/a", "192.0.2.7", 80, False),
        ("https://192.0.2.7/onvif/a", "192.0.2.7", 443, True),
        # Somebody else's address: the datagram came from here.
        ("http://10.0.0.9:8000/onvif/a", "192.0.2.7", 8000, False),
        (
            "http://169.254.1.1:1/onvif/a http://10.0.0.9:2/onvif/a",
            "192.0.2.7",
            2,
            False,
        ),
        ("soap.udp://x:3702", "192.0.2.7", 80, False),
        ("", "192.0.2.7", 80, False),
        ("rubbish", "192.0.2.7", 80, False),
    ],
)
def test_the_senders_own_address_is_used(
    xaddrs: str, host: str, port: int, https: bool
) -> None:
    (found,) = read_matches(match(xaddrs), "192.0.2.7")
    assert (found.host, found.port, found.is_https) == (host, port, https)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"rubbish",
        b"<a/>",
        b"x" * 70_000,
        match("http://192.0.2.9/printer", "ldap:///printer", "prn:Printer"),
    ],
)
def test_what_is_no_onvif_device_is_nothing(data: bytes) -> None:
    assert read_matches(data, "192.0.2.9") == ()


def test_a_recorder_that_only_says_device_is_known_by_its_path() -> None:
    data = match("http://192.0.2.7/onvif/device_service", "", "tds:Device")
    assert len(read_matches(data, "192.0.2.7")) == 1


A = FoundDevice(
    "192.0.2.1", 80, endpoint_id="u", serial="1", xaddrs=("http://192.0.2.1/a",)
)


@pytest.mark.parametrize(
    ("other", "count"),
    [
        (A, 1),
        (replace(A, endpoint_id=""), 1),
        # Clones share their UUID.
        (replace(A, host="192.0.2.2", serial="2", xaddrs=("http://192.0.2.2/a",)), 2),
        (replace(A, host="192.0.2.2", xaddrs=("http://192.0.2.2/a",)), 2),
        # One device with two interfaces advertises both.
        (replace(A, host="192.0.2.2", xaddrs=("http://192.0.2.1/a", "http://192.0.2.2/a")), 1),
        # Several devices behind one address.
        (replace(A, port=81, endpoint_id="v"), 2),
        (replace(A, port=81, xaddrs=("http://192.0.2.1:81/a",)), 2),
        (replace(A, port=81), 1),
        (replace(A, endpoint_id="v"), 2),
        (replace(A, host="192.0.2.2", endpoint_id=""), 2),
    ],
)  # fmt: skip
def test_one_device_is_shown_once_and_two_are_shown_twice(
    other: FoundDevice, count: int
) -> None:
    finds = Finds()
    news = [finds.add(device) for device in (A, other)]
    assert len(finds.devices) == count
    assert news.count(True) == count


def test_made_up_answers_do_not_pile_up() -> None:
    finds = Finds()
    for number in range(MAX_FOUND + 50):
        finds.add(FoundDevice(f"host-{number}", 80))
    assert len(finds.devices) == MAX_FOUND
    finds = Finds()
    for number in range(100):
        finds.add(FoundDevice("192.0.2.7", number, endpoint_id=f"{number}"))
    assert len(finds.devices) == MAX_OF_SENDER


HOSTILE = {
    "elements": b"<E>" + b"<e/>" * 4_000 + b"</E>",
    "mended": b"<E>&\x01" + b"<e a='1'/>" * 1_500 + b"</E>",
    "attributes": b"<E " + b" ".join(b"a%d=''" % n for n in range(1_700)) + b"/>",
    "smuggled": b"<!DOC\x01TYPE E [<!ATT\x01LIST e a CDATA '" + b"A" * 8_000 + b"'>]><E>"
    + b"<e/>" * 1_500 + b"</E>",
    "references": b"<E>" + b"&" * 16_000 + b"</E>",
    "matches": b"<s:Envelope>" + b"<ProbeMatch><Scopes>onvif://www.onvif.org/name/a</Scopes>"
    b"</ProbeMatch>" * 200 + b"</s:Envelope>",
    "scopes": match("http://192.0.2.7/onvif/device_service", "onvif://www.onvif.org/a/b " * 500),
}  # fmt: skip


MOST_CALLS = 20_000
"""Forty times an honest answer; `scripts/bench hostile` shows what floods do to the loop."""


def calls_of(work: Callable[[], object]) -> int:
    """Return how many functions are called: work done, on a busy machine as well."""
    count = 0

    def see(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(see)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_a_datagram_costs_little(data: bytes) -> None:
    assert len(data) <= MAX_DATAGRAM
    assert calls_of(lambda: read_matches(data, "192.0.2.7")) < MOST_CALLS
    assert len(read_matches(data, "192.0.2.7")) <= 8


def test_a_sender_and_a_search_have_their_share() -> None:
    gate = DatagramGate()
    data = match("http://192.0.2.7/onvif/device_service")
    told = [len(gate.read(data, "192.0.2.7")) for _ in range(1_000)]
    assert 100 <= sum(told) <= 200
    assert gate.read(data, "192.0.2.8")
    # From senders that are made up, until enough was spent on them all.
    told = [len(gate.read(data, f"host-{n}")) for n in range(20_000)]
    assert 500 <= sum(told) <= 1_000
    assert not gate.read(data, "192.0.2.200")


def test_a_flood_of_costly_datagrams_ends_a_search(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spent = itertools.count(0.0, 0.1)
    monkeypatch.setattr(time, "thread_time", lambda: next(spent))
    gate = DatagramGate()
    data = match("http://192.0.2.7/onvif/device_service")
    assert sum(len(gate.read(data, f"host-{n}")) for n in range(100)) < 15

"""Addresses, ranges and ports as people write them."""

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.vtrack_nvr.core.onvif.targets import (
    DEFAULT_PORTS,
    Target,
    TargetError,
    parse_ports,
    parse_targets,
)


def hosts_of(text: str) -> list[str]:
    return [target.host for target in parse_targets(text, "80")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("80", (80,)),
        ("80,8000-8002", (80, 8000, 8001, 8002)),
        (" 80 ; 81  82, 80 ", (80, 81, 82)),
        ("8000 - 8001", (8000, 8001)),
        ("8000–8001", (8000, 8001)),
        ("", DEFAULT_PORTS),
        (" , ", DEFAULT_PORTS),
    ],
)
def test_ports(text: str, expected: tuple[int, ...]) -> None:
    assert parse_ports(text) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [("0", "port"), ("65536", "port"), ("http", "port"), ("-5", "port"), ("9-5", "port"),
     ("80-", "port"), ("1-2000", "too_many"), ("1-1000,2000-3000", "too_many"),
     ("８０", "port")],
)  # fmt: skip
def test_bad_ports(text: str, code: str) -> None:
    with pytest.raises(TargetError) as caught:
        parse_ports(text)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.1", ["192.0.2.1"]),
        ("192.0.2.1-3", ["192.0.2.1", "192.0.2.2", "192.0.2.3"]),
        ("192.0.2.254 - 192.0.3.1", ["192.0.2.254", "192.0.2.255", "192.0.3.0", "192.0.3.1"]),
        ("192.0.2.0/30", ["192.0.2.1", "192.0.2.2"]),
        ("192.0.2.5/32", ["192.0.2.5"]),
        ("Cam.LAN, nvr_1", ["cam.lan", "nvr_1"]),
        ("2001:db8::1 [2001:DB8::2]", ["2001:db8::1", "2001:db8::2"]),
        ("a a", ["a"]),
    ],
)  # fmt: skip
def test_hosts(text: str, expected: list[str]) -> None:
    assert hosts_of(text) == expected


def test_the_largest_network_is_a_22() -> None:
    assert len(hosts_of("10.0.0.0/22")) == 1022
    assert len(hosts_of("10.0.0.0-10.0.3.255")) == 1024


@pytest.mark.parametrize(
    ("text", "code"),
    [("", "empty"), (" , ", "empty"), ("10.0.0.0/21", "too_many"),
     ("10.0.0.0-10.0.4.0", "too_many"), ("192.0.2.9-3", "host"), ("192.0.2.300", "host"),
     ("192.0.2.1-300", "host"), ("1.2.3", "host"), ("a/b", "host"), ("bad host!", "host"),
     ("-x", "host")],
)  # fmt: skip
def test_bad_hosts(text: str, code: str) -> None:
    with pytest.raises(TargetError) as caught:
        hosts_of(text)
    assert caught.value.code == code


def test_targets_ask_the_likeliest_port_of_every_host_first() -> None:
    assert parse_targets("192.0.2.1-2", "80,443") == (
        Target("192.0.2.1", 80),
        Target("192.0.2.2", 80),
        Target("192.0.2.1", 443, is_https=True),
        Target("192.0.2.2", 443, is_https=True),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cam:1000-1002", [Target("cam", p) for p in (1000, 1001, 1002)]),
        ("http://cam", [Target("cam", 80)]),
        ("http://cam/onvif/device_service", [Target("cam", 80)]),
        ("https://cam", [Target("cam", 443, is_https=True)]),
        ("https://cam:8000", [Target("cam", 8000, is_https=True)]),
        ("http://cam-1:8443", [Target("cam-1", 8443)]),
        ("[2001:db8::1]:81", [Target("2001:db8::1", 81)]),
        ("2001:db8::1", [Target("2001:db8::1", 7)]),
        ("[2001:db8::1]", [Target("2001:db8::1", 7)]),
        ("a:7 a", [Target("a", 7)]),
    ],
)
def test_addresses_may_name_their_own_port(text: str, expected: list[Target]) -> None:
    assert list(parse_targets(text, "7")) == expected


def test_a_scan_that_would_take_for_ever_is_refused() -> None:
    with pytest.raises(TargetError) as caught:
        parse_targets("10.0.0.0/22", "1-1000")
    assert caught.value.code == "too_many"
    with pytest.raises(TargetError):
        parse_targets(" ")


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="0123456789./-:[]abc ,%", max_size=30), st.text(max_size=8))
def test_any_text_is_read_or_refused(hosts: str, ports: str) -> None:
    try:
        targets = parse_targets(hosts, ports)
    except TargetError as error:
        code = error.code
    else:
        code = ""
        assert targets
        assert all(0 < target.port < 65536 for target in targets)
    assert code in {"", "host", "port", "empty", "too_many"}

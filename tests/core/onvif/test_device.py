"""What a device says of itself."""

import pytest

from custom_components.vtrack_nvr.core.models import DeviceIdentity
from custom_components.vtrack_nvr.core.onvif.device import (
    bare_uuid,
    normal_mac,
    read_device_information,
    read_macs,
    read_scopes,
    scope_location,
    scope_profiles,
    scope_text,
    scope_values,
)
from custom_components.vtrack_nvr.core.onvif.xml import parse_xml


def test_information() -> None:
    answer = parse_xml(
        b"<R><Manufacturer>M</Manufacturer><Model> X </Model><FirmwareVersion>1"
        b"</FirmwareVersion><SerialNumber>S/1</SerialNumber></R>"
    )
    assert read_device_information(answer) == DeviceIdentity(
        "M", "X", "1", "S/1", "", ""
    )


@pytest.mark.parametrize(
    ("written", "expected"),
    [("02:00:5E:00:00:01", "02:00:5e:00:00:01"), ("02-00-5e-00-00-01", "02:00:5e:00:00:01"),
     ("0200.5e00.0001", "02:00:5e:00:00:01"), ("00:00:00:00:00:00", ""),
     ("ff:ff:ff:ff:ff:ff", ""), ("", ""), ("02:00", "")],
)  # fmt: skip
def test_macs(written: str, expected: str) -> None:
    assert normal_mac(written) == expected


def test_the_first_enabled_interface_gives_the_mac() -> None:
    def interface(enabled: str, mac: str) -> str:
        return (
            f"<NetworkInterfaces><Enabled>{enabled}</Enabled><Info><HwAddress>{mac}"
            "</HwAddress></Info></NetworkInterfaces>"
        )

    answer = parse_xml(
        (
            "<R>"
            + interface("false", "02:00:5e:00:00:01")
            + interface("true", "00:00:00:00:00:00")
            + interface("true", "02:00:5e:00:00:02")
            + interface("true", "02:00:5e:00:00:03")
            + "</R>"
        ).encode()
    )
    assert read_macs(answer) == (
        "02:00:5e:00:00:02",
        "02:00:5e:00:00:03",
        "02:00:5e:00:00:01",
    )
    assert read_macs(parse_xml(b"<R/>")) == ()


def test_scopes() -> None:
    answer = parse_xml(
        b"<R><Scopes><ScopeItem>onvif://www.onvif.org/name/Front%20Door</ScopeItem>"
        b"</Scopes><Scopes><ScopeItem>onvif://www.onvif.org/Profile/Streaming"
        b"</ScopeItem></Scopes><Scopes><ScopeItem></ScopeItem></Scopes></R>"
    )
    scopes = (
        *read_scopes(answer),
        "onvif://www.onvif.org/Profile/G",
        "onvif://www.onvif.org/Profile/Q/Operational",
        "onvif://www.onvif.org/location/country/germany",
        "onvif://www.onvif.org/LOCATION/city/bremen",
        "onvif://www.onvif.org/hardware",
        "odd:scope",
    )
    values = scope_values(scopes)
    assert scope_text(values, "name") == "Front Door"
    assert scope_text(values, "hardware", "missing") == ""
    assert scope_location(values) == "germany, bremen"
    assert scope_profiles(values) == {"S", "G", "Q"}


@pytest.mark.parametrize(
    "written",
    ["urn:uuid:ABC-1", "uuid:abc-1", "abc-1", " urn:uuid:abc-1 "],
)
def test_endpoint_addresses_are_bare_uuids(written: str) -> None:
    assert bare_uuid(written) == "abc-1"

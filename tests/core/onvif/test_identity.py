"""Look-alikes stay apart, and a device keeps its name."""

from dataclasses import replace
import re

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.vtrack_nvr.core.models import DeviceIdentity
from custom_components.vtrack_nvr.core.onvif.identity import (
    is_same_device,
    nvr_key,
    usable_serial,
)

CAMERA = DeviceIdentity("M", "X", "1.0", "SN-77", "88", "02:00:5e:00:00:01")


@pytest.mark.parametrize(
    "changed",
    [
        {"serial": "SN-78"},
        {"mac": "02:00:5e:00:00:02"},
        {"serial": "SN/77"},
        {"serial": "SN-77é"},
        {"serial": ""},
        {"serial": "", "mac": ""},
    ],
)
def test_devices_that_share_some_marks_have_different_keys(
    changed: dict[str, str],
) -> None:
    other = replace(CAMERA, **changed)
    assert nvr_key(other) != nvr_key(CAMERA)
    assert re.fullmatch(r"[0-9a-f]{20}", nvr_key(other))


def test_firmware_and_uuid_do_not_change_the_key() -> None:
    newer = replace(CAMERA, firmware="2.0", model="X (rev. 2)")
    assert nvr_key(newer, "other-uuid") == nvr_key(CAMERA, "uuid")


def test_the_uuid_decides_where_nothing_else_does() -> None:
    bare = DeviceIdentity("M", "X", "1.0", "0000000", "", "")
    assert nvr_key(bare, "a") != nvr_key(bare, "b")
    assert nvr_key(bare, "a") == nvr_key(replace(bare, serial="N/A"), "A")


@pytest.mark.parametrize(
    "serial", ["", "0", "000000", "FFFFFFFF", "123456", "1234567890", "N/A", "none",
               "Unknown", "SerialNumber", "----", "xxxx"],
)  # fmt: skip
def test_serials_that_say_nothing(serial: str) -> None:
    assert usable_serial(serial) == ""


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        ({}, True),
        ({"firmware": "9", "model": "Y"}, True),
        ({"mac": ""}, True),
        ({"serial": ""}, True),
        ({"serial": "SN-78"}, False),
        ({"mac": "02:00:5e:00:00:09"}, False),
        ({"serial": "", "mac": ""}, True),
        ({"serial": "", "mac": "", "hardware_id": ""}, False),
        ({"serial": "", "mac": "", "model": "Y"}, False),
    ],
)
def test_a_device_is_recognised_only_by_marks_that_agree(
    changed: dict[str, str], same: bool
) -> None:
    assert is_same_device(CAMERA, replace(CAMERA, **changed)) is same


@settings(max_examples=60)
@given(st.text(max_size=12), st.text(max_size=12), st.text(max_size=6))
def test_keys_are_the_same_every_time_and_safe_in_paths(
    serial: str, hardware: str, maker: str
) -> None:
    identity = DeviceIdentity(maker, "X", "1", serial, hardware, "")
    assert nvr_key(identity, "u") == nvr_key(identity, "u")
    assert re.fullmatch(r"[0-9a-f]{20}", nvr_key(identity))

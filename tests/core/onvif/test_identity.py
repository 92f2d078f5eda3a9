"""Look-alikes stay apart, and a device keeps its name."""

from dataclasses import asdict, replace
import json
import re

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.vtrack_nvr.core.models import DeviceIdentity
from custom_components.vtrack_nvr.core.onvif.identity import (
    Likeness,
    Mark,
    Marks,
    agree_twice,
    compare_marks,
    differences,
    endpoint_digits,
    nvr_key,
    usable_serial,
    with_marks_of,
)

CAMERA = DeviceIdentity("M", "X", "1.0", "SN-77", "88", "02:00:5e:00:00:01")
UUID = "7f3d4c1e-0000-4000-8000-0000000000a1"
OTHER_UUID = "7f3d4c1e-0000-4000-8000-0000000000b2"


def is_same_device(
    known: DeviceIdentity, seen: DeviceIdentity, ours: str = "", theirs: str = ""
) -> bool:
    return compare_marks(Marks(known, ours), Marks(seen, theirs)) is SAME


@pytest.mark.parametrize(
    "changed",
    [
        {"serial": "SN-78"},
        {"serial": "SN/77"},
        {"serial": "SN-77é"},
        {"serial": ""},
        {"serial": "", "mac": ""},
        {"manufacturer": "N"},
    ],
)
def test_devices_whose_best_mark_differs_have_different_keys(
    changed: dict[str, str],
) -> None:
    other = replace(CAMERA, **changed)
    assert nvr_key(other) != nvr_key(CAMERA)
    assert re.fullmatch(r"[0-9a-f]{20}", nvr_key(other))


def test_a_device_with_the_serial_of_another_gets_a_key_of_its_own() -> None:
    clone = replace(CAMERA, mac="02:00:5e:00:00:02")
    first = nvr_key(CAMERA)
    second = nvr_key(clone, taken={first})
    third = nvr_key(clone, taken={first, second})
    assert len({first, second, third}) == 3
    assert nvr_key(clone, taken={first}) == second


@pytest.mark.parametrize(
    "changed",
    [
        {"firmware": "2.0"},
        {"model": "X (rev. 2)"},
        {"mac": ""},
        {"hardware_id": "89"},
        {"manufacturer": "m "},
    ],
)
def test_what_comes_and_goes_with_rights_or_firmware_does_not_change_the_key(
    changed: dict[str, str],
) -> None:
    assert nvr_key(replace(CAMERA, **changed), UUID) == nvr_key(CAMERA)


def test_the_uuid_decides_where_nothing_else_does() -> None:
    bare = DeviceIdentity("M", "X", "1.0", "0000000", "", "")
    assert nvr_key(bare, "a") != nvr_key(bare, "b")
    assert nvr_key(bare, "a") == nvr_key(replace(bare, serial="N/A"), "A")


@pytest.mark.parametrize(
    "serial", ["", "0", "000000", "FFFFFFFF", "123456", "1234567890", "0123456789",
               "12345679890", "9876543210", "0123456789ABCDEF", "ABABABABAB", "0001",
               "N/A", "none", "Unknown", "SerialNumber", "----", "xxxx", "\x00\x00"],
)  # fmt: skip
def test_serials_that_say_nothing(serial: str) -> None:
    assert usable_serial(serial) == ""


@pytest.mark.parametrize("serial", ["SN-77", "серия-№7-é", "4711", "AA12BB34", "E0001"])
def test_serials_that_say_something(serial: str) -> None:
    assert usable_serial(f" {serial}\x00") == serial


def test_a_serial_that_only_repeats_the_model_says_nothing() -> None:
    assert Marks(replace(CAMERA, serial="x")).serial == ""
    assert Marks(replace(CAMERA, serial="M ")).serial == ""


SAME, UNCERTAIN, OTHER = Likeness


@pytest.mark.parametrize(
    ("changed", "likeness"),
    [
        ({}, SAME),
        ({"firmware": "9", "model": "Y"}, SAME),
        # told to administrators only, or not by this firmware
        ({"mac": ""}, SAME),
        ({"hardware_id": ""}, SAME),
        ({"mac": "", "hardware_id": "99"}, SAME),
        ({"serial": ""}, SAME),
        ({"serial": "0000000"}, SAME),
        # another unit with one of the marks
        ({"serial": "SN-78"}, OTHER),
        ({"mac": "02:00:5e:00:00:09"}, OTHER),
        ({"serial": "", "hardware_id": "99"}, OTHER),
        ({"serial": "", "model": "Y"}, OTHER),
        ({"mac": "", "manufacturer": "N"}, OTHER),
        # hardly anything is told
        ({"serial": "", "mac": ""}, UNCERTAIN),
        ({"serial": "", "mac": "", "hardware_id": ""}, UNCERTAIN),
        ({"serial": "", "mac": "", "model": "Y"}, OTHER),
        ({"serial": "", "mac": "", "hardware_id": "99"}, OTHER),
    ],
)
def test_a_device_is_recognised_by_all_its_marks_together(
    changed: dict[str, str], likeness: Likeness
) -> None:
    seen = replace(CAMERA, **changed)
    assert compare_marks(Marks(CAMERA), Marks(seen)) is likeness
    assert compare_marks(Marks(seen), Marks(CAMERA)) is likeness
    assert is_same_device(CAMERA, seen) is (likeness is SAME)


@pytest.mark.parametrize(
    ("changed", "do_agree"),
    [
        ({}, True),
        ({"hardware_id": "99"}, True),
        ({"mac": ""}, False),
        ({"serial": ""}, False),
        ({"serial": "0123456789"}, False),
        ({"mac": "02:00:5e:00:00:09"}, False),
    ],
)
def test_one_mark_may_be_that_of_two_units_two_hardly(
    changed: dict[str, str], do_agree: bool
) -> None:
    assert agree_twice(Marks(CAMERA), Marks(replace(CAMERA, **changed))) is do_agree


@pytest.mark.parametrize(
    ("changed", "likeness"),
    [
        ({}, SAME),  # a firmware may draw a new one
        ({"mac": ""}, OTHER),
        ({"serial": ""}, OTHER),
        ({"serial": "", "mac": ""}, OTHER),
    ],
)
def test_endpoint_ids_that_differ_count_unless_serial_and_mac_agree(
    changed: dict[str, str], likeness: Likeness
) -> None:
    seen = Marks(replace(CAMERA, **changed), OTHER_UUID)
    assert compare_marks(Marks(CAMERA, UUID), seen) is likeness


@pytest.mark.parametrize(
    ("changed", "likeness"),
    [
        ({"serial": "SN-78"}, UNCERTAIN),  # a firmware writes another one
        ({"mac": "02:00:5e:00:00:09"}, UNCERTAIN),  # from cable to Wi-Fi
        ({"serial": "SN-78", "mac": ""}, OTHER),
        ({"mac": "02:00:5e:00:00:09", "serial": ""}, OTHER),
        ({"serial": "SN-78", "mac": "02:00:5e:00:00:09"}, OTHER),
        ({"serial": "SN-78", "manufacturer": "N"}, OTHER),
    ],
)
def test_two_marks_of_three_are_a_question_to_a_person(
    changed: dict[str, str], likeness: Likeness
) -> None:
    known, seen = Marks(CAMERA, UUID), Marks(replace(CAMERA, **changed), UUID)
    assert compare_marks(known, seen) is likeness
    assert compare_marks(seen, known) is likeness


@pytest.mark.parametrize(
    "written",
    [
        f"urn:uuid:{UUID}",
        f"uuid:{UUID}",
        f"URN:UUID:{UUID.upper()}",
        f"urn:uuid:{{{UUID.upper()}}}",
        UUID.replace("-", ""),
    ],
)
def test_a_mark_is_the_same_however_it_is_written(written: str) -> None:
    bare = DeviceIdentity("M", "X")
    assert is_same_device(bare, bare, UUID, written)
    assert not is_same_device(bare, bare, OTHER_UUID, written)
    shouted = replace(CAMERA, serial="sn-77", mac="")
    assert is_same_device(CAMERA, shouted)
    # A name that was given stays: it is made of what was told then.
    assert nvr_key(bare, f" {UUID.upper()}") == nvr_key(bare, UUID)


def test_ids_that_are_no_uuids_are_compared_as_they_are() -> None:
    assert endpoint_digits(" urn:uuid:{Camera-1} ") == "{camera-1}"
    assert Marks(CAMERA, "urn:uuid:00000000-0000-0000-0000-000000000000").uuid == ""


def test_what_differs_is_told_as_it_was_and_is() -> None:
    seen = replace(
        CAMERA, serial="SN-78", mac="02:00:5e:00:00:09", model=" x ", hardware_id=""
    )
    assert differences(Marks(CAMERA), Marks(seen)) == {
        Mark.SERIAL: ("SN-77", "SN-78"),
        Mark.MAC: ("02:00:5e:00:00:01", "02:00:5e:00:00:09"),
    }
    more = replace(CAMERA, macs=("02:00:5e:00:00:09",))
    assert not differences(Marks(CAMERA), Marks(more))


def test_what_is_not_told_any_more_stays_known() -> None:
    less = replace(CAMERA, serial="", mac="", firmware="2.0")
    assert with_marks_of(CAMERA, less) == replace(CAMERA, firmware="2.0")


def test_an_endpoint_id_proves_a_device_that_tells_nothing_else() -> None:
    bare = DeviceIdentity("M", "X")
    assert is_same_device(bare, bare, UUID, UUID.upper())
    assert not is_same_device(bare, replace(bare, model="Y"), UUID, UUID)
    assert compare_marks(Marks(bare, "0" * 32), Marks(bare, "0" * 32)) is UNCERTAIN


def test_one_of_several_network_cards_is_enough() -> None:
    wired, wireless = "02:00:5e:00:00:01", "02:00:5e:00:00:02"
    known = DeviceIdentity("M", "X", mac=wired, macs=(wired, wireless))
    seen = DeviceIdentity("M", "X", mac=wireless, macs=(wireless,))
    assert is_same_device(known, seen)
    stranger = replace(seen, mac="02:00:5e:00:00:03", macs=())
    assert compare_marks(Marks(known), Marks(stranger)) is OTHER


def test_addresses_typed_by_somebody_are_none() -> None:
    made_up = {"00:00:00:00:00:00", "11:11:11:11:11:11", "01:23:45:67:89:ab"}
    assert Marks(DeviceIdentity(macs=tuple(made_up))).macs == frozenset()


def test_what_an_entry_keeps_is_read_again_also_of_an_older_version() -> None:
    told = replace(CAMERA, macs=(CAMERA.mac,))
    kept = json.loads(json.dumps(asdict(told)))
    assert DeviceIdentity.of_data(kept) == told
    kept.pop("macs")
    assert is_same_device(DeviceIdentity.of_data(kept), told)


identities = st.builds(
    DeviceIdentity,
    st.sampled_from(["", "M", "N"]),
    st.sampled_from(["", "X", "Y"]),
    st.just("1"),
    st.sampled_from(["", "SN-77", "SN-78", "0123456789"]),
    st.sampled_from(["", "88"]),
    st.sampled_from(["", "02:00:5e:00:00:01", "02:00:5e:00:00:02"]),
)
readings = st.builds(Marks, identities, st.sampled_from(["", UUID, OTHER_UUID]))


@settings(max_examples=200)
@given(readings, readings)
def test_comparing_does_not_depend_on_who_came_first(one: Marks, two: Marks) -> None:
    assert compare_marks(one, two) is compare_marks(two, one)
    assert compare_marks(one, one) is not OTHER
    if one.serial and two.serial and one.serial != two.serial:
        # Unless the card of the network and the endpoint id are those of the other.
        is_likely = one.macs & two.macs and one.uuid and one.uuid == two.uuid
        assert compare_marks(one, two) is not SAME
        assert compare_marks(one, two) is OTHER or is_likely


@settings(max_examples=60)
@given(st.text(max_size=12), st.text(max_size=12), st.text(max_size=6))
def test_keys_are_the_same_every_time_and_safe_in_paths(
    serial: str, hardware: str, maker: str
) -> None:
    identity = DeviceIdentity(maker, "X", "1", serial, hardware, "")
    assert nvr_key(identity, "u") == nvr_key(identity, "u")
    assert re.fullmatch(r"[0-9a-f]{20}", nvr_key(identity))

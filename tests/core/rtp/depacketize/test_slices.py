"""Pictures of several slices, start codes where none belong, sets that change."""

# Reads private members: the bound of a picture is lowered: a real one is megabytes.

from collections.abc import Iterable

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.frames import AccessUnit, Codec
from custom_components.vtrack_nvr.core.rtp.depacketize.h264 import H264Depacketizer
from custom_components.vtrack_nvr.core.rtp.depacketize.h265 import H265Depacketizer
from custom_components.vtrack_nvr.core.rtp.depacketize.sets import ParameterSets
from custom_components.vtrack_nvr.core.rtp.replay_extension import (
    CLEAN,
    LAST,
    ReplayStamp,
)
from tests.core.media.test_picture_size import Writer

from ..packets import fragment_h264, fragment_h265

CODE = b"\0\0\0\1"
BODY = bytes(range(1, 120))
both = pytest.mark.parametrize("codec", [Codec.H264, Codec.H265])


def sps(number: int, width: int = 10, profile: int = 66) -> bytes:
    body = Writer().ue(number, 0, 2, 1).u(0, 1).ue(width - 1, 9).u(0b1100, 4)
    return bytes((0x67, profile, 0, 30)) + body.data()


def pps(number: int, sequence: int = 0, more: int = 0) -> bytes:
    return b"\x68" + Writer().ue(number, sequence, more).data()


def slice_of(picture_set: int, kind: int = 0x65, first: int = 0) -> bytes:
    return bytes((kind,)) + Writer().ue(first, 7, picture_set).data() + BODY


class Case:
    """A codec's NAL units: parameter sets, a key picture and others in two slices."""

    def __init__(self, codec: Codec) -> None:
        self.out: list[AccessUnit] = []
        self.sequence = 0
        if codec is Codec.H264:
            self.sets = (sps(0), pps(0))
            self.key = (slice_of(0), slice_of(0, first=40))
            self.other = (slice_of(0, 0x41), slice_of(0, 0x41, 40))
            self.message, self.delimiter = b"\x06\x05\x01\x80", b"\x09\x10"
            self.depacketizer = H264Depacketizer(0, self.out, (), 100_000)
            self.fragment = fragment_h264
            self.head = 1
        else:
            self.sets = tuple(bytes((k << 1, 1)) + b"set" for k in (32, 33, 34))
            self.key = tuple(bytes((40, 1, b)) + BODY for b in (0xA0, 0x20))
            self.other = tuple(bytes((2, 1, b)) + BODY for b in (0xD0, 0x50))
            self.message, self.delimiter = b"\x4e\x01\x05\x01\x80", b"\x46\x01\x50"
            self.depacketizer = H265Depacketizer(0, self.out, (), 100_000)
            self.fragment = fragment_h265
            self.head = 2

    def feed(
        self,
        payload: bytes,
        timestamp: int,
        *,
        marker: bool = False,
        lost: bool = False,
        stamp: ReplayStamp | None = None,
    ) -> None:
        self.depacketizer.push(memoryview(payload), timestamp, marker, stamp, lost)
        self.depacketizer.release(timestamp)

    def aggregate(self, *nals: bytes) -> bytes:
        front = b"\x78" if self.head == 1 else b"\x60\x01"
        return front + b"".join(len(nal).to_bytes(2) + nal for nal in nals)

    def units(self) -> list[bytes]:
        self.depacketizer.end_marked()
        return [unit.data for unit in self.out]


def annex_b(nals: Iterable[bytes]) -> bytes:
    return b"".join(CODE + nal for nal in nals)


@both
def test_a_marker_on_every_slice_does_not_cut_the_picture(codec: Codec) -> None:
    case = Case(codec)
    for item in (*case.sets, *case.key):
        case.feed(item, 0, marker=True)
    for number in range(1, 4):
        for item in case.other:
            case.feed(item, number, marker=True)
    assert case.units() == [
        annex_b((*case.sets, *case.key)),
        *[annex_b(case.other)] * 3,
    ]
    assert not any(unit.is_damaged for unit in case.out)


@both
def test_so_it_is_with_fragments_and_aggregations(codec: Codec) -> None:
    case = Case(codec)
    case.feed(case.aggregate(*case.sets), 0, marker=True)
    for item in case.key:
        payloads = list(case.fragment(item, 30))
        for payload in payloads:
            case.feed(payload, 0, marker=payload is payloads[-1])
    for item in case.other:
        case.feed(case.aggregate(item), 1, marker=True)
    assert case.units() == [annex_b((*case.sets, *case.key)), annex_b(case.other)]
    assert not any(unit.is_damaged for unit in case.out)


@both
def test_pictures_of_one_time_are_told_apart_by_their_markers(codec: Codec) -> None:
    case = Case(codec)
    for _ in range(3):
        case.feed(case.other[0], 7, marker=True)
    case.feed(case.aggregate(case.message, case.other[0]), 7, marker=True)
    assert len(case.units()) == 4


@both
def test_a_message_alone_at_the_time_of_a_picture_goes_to_the_next(
    codec: Codec,
) -> None:
    case = Case(codec)
    case.feed(case.other[0], 1, marker=True)
    case.feed(case.message, 1, marker=True)
    case.feed(case.delimiter, 2)
    case.feed(case.other[0], 2, marker=True)
    assert case.units() == [
        annex_b(case.other[:1]),
        annex_b((case.message, case.other[0])),
    ]


@both
def test_a_unit_waits_for_what_follows_its_marker(codec: Codec) -> None:
    case = Case(codec)
    case.feed(case.other[0], 1, marker=True)
    assert case.out == []
    assert case.depacketizer.is_holding
    assert case.depacketizer.held_place == 0
    case.feed(case.other[1], 1, marker=True)
    assert not case.depacketizer.is_holding, "this device marks slices"
    case.feed(case.other[0], 2, marker=True)
    [unit] = case.out
    assert unit.arrival_ms == 1, "it came before the packet that ended it"


@both
def test_a_lost_slice_of_a_device_that_marks_each_damages_the_picture(
    codec: Codec,
) -> None:
    case = Case(codec)
    for number in (1, 2):
        case.feed(case.other[0], number, marker=True)
        case.feed(case.other[1], number, marker=True)
    case.feed(case.other[0], 3, marker=True)
    case.feed(case.other[0], 4, marker=True, lost=True)
    case.feed(case.other[1], 4, marker=True)
    case.units()
    assert [unit.is_damaged for unit in case.out] == [False, False, True, False]


@both
@pytest.mark.parametrize("mark", [CODE, CODE[1:], b"\0\0" + CODE])
@pytest.mark.parametrize("how", ["single", "aggregated", "fragments", "raw fragments"])
def test_start_codes_inside_a_unit_part_it(codec: Codec, mark: bytes, how: str) -> None:
    case = Case(codec)
    nals = (*case.sets, case.message, *case.key)
    whole = mark.join(nals) + b"\0\0\0"
    if how == "raw fragments":
        whole = mark + whole
    payloads = {
        "single": [whole],
        "aggregated": [case.aggregate(case.delimiter, whole)],
    }.get(how) or list(case.fragment(whole, 50))
    for payload in payloads:
        case.feed(payload, 5, marker=payload is payloads[-1])
    assert case.units() == [annex_b(nals)]
    assert case.out[0].is_key
    assert not case.out[0].is_damaged
    assert case.depacketizer.parameter_sets == case.sets


@both
def test_zeros_behind_a_unit_are_no_part_of_it(codec: Codec) -> None:
    case = Case(codec)
    for item in case.sets:
        case.feed(item + b"\0\0", 1)
    payloads = list(case.fragment(case.key[0] + b"\0\0", 50))
    for payload in payloads:
        case.feed(payload, 1)
    case.feed(case.key[1] + b"\0", 1, marker=True)
    assert case.units() == [annex_b((*case.sets, *case.key))]


@both
def test_a_key_picture_without_any_sets_cannot_begin_a_file(codec: Codec) -> None:
    case = Case(codec)
    case.feed(case.key[0], 1, marker=True)
    for item in (*case.sets, case.key[0]):
        case.feed(item, 2, marker=item is case.key[0])
    case.feed(case.key[0], 3, marker=True)
    assert case.units()[-1] == annex_b((*case.sets, case.key[0]))
    assert [unit.is_key for unit in case.out] == [False, True, True]


@both
def test_sets_in_fragments_damage_nothing_and_count(codec: Codec) -> None:
    case = Case(codec)
    for item in case.sets:
        for payload in case.fragment(item, 2):
            case.feed(payload, 1)
    case.feed(case.key[0], 1, marker=True)
    assert case.units() == [annex_b((*case.sets, case.key[0]))]
    assert not case.out[0].is_damaged
    small = Case(codec)
    small.depacketizer._limit = 150
    payloads = list(small.fragment(small.message[: small.head] + BODY * 3, 60))

    def go_on() -> None:
        for payload in payloads:
            small.feed(payload, 1)

    with pytest.raises(NvrError) as caught:
        go_on()
    assert caught.value.kind is ErrorKind.PROTOCOL


@both
def test_the_last_fragment_counts_towards_the_limit(codec: Codec) -> None:
    case = Case(codec)
    case.depacketizer._limit = 140
    *most, last = case.fragment(case.other[0][: case.head] + BODY * 2, 119)
    for payload in most:
        case.feed(payload, 1)
    with pytest.raises(NvrError):
        case.feed(last, 1)


@both
def test_the_first_fragment_counts_towards_the_limit(codec: Codec) -> None:
    case = Case(codec)
    case.depacketizer._limit = 300
    payloads = [item for _ in range(4) for item in case.fragment(case.other[0], 110)]

    def go_on() -> None:
        for payload in payloads:
            case.feed(payload, 1)

    with pytest.raises(NvrError):
        go_on()


@both
def test_a_message_cut_off_damages_its_own_picture_only(codec: Codec) -> None:
    case = Case(codec)
    case.feed(case.other[0], 1)
    case.feed(next(case.fragment(case.message + BODY, 20)), 1)
    case.feed(case.other[0], 2, marker=True)
    case.feed(case.other[0], 3, marker=True)
    case.units()
    assert [unit.is_damaged for unit in case.out] == [True, False, False]


@both
def test_endless_parameter_sets_are_refused(codec: Codec) -> None:
    case = Case(codec)
    case.depacketizer._limit = 1 << 40

    def go_on() -> None:
        for number in range(70_000):
            case.feed(case.sets[0], number, marker=True)

    with pytest.raises(NvrError):
        go_on()


def test_flags_of_sets_alone_do_not_stick_to_the_next_picture() -> None:
    case = Case(Codec.H264)
    case.feed(sps(0), 0, stamp=ReplayStamp(1, LAST, 9))
    case.feed(pps(0), 3600, stamp=ReplayStamp(2, CLEAN, 9))
    case.feed(slice_of(0), 3600, marker=True)
    case.units()
    assert (case.out[0].is_last, case.out[0].is_clean) == (False, True)
    assert case.out[0].time_us == 2


def test_a_picture_brings_the_sets_it_refers_to() -> None:
    case = Case(Codec.H264)
    sent = (sps(0), pps(0), sps(1, width=20), pps(1, 1), pps(2, 1))
    for item in (*sent, slice_of(1)):
        case.feed(item, 0, marker=item[0] == 0x65)
    case.feed(slice_of(0), 1, marker=True)
    changed = pps(2, 1, more=3)
    case.feed(changed, 2)
    case.feed(slice_of(2), 2, marker=True)
    case.feed(slice_of(9), 3, marker=True)
    assert case.units() == [
        annex_b((sps(1, width=20), pps(1, 1), pps(2, 1), slice_of(1))),
        annex_b((sps(0), pps(0), slice_of(0))),
        annex_b((sps(1, width=20), pps(1, 1), changed, slice_of(2))),
        annex_b((sps(0), sps(1, width=20), pps(0), pps(1, 1), changed, slice_of(9))),
    ]


def test_sets_with_other_ids_than_the_descriptions_are_the_ones_that_count() -> None:
    out: list[AccessUnit] = []
    made = H264Depacketizer(0, out, (sps(0), pps(0)), 100_000)
    for item in (sps(3, width=20), pps(5, 3), slice_of(5)):
        made.push(memoryview(item), 0, item[0] == 0x65, None, False)
    made.end_marked()
    assert out[0].data == annex_b((sps(3, width=20), pps(5, 3), slice_of(5)))


def test_only_so_many_sets_are_kept() -> None:
    kept = ParameterSets(Codec.H264)
    for number in range(200):
        kept.add(pps(number))
    assert len(kept.all) == 64
    assert kept.all[-1] == pps(199)
    kept.add(b"\x68" + bytes(20_000))
    kept.add(b"")
    kept.add(b"\x65\x88")
    assert len(kept.all) == 64

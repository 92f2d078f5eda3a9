import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.frames import AccessUnit
from custom_components.vtrack_nvr.core.rtp.depacketize.h264 import H264Depacketizer
from custom_components.vtrack_nvr.core.rtp.replay_extension import (
    CLEAN,
    LAST,
    TERMINAL,
    ReplayStamp,
)

from ..packets import fragment_h264

CODE = b"\0\0\0\1"
SPS, SPS2 = b"\x67\x42\x00\x1e\x01", b"\x67\x64\x00\x28\x02"
PPS, PPS2 = b"\x68\xce\x3c", b"\x68\xee\x3d"
IDR = b"\x65\x88" + bytes(range(200))
P = b"\x41\x9a" + bytes(range(100, 200))
P_SECOND_SLICE = b"\x41\x1a" + bytes(range(1, 51))
AUD = b"\x09\x10"
SEI = b"\x06\x05\x01\x80"


def annex_b(*nals: bytes) -> bytes:
    return b"".join(CODE + nal for nal in nals)


class Feed:
    """Pushes payloads of one unit after the other, as a track would."""

    def __init__(self, sets: tuple[bytes, ...] = (), limit: int = 10_000) -> None:
        self._out: list[AccessUnit] = []
        self.depacketizer = H264Depacketizer(5, self._out, sets, limit)

    @property
    def out(self) -> list[AccessUnit]:
        """Return what has come out once nothing more comes for a moment."""
        self.depacketizer.end_marked()
        return self._out

    def __call__(
        self,
        payload: bytes,
        timestamp: int = 0,
        marker: bool = False,
        stamp: ReplayStamp | None = None,
        lost: bool = False,
    ) -> None:
        self.depacketizer.push(memoryview(payload), timestamp, marker, stamp, lost)


@pytest.fixture
def feed() -> Feed:
    return Feed()


def test_a_single_nal_unit_is_a_unit_at_its_marker(feed: Feed) -> None:
    feed(P, 3600, marker=True)
    assert feed.out == [AccessUnit(5, annex_b(P), 3600, None, False)]


def test_a_changed_timestamp_ends_a_unit_without_marker(feed: Feed) -> None:
    feed(P, 0)
    feed(P_SECOND_SLICE, 0)
    feed(P, 3600)
    assert [unit.data for unit in feed.out] == [annex_b(P, P_SECOND_SLICE)]
    assert not feed.out[0].is_damaged


def test_fragments_become_the_nal_unit_they_were() -> None:
    feed = Feed((SPS, PPS))
    for size in (1, 7, 100, 500):
        for payload in fragment_h264(IDR, size):
            feed(payload, size)
        feed(P_SECOND_SLICE, size, marker=True)
    whole = annex_b(SPS, PPS, IDR, P_SECOND_SLICE)
    assert [unit.data for unit in feed.out] == [whole] * 4
    assert all(unit.is_key and not unit.is_damaged for unit in feed.out)


def test_an_aggregation_is_split_and_its_sets_are_seen(feed: Feed) -> None:
    stap = b"\x78" + b"".join(
        len(nal).to_bytes(2) + nal for nal in (AUD, SPS, PPS, SEI, IDR)
    )
    feed(stap, marker=True)
    assert feed.out[0].data == annex_b(SPS, PPS, SEI, IDR)
    assert feed.out[0].is_key
    assert feed.depacketizer.parameter_sets == (SPS, PPS)


def test_delimiters_are_stripped(feed: Feed) -> None:
    feed(AUD)
    feed(P, marker=True)
    assert feed.out[0].data == annex_b(P)


def test_key_units_carry_the_sets_of_the_session_description() -> None:
    feed = Feed((PPS, SPS))
    feed(IDR, marker=True)
    feed(P, 3600, marker=True)
    assert [unit.data for unit in feed.out] == [annex_b(SPS, PPS, IDR), annex_b(P)]


def test_sets_in_the_stream_win_over_the_description() -> None:
    feed = Feed((SPS, PPS))
    for nal in (SPS2, PPS2, IDR):
        feed(nal, 0, marker=nal is IDR)
    feed(IDR, 3600, marker=True)
    assert [unit.data for unit in feed.out] == [annex_b(SPS2, PPS2, IDR)] * 2
    assert feed.depacketizer.parameter_sets == (SPS2, PPS2)


def test_a_key_unit_with_only_some_sets_gets_all() -> None:
    feed = Feed((SPS, PPS))
    feed(PPS2)
    feed(IDR, marker=True)
    assert feed.out[0].data == annex_b(SPS, PPS2, IDR)


def test_marked_parameter_sets_belong_to_the_next_picture(feed: Feed) -> None:
    feed(SPS, 0, marker=True)
    feed(PPS, 0, marker=True)
    feed(IDR, 3600, marker=True)
    assert [(unit.rtp_time, unit.data) for unit in feed.out] == [
        (3600, annex_b(SPS, PPS, IDR))
    ]


def test_fragmented_parameter_sets_are_seen(feed: Feed) -> None:
    for payload in fragment_h264(SPS, 2):
        feed(payload)
    feed(PPS)
    feed(IDR, marker=True)
    assert feed.out[0].data == annex_b(SPS, PPS, IDR)
    assert feed.depacketizer.parameter_sets == (SPS, PPS)


def test_a_fragment_that_is_start_and_end_is_whole(feed: Feed) -> None:
    for nal in (SPS, PPS, IDR):
        for payload in fragment_h264(nal, 5000):
            feed(payload, marker=nal is IDR)
    assert feed.out[0].data == annex_b(SPS, PPS, IDR)


def test_start_codes_inside_a_payload_are_understood(feed: Feed) -> None:
    feed(annex_b(SPS, PPS) + b"\0\0\1" + IDR, marker=True)
    assert feed.out[0].data == annex_b(SPS, PPS, IDR)
    assert feed.out[0].is_key


def test_the_first_stamp_dates_the_unit_and_all_flags_count(feed: Feed) -> None:
    first, *middle, last = fragment_h264(IDR, 50)
    feed(first, stamp=ReplayStamp(111, CLEAN, 9))
    for payload in middle:
        feed(payload)
    feed(last, marker=True, stamp=ReplayStamp(222, LAST | TERMINAL, 9))
    unit = feed.out[0]
    assert unit.time_us == 111
    assert unit.play_cseq == 9
    assert (unit.is_clean, unit.is_last, unit.is_terminal) == (True, True, True)
    assert not unit.is_discontinuous


def test_a_stamp_is_not_taken_over_into_the_next_unit(feed: Feed) -> None:
    feed(P, 0, marker=True, stamp=ReplayStamp(111, CLEAN, 9))
    feed(P, 0, marker=True)
    feed(P, 9, marker=True)
    assert [unit.time_us for unit in feed.out] == [111, None, None]


def test_a_lost_middle_fragment_damages_the_unit_only(feed: Feed) -> None:
    first, _, *rest = fragment_h264(IDR, 50)
    feed(first)
    feed(rest[0], lost=True)
    for payload in rest[1:]:
        feed(payload, marker=payload is rest[-1])
    feed(P, 3600, marker=True)
    assert [unit.is_damaged for unit in feed.out] == [True, False]


def test_a_lost_end_damages_the_unit_and_not_the_next(feed: Feed) -> None:
    first, second, *_ = fragment_h264(IDR, 50)
    feed(first)
    feed(second)
    feed(P, 3600, marker=True, lost=True)
    assert [unit.is_damaged for unit in feed.out] == [True, False]


def test_a_lost_start_damages_the_unit(feed: Feed) -> None:
    feed(P, 0, marker=True)
    _, second, *rest = fragment_h264(IDR, 50)
    feed(second, 3600, lost=True)
    for payload in rest:
        feed(payload, 3600)
    feed(P_SECOND_SLICE, 3600, marker=True)
    assert [unit.is_damaged for unit in feed.out] == [False, True]


def test_a_slice_that_is_not_the_first_shows_the_loss_before_it(feed: Feed) -> None:
    feed(P_SECOND_SLICE, 0, marker=True, lost=True)
    feed(next(fragment_h264(P_SECOND_SLICE, 20)), 1, lost=True)
    feed(P, 2, marker=True, lost=True)
    feed(SPS, 3, lost=True)
    feed(P, 3, marker=True)
    feed(b"\x41\x9a", 4, lost=True)
    feed(P, 4, marker=True)
    assert [unit.is_damaged for unit in feed.out] == [True, True, False, False, True]


def test_an_unfinished_fragment_damages_its_unit(feed: Feed) -> None:
    first, *_ = fragment_h264(IDR, 50)
    feed(first, 0, marker=True)
    feed(first, 1)
    feed(P, 2, marker=True)
    feed(first, 3)
    feed(first, 3)
    feed(P_SECOND_SLICE, 3, marker=True)
    assert [unit.is_damaged for unit in feed.out] == [True, True, False, True]


def test_what_is_not_understood_damages_its_unit(feed: Feed) -> None:
    for number, payload in enumerate(
        (
            b"\x1d\x00\x00\x00",  # FU-B
            b"\x00\x01\x02\x03",
            b"\x78\x00\x50\x41",
            b"\x79\x00\x00" + len(P).to_bytes(2) + P,  # STAP-B
            b"\x7a\x00\x00\x00\x05\x00\x00\x00" + P,  # MTAP16
            b"\x7b\x00\x00\x00\x05\x00\x00\x00\x00" + P,  # MTAP24
            b"\x78\x00\x03\x78\x00\x01",  # STAP-A in STAP-A
            b"\x7c\xdc\x00\x00",  # FU-A in FU-A
            b"\x7c\xc0\x00\x00",  # nothing in FU-A
        )
    ):
        feed(payload, number)
        feed(P, number, marker=True)
    assert [unit.is_damaged for unit in feed.out] == [True] * 9
    assert [unit.data for unit in feed.out] == [annex_b(P)] * 9


def test_fragments_of_what_is_none_are_not_kept(feed: Feed) -> None:
    head, *_ = fragment_h264(b"\x7c" + bytes(100), 50)
    feed(head)
    feed(b"\x7c\x1c" + bytes(50))
    feed(P, marker=True)
    assert [(unit.data, unit.is_damaged) for unit in feed.out] == [(annex_b(P), True)]


@pytest.mark.parametrize("kind", [1, 6])
def test_a_unit_in_endless_empty_pieces_is_refused(feed: Feed, kind: int) -> None:
    first, middle = bytes((0x7C, 0x80 | kind)), bytes((0x7C, kind))
    feed(first + b"\x80")

    def go_on() -> None:
        for _ in range(100_000):
            feed(middle)
            feed.depacketizer.release()

    with pytest.raises(NvrError) as error:
        go_on()
    assert error.value.kind is ErrorKind.PROTOCOL


def test_empty_payloads_are_nothing(feed: Feed) -> None:
    for payload in (b"", b"\x41", b"\x78\x00\x00\x00", b"\x78\x00\x01\x41"):
        feed(payload, marker=True)
    assert feed.out == []


def test_a_unit_beyond_its_bound_is_refused() -> None:
    feed = Feed(limit=300)
    feed(P)
    for _ in range(3):
        feed(P_SECOND_SLICE)
    with pytest.raises(NvrError) as error:
        feed(P_SECOND_SLICE)
    assert error.value.kind is ErrorKind.PROTOCOL


def test_sets_without_a_picture_are_bounded_too() -> None:
    feed = Feed(limit=300)
    for number in range(33):
        feed(SPS, number, marker=True)
    with pytest.raises(NvrError):
        feed(SPS, 34, marker=True)


def test_release_makes_the_unit_independent_of_the_buffer(feed: Feed) -> None:
    buffer = bytearray(b"".join(fragment_h264(P, 2000)))
    first, second, third = fragment_h264(P, 40)
    for payload in (first, second, third):
        buffer = bytearray(payload)
        feed.depacketizer.push(memoryview(buffer), 0, payload is third, None, False)
        feed.depacketizer.release()
        buffer[:] = bytes(len(buffer))
    assert feed.out[0].data == annex_b(P)


def test_finish_hands_out_the_last_unit_of_a_stream_without_markers(feed: Feed) -> None:
    feed(P, 0)
    feed(P, 3600)
    feed.depacketizer.finish()
    feed.depacketizer.finish()
    assert [unit.rtp_time for unit in feed.out] == [0, 3600]


def test_finish_keeps_an_unmarked_unit_back_where_markers_are_used(feed: Feed) -> None:
    feed(P, 0, marker=True)
    feed(P, 3600)
    feed.depacketizer.finish()
    assert [unit.rtp_time for unit in feed.out] == [0]


def test_finish_keeps_a_fragment_back(feed: Feed) -> None:
    feed(next(fragment_h264(P, 20)), 0)
    feed.depacketizer.finish()
    assert feed.out == []


def test_reset_forgets_the_unit_in_the_making(feed: Feed) -> None:
    feed(P, 0)
    feed.depacketizer.reset()
    feed(P_SECOND_SLICE, 0, marker=True)
    assert feed.out[0].data == annex_b(P_SECOND_SLICE)

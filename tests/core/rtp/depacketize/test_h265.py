import pytest

from custom_components.vtrack_nvr.core.frames import AccessUnit
from custom_components.vtrack_nvr.core.rtp.depacketize.h265 import H265Depacketizer

from ..packets import fragment_h265

CODE = b"\0\0\0\1"


def nal(kind: int, body: bytes) -> bytes:
    return bytes((kind << 1, 1)) + body


VPS, SPS, PPS = nal(32, b"vps"), nal(33, b"sps"), nal(34, b"pps")
IDR = nal(19, b"\xa0" + bytes(range(150)))
CRA = nal(21, b"\x80cra")
P = nal(1, b"\xd0" + bytes(range(90)))
P_SECOND = nal(1, b"\x50" + bytes(30))
AUD = nal(35, b"\x50")
SEI = nal(39, b"\x01\x00\x80")


def annex_b(*nals: bytes) -> bytes:
    return b"".join(CODE + item for item in nals)


class Feed:
    def __init__(self, sets: tuple[bytes, ...] = ()) -> None:
        self._out: list[AccessUnit] = []
        self.depacketizer = H265Depacketizer(1, self._out, sets, 10_000)

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
        lost: bool = False,
    ) -> None:
        self.depacketizer.push(memoryview(payload), timestamp, marker, None, lost)


@pytest.fixture
def feed() -> Feed:
    return Feed()


def test_single_units_and_fragments_make_a_unit(feed: Feed) -> None:
    for item in (AUD, VPS, SPS, PPS, SEI):
        feed(item)
    payloads = list(fragment_h265(IDR, 40))
    for payload in payloads:
        feed(payload, marker=payload is payloads[-1])
    assert feed.out == [AccessUnit(1, annex_b(VPS, SPS, PPS, SEI, IDR), 0, None, True)]
    assert feed.depacketizer.parameter_sets == (VPS, SPS, PPS)


def test_an_aggregation_is_split(feed: Feed) -> None:
    items = (VPS, SPS, PPS, CRA)
    feed(nal(48, b"".join(len(item).to_bytes(2) + item for item in items)), marker=True)
    assert feed.out[0].data == annex_b(*items)
    assert feed.out[0].is_key


def test_key_units_carry_the_sets_in_decoder_order() -> None:
    feed = Feed((PPS, VPS, SPS))
    feed(IDR, marker=True)
    feed(P, 1, marker=True)
    assert [unit.data for unit in feed.out] == [
        annex_b(VPS, SPS, PPS, IDR),
        annex_b(P),
    ]
    assert [unit.is_key for unit in feed.out] == [True, False]


def test_fragmented_sets_are_seen(feed: Feed) -> None:
    for item in (VPS, SPS, PPS):
        for payload in fragment_h265(item, 1):
            feed(payload)
    feed(IDR, marker=True)
    assert feed.out[0].data == annex_b(VPS, SPS, PPS, IDR)
    assert feed.depacketizer.parameter_sets == (VPS, SPS, PPS)


def test_losses_damage_the_units_they_touch(feed: Feed) -> None:
    feed(P_SECOND, 0, marker=True, lost=True)
    feed(P, 1, marker=True, lost=True)
    first, *rest = fragment_h265(P, 30)
    feed(first, 2, lost=True)
    feed(rest[-1], 2, marker=True, lost=True)
    feed(rest[0], 3, lost=True)
    feed(P_SECOND, 3, marker=True)
    feed(VPS, 4, lost=True)
    feed(P, 4, marker=True)
    feed(nal(1, b"\x80"), 5, marker=True, lost=True)
    assert [unit.is_damaged for unit in feed.out] == [
        True,
        False,
        True,
        True,
        False,
        True,
    ]


def test_what_is_not_understood_damages_its_unit(feed: Feed) -> None:
    nested = nal(48, len(P).to_bytes(2) + P)
    for number, payload in enumerate(
        (
            nal(50, b"paci"),
            nal(63, b"odd"),
            nal(48, len(nested).to_bytes(2) + nested),
            nal(49, b"\xf1\x00\x00"),  # FU in FU
        )
    ):
        feed(payload, number)
        feed(P, number, marker=True)
    assert [unit.is_damaged for unit in feed.out] == [True] * 4
    assert [unit.data for unit in feed.out] == [annex_b(P)] * 4

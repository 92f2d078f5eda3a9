import pytest

from custom_components.vtrack_nvr.core.bits import BitReader


def test_reading_bits_beyond_the_end_fails() -> None:
    bits = BitReader(b"\xa5")
    assert [bits.read(4), bits.read(3), bits.left] == [10, 2, 1]
    with pytest.raises(IndexError):
        bits.read(2)


@pytest.mark.parametrize(
    ("coded", "number", "signed"),
    [("1", 0, 0), ("010", 1, 1), ("011", 2, -1), ("00100", 3, 2), ("00111", 6, -3)],
)
def test_exp_golomb_numbers(coded: str, number: int, signed: int) -> None:
    data = int(coded.ljust(8, "0"), 2).to_bytes()
    assert BitReader(data).ue() == number
    assert BitReader(data).se() == signed


def test_endless_zeros_are_no_exp_golomb_number() -> None:
    with pytest.raises(ValueError, match="Exp-Golomb"):
        BitReader(bytes(100)).ue()
    with pytest.raises(IndexError):
        BitReader(bytes(2)).ue()

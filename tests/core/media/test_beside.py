"""Which sound belongs to a group, and how it is coded."""

from dataclasses import replace

from hypothesis import given, strategies as st

from custom_components.vtrack_nvr.core.frames import (
    AccessUnit,
    Codec,
    TrackFormat,
    TrackKind,
)
from custom_components.vtrack_nvr.core.media.beside import (
    HeardFormat,
    is_of,
    lost_notice,
    share,
)
from custom_components.vtrack_nvr.core.media.units import Gop, TimedUnit

AAC = TrackFormat(TrackKind.AUDIO, Codec.AAC, 16_000, config=b"\x14\x08")
PCMU = TrackFormat(TrackKind.AUDIO, Codec.PCMU, 8_000)
PCMA = TrackFormat(TrackKind.AUDIO, Codec.PCMA, 8_000)
OTHER = b"\x11\x90"


def unit(**more: object) -> TimedUnit:
    return TimedUnit(0, AccessUnit(1, b"x", 0, None, is_key=True)._replace(**more))


def group(*audio: TimedUnit) -> Gop:
    return Gop([], audio=list(audio))


@given(st.lists(st.integers(0, 1_000)), st.integers(0, 1_000), st.integers(0, 1_000))
def test_sound_is_parted_by_time_alone(times: list[int], start: int, more: int) -> None:
    sound = [unit()._replace(time_us=at) for at in times]
    shares = share(sound, start, start + more)
    earlier, beside, later = ([each.time_us for each in part] for part in shares)
    assert earlier + beside + later == sorted(times)
    assert all(at < start for at in earlier)
    assert all(start <= at < start + more for at in beside)
    assert all(at >= start + more for at in later)


def test_what_frames_tell_stays_until_they_tell_otherwise() -> None:
    heard = HeardFormat(AAC)
    assert heard.of(group(unit())) is AAC
    told = heard.of(group(unit(), unit(config=OTHER)))
    assert told == replace(AAC, config=OTHER)
    assert heard.of(group()) is told
    assert heard.of(group(unit())) is told
    assert heard.of(group(unit(config=AAC.config))) == AAC


def test_a_track_of_several_formats_changes_and_comes_back() -> None:
    heard = HeardFormat(PCMU)
    kinds = [PCMU, PCMA, PCMA, PCMU]
    assert [heard.of(group(unit(format=kind))) for kind in kinds] == kinds


def test_only_units_of_its_kind_go_into_a_clip() -> None:
    assert is_of(unit().unit, PCMU)
    assert is_of(unit(format=PCMU).unit, PCMU)
    assert not is_of(unit(format=PCMA).unit, PCMU)
    assert is_of(unit(config=AAC.config).unit, AAC)
    assert not is_of(unit(config=OTHER).unit, AAC)


def test_lost_sound_is_told_in_seconds() -> None:
    assert lost_notice(0) == ""
    assert lost_notice(20_000).startswith("0.1 s of sound")
    assert lost_notice(4_500_000).startswith("4.5 s of sound")

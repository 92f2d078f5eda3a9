"""What a device writes of itself is one short line that moves no cursor."""

import unicodedata

from hypothesis import given, strategies as st
import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.models import Channel, DeviceIdentity, Recording
from custom_components.vtrack_nvr.core.onvif.device import scope_text, scope_values
from custom_components.vtrack_nvr.core.onvif.probe_match import FoundDevice
from custom_components.vtrack_nvr.core.texts import LENGTH, clean, escape_markdown


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Front door", "Front door"),
        ("  Einfahrt\tSüd\r\n2 ", "Einfahrt Süd 2"),
        ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("a\x00b\x9bc\x7f", "abc"),
        ("exe.\u202egpj", "exe.gpj"),
        ("\u2066x\u2069\u200e\ufeff", "x"),
        ("门口 📷 é", "门口 📷 é"),
        ("", ""),
    ],
)
def test_a_text_is_one_line_without_what_is_not_seen(written: str, shown: str) -> None:
    assert clean(written) == shown


@given(st.text())
def test_nothing_that_moves_a_cursor_or_turns_the_writing_gets_through(
    written: str,
) -> None:
    shown = clean(written)
    assert len(shown) <= LENGTH
    assert not any(
        unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"}
        or unicodedata.bidirectional(c)
        in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
        for c in shown
    )
    assert clean(shown) == shown


def test_a_text_is_cut_before_it_costs_anything() -> None:
    assert len(clean("a." * 2_000_000)) == LENGTH
    assert clean("a" * (LENGTH + 1)).endswith("…")
    assert clean("a" * LENGTH) == "a" * LENGTH


def test_every_value_that_a_device_fills_is_clean() -> None:
    bad = "\x1b[2J" + "M" * 5_000
    identity = DeviceIdentity(model=bad, manufacturer=bad, serial=bad)
    texts = [
        identity.model,
        identity.manufacturer,
        identity.serial,
        Channel("t", 1, bad).name,
        Recording("t", source_name=bad, content=bad).source_name,
        FoundDevice("host", 80, name=bad, location=bad).name,
        scope_text(scope_values(["onvif://www.onvif.org/name/A%1B%5B31m%0Ab"]), "name"),
    ]
    assert all("\x1b" not in text and len(text) <= LENGTH for text in texts)
    assert texts[-1] == "A[31m b"


def test_an_error_is_one_line_in_a_log() -> None:
    error = NvrError(ErrorKind.PROTOCOL, "fault\r\n\x1b[1mFAKE LINE" + "x" * 9_000)
    assert "\n" not in str(error)
    assert "\x1b" not in str(error)
    assert len(str(error)) < 400


@pytest.mark.parametrize(
    "written",
    [
        "![x](http://127.0.0.1/beacon.png)",
        "[sign in](http://evil.example)",
        "<img src=x>",
        "# big `code` **bold** _it_ ~~no~~ | table |",
        "http://evil.example/login",
    ],
)
def test_markdown_of_a_device_is_shown_and_not_rendered(written: str) -> None:
    escaped = escape_markdown(written)
    assert escaped.replace("\\", "") == written
    for sign in "![]()<>#`*_~|:":
        assert sign not in escaped.replace(f"\\{sign}", "")

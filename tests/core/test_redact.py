"""No secret and no identity survives, and what is left can still be understood."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
import html
import json
import math
import re
import time
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape, quoteattr

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.vtrack_nvr.core.models import DeviceIdentity
from custom_components.vtrack_nvr.core.redact import HIDDEN, Redactor, redact

PASSWORD = "s3cr=t&x <y>"


def test_values_are_known_by_their_keys() -> None:
    assert redact(
        {
            "host": "192.0.2.10",
            "port": 80,
            "username": "viewer",
            "password": PASSWORD,
            "rtsp_password": "other",
            "mac": "02:00:5E:00:00:01",
            "serial": "ABC/123",
            "unique_id": "3fa9",
            "latitude": 48.137,
            "fingerprint": "AA:BB",
            "firmware": "1.2.3.4",
            "is_growing": True,
            "empty": None,
        }
    ) == {
        "host": "**host-1**",
        "port": 80,
        "username": "**user-1**",
        "password": HIDDEN,
        "rtsp_password": HIDDEN,
        "mac": "**mac-1**",
        "serial": "**serial-1**",
        "unique_id": "**id-1**",
        "latitude": HIDDEN,
        "fingerprint": HIDDEN,
        "firmware": "1.2.3.4",
        "is_growing": True,
        "empty": None,
    }


def test_what_was_equal_stays_equal_in_any_spelling() -> None:
    answer = redact(
        {
            "a": {"mac": "02:00:5e:00:00:01"},
            "b": [{"mac": "02005E000001"}, {"mac": "02:00:5e:00:00:02"}],
            "log": "seen 02-00-5E-00-00-01 at 192.0.2.7, then 192.0.2.8, 192.0.2.7",
        }
    )
    assert answer["a"]["mac"] == answer["b"][0]["mac"] == "**mac-1**"
    assert answer["b"][1]["mac"] == "**mac-2**"
    assert answer["log"] == (
        "seen **mac-1** at **host-1**, then **host-2**, **host-1**"
    )


def test_a_secret_is_hidden_in_other_places_and_encodings() -> None:
    answer = redact(
        {
            "note": f"login with {PASSWORD} at {quote(PASSWORD)} or {quote(PASSWORD, safe='')}",
            "xml": "<a>s3cr=t&amp;x &lt;y&gt;</a>",
            "data": {"password": PASSWORD},
        }
    )
    assert "s3cr" not in json.dumps(answer)


def test_words_that_only_contain_a_name_are_kept() -> None:
    answer = redact({"username": "admin", "text": "admin is an administrator"})
    assert answer["text"] == "**user-1** is an administrator"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "rtsp://admin:pa:ss@w@192.0.2.10:554/x?user=a&token=b#c",
            f"rtsp://**user**@**host-1**:554/x?user={HIDDEN}&token={HIDDEN}",
        ),
        ("http://cam.lan/onvif/device_service", "http://**host-1**/onvif/device_service"),
        ("http://[2001:db8::1]:80/a", "http://**host-1**:80/a"),
        ("http://127.0.0.1:8123/", "http://127.0.0.1:8123/"),
        (
            'xmlns:tt="http://www.onvif.org/ver10/schema"',
            'xmlns:tt="http://www.onvif.org/ver10/schema"',
        ),
        ("Authorization: Digest username=x", f"Authorization: {HIDDEN}"),
        ("a\r\nCookie: sid=1\r\nb", f"a\r\nCookie: {HIDDEN}\r\nb"),
        ("<tds:SerialNumber>X1</tds:SerialNumber>",
         "<tds:SerialNumber>**serial-1**</tds:SerialNumber>"),
        ("<a:Password Type='d'>x</a:Password>", f"<a:Password Type='d'>{HIDDEN}</a:Password>"),
        ("<tt:HwAddress>02:00:5E:00:00:01</tt:HwAddress>",
         "<tt:HwAddress>**mac-1**</tt:HwAddress>"),
        ('<tt:GeoLocation lon="11.5" lat="48.1"/>',
         '<tt:GeoLocation lon="**place**" lat="**place**"/>'),
        ("onvif://www.onvif.org/location/city/Bremen",
         "onvif://www.onvif.org/location/**place**"),
        ("onvif://www.onvif.org/MAC/aabbccddeeff", "onvif://www.onvif.org/MAC/**mark-1**"),
        ("urn:uuid:7f3d4c1e-0000-4000-8000-000000000001", "urn:uuid:**uuid-1**"),
        ("fe80::1ff:fe23:4567:890a", "**host-1**"),
        ("2026-03-01T07:12:09Z", "2026-03-01T07:12:09Z"),
        ("OnvifRecordingToken_1", "OnvifRecordingToken_1"),
        ("at 48.13743, 11.57549", "at **place**"),
        ('{"password": "x y", "a": 1}', f'{{"password": "{HIDDEN}", "a": 1}}'),
        ("eyJhbGciOi.eyJpc3Mi.c2lnbmF0dXJl", HIDDEN),
        ("", ""),
    ],
)  # fmt: skip
def test_texts(text: str, expected: str) -> None:
    assert Redactor().text(text) == expected


def test_redacting_twice_changes_nothing_more() -> None:
    once = redact({"host": "192.0.2.1", "mac": "02:00:5e:00:00:01", "password": "abcd"})
    assert redact(once) == once


def test_dataclasses_sets_bytes_and_other_things_become_plain() -> None:
    @dataclass
    class Holder:
        identity: DeviceIdentity
        tokens: frozenset[str]
        blob: bytes
        other: object

    class Odd:
        def __str__(self) -> str:
            return "http://192.0.2.1/"

    told = DeviceIdentity(serial="S1X", macs=("02:00:5e:00:00:01",))
    holder = Holder(told, frozenset({"b", "a"}), b"xx", Odd())
    assert redact(holder) == {
        "identity": {
            "manufacturer": "",
            "model": "",
            "firmware": "",
            "serial": "**serial-1**",
            "hardware_id": "",
            "mac": "",
            "macs": ["**mac-1**"],
        },
        "tokens": ["a", "b"],
        "blob": "**2 bytes**",
        "other": "http://**host-1**/",
    }


def test_identities_in_the_middle_of_a_word_stay_a_word() -> None:
    assert redact({"serial": "cam", "text": "camera cam"})["text"] == (
        "camera **serial-1**"
    )


def test_marks_of_a_capture_are_kept_when_they_are_names_already() -> None:
    assert redact({"mac": "**mac-1**", "host": "127.0.0.1"}) == {
        "mac": "**mac-1**",
        "host": "127.0.0.1",
    }


def test_what_is_given_is_not_changed() -> None:
    given_value = {"password": "abcd", "list": [{"host": "192.0.2.1"}]}
    redact(given_value)
    assert given_value == {"password": "abcd", "list": [{"host": "192.0.2.1"}]}


@settings(max_examples=60, deadline=None)
@given(
    secret=st.text(
        st.characters(min_codepoint=33, max_codepoint=0x17F, exclude_characters="*"),
        min_size=6,
        max_size=20,
    ),
    before=st.sampled_from(
        ["", "pass ", "word", "rtsp://u:", "<a>", "password=", "?x="]
    ),
    after=st.sampled_from(["", " ok", "word", "@192.0.2.1/", "</a>", "&y=1"]),
)
def test_no_named_secret_survives(secret: str, before: str, after: str) -> None:
    text = f"{before}{secret}{after} {quote(secret, safe='')} end"
    assert secret not in Redactor([secret]).text(text)
    assert secret not in json.dumps(
        redact({"password": secret, "log": [text]}), ensure_ascii=False
    )


ENCODERS: dict[str, Callable[[str], str]] = {
    "raw": str,
    "url": lambda text: quote(text, safe=""),
    "url in lower case": lambda text: re.sub(
        "%..", lambda m: m[0].lower(), quote(text, safe="")
    ),
    "form": quote_plus,
    "url twice": lambda text: quote(quote(text, safe=""), safe=""),
    "url in Latin-1": lambda text: quote(text, safe="", encoding="latin-1"),
    "xml": escape,
    "xml attribute": quoteattr,
    "html": html.escape,
    "xml with apos": lambda text: escape(text, {"'": "&apos;", '"': "&quot;"}),
    "numbers": lambda text: "".join(f"&#{ord(c)};" for c in text),
    "hex numbers": lambda text: "".join(f"&#x{ord(c):X};" for c in text),
    "json": lambda text: json.dumps(text)[1:-1],
    "json in unicode": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "json in json": lambda text: json.dumps(json.dumps(text)),
    "escaped": lambda text: "".join(f"\\u{ord(c):04x}" for c in text),
    "hex": lambda text: text.encode().hex(),
    "repr": repr,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "basic": lambda text: base64.b64encode(f"viewer:{text}".encode()).decode(),
    "base64 in URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "xml in xml": lambda text: escape(escape(text)),
}


@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize(
    "secret", ['Zq7"Mango&<%41@/:Secret9', "it's \\ päss+word", "simple-Secret-12"]
)
def test_a_secret_is_found_in_every_encoding(secret: str, name: str) -> None:
    encoded = ENCODERS[name](secret)
    left = Redactor([secret]).text(f"before {encoded} after")
    assert HIDDEN in left
    assert "before" in left
    assert "after" in left
    for piece in ("Mango", "Secret", "word", "ss", encoded[4:-4]):
        assert piece not in left


@pytest.mark.parametrize(
    "unit",
    ["a.", "a+", "http://", "a://b@", "@", ":", "::", "f:", "1.", "eyJ-", "<Username ",
     "password=\"", "password='", "a-", "cookie ", "lat = ", "1.1111,", "02:", "?key="],
)  # fmt: skip
def test_the_work_grows_with_the_length_and_no_faster(unit: str) -> None:
    def cost(length: int) -> float:
        text = unit * (length // len(unit))
        best = math.inf
        for _ in range(3):
            began = time.process_time()
            Redactor(["secret"]).text(text)
            best = min(best, time.process_time() - began)
        return best

    cost(1_000)
    # Quadratic work would be 64 times as much, linear work is 8 times.
    assert cost(80_000) <= 24 * max(cost(10_000), 0.0005)

"""Hostile XML is refused, sloppy XML is read."""

import time

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.onvif.xml import (
    attribute,
    children,
    descendants,
    find,
    parse,
    text,
)

BOMB = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "lol">'
    + "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9))
    + "]><lolz>&j;</lolz>"
)


@pytest.mark.parametrize(
    "hostile",
    [
        BOMB.encode(),
        BOMB.encode("utf-16"),
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b'<a><!ENTITY x "y"></a>',
    ],
)
def test_document_types_are_refused_before_parsing(hostile: bytes) -> None:
    with pytest.raises(NvrError) as caught:
        parse(hostile)
    assert caught.value.kind is ErrorKind.PROTOCOL


def test_too_many_elements_are_refused_quickly() -> None:
    started = time.thread_time()
    with pytest.raises(NvrError) as caught:
        parse(b"<a>" * 500_000)
    assert caught.value.kind is ErrorKind.PROTOCOL
    assert time.thread_time() - started < 1


def test_deep_nesting_does_not_crash() -> None:
    depth = 150_000
    root = parse(b"<a>" * depth + b"</a>" * depth)
    assert root.tag == "a"


@pytest.mark.parametrize(
    "page",
    [
        b"<html><body>Login</body></html>",
        b"<!DOCTYPE html><html>",
        b"\n\n<!doctype HTML PUBLIC>",
        b"",
        b"not found",
        b"{}",
        b"\x00\x01\x02",
        b"<a><b></a>",
    ],
)
def test_what_is_no_xml_is_not_onvif(page: bytes) -> None:
    with pytest.raises(NvrError) as caught:
        parse(page)
    assert caught.value.kind is ErrorKind.NOT_ONVIF


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"<a>x</a>", "x"),
        (b'\xef\xbb\xbf<?xml version="1.0" encoding="UTF-8"?>\n<a>x</a>', "x"),
        ('<?xml version="1.0" encoding="UTF-16"?><a>ü</a>'.encode("utf-16"), "ü"),
        ('<?xml version="1.0" encoding="ISO-8859-1"?><a>ü</a>'.encode("latin-1"), "ü"),
        ('<?xml version="1.0" encoding="GB2312"?><a>门口</a>'.encode("gb2312"), "门口"),
        ('<?xml version="1.0" encoding="x-odd"?><a>ü</a>'.encode(), "ü"),
        (b"<a>rtsp://x/?a=1&b=2</a>", "rtsp://x/?a=1&b=2"),
        (b"<a>x&amp;y&#65;</a>", "x&yA"),
        (b"<a>x\x00\x07y</a>", "xy"),
        (b"rubbish <a>x</a>", "x"),
        (b"<s:Envelope xmlns:s='u'>x</s:Envelope>\x00trailing <", "x"),
        (b"<a>caf\xff</a>", "caf�"),
    ],
)
def test_sloppy_xml_is_mended(data: bytes, expected: str) -> None:
    assert text(parse(data)) == expected


def test_elements_are_found_by_local_name() -> None:
    root = parse(
        b'<x:a xmlns:x="u1" xmlns:y="u2"><y:b><c> 1 </c></y:b><b><d Token="t" y:Z="z"/>'
        b"</b><!-- no element --></x:a>"
    )
    assert text(root, "b/c") == "1"
    assert find(root, "b/d") is not None
    assert find(root, "b/e") is None
    assert find(None, "b") is None
    assert len(list(children(root))) == 2
    assert len(list(children(root, "b"))) == 2
    assert list(children(None)) == []
    assert [item.tag for item in descendants(root, "d")] == ["d"]
    assert list(descendants(None, "d")) == []
    found = find(root, "b/d")
    assert attribute(found, "token") == "t"
    assert attribute(found, "Z") == "z"
    assert attribute(found, "missing") == ""
    assert attribute(None, "token") == ""
    assert text(None) == text(root, "nowhere") == ""


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_any_bytes_give_an_element_or_one_of_our_errors(data: bytes) -> None:
    for wrapped in (data, b"<a>" + data + b"</a>"):
        kind = None
        try:
            parse(wrapped)
        except NvrError as error:
            kind = error.kind
        assert kind in {None, ErrorKind.NOT_ONVIF, ErrorKind.PROTOCOL}

"""Hostile XML is refused, sloppy XML is read."""

import contextlib
import gc
import time
import weakref

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.onvif.xml import (
    ANSWER,
    SEARCH,
    XmlLimits,
    attribute,
    children,
    descendants,
    find,
    parse_in_turns,
    parse_xml,
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
        b'<!DOC\x01TYPE E [<!ATT\x01LIST e a CDATA "A">]><E><e/></E>',
        b'<!DOC\x00TYPE a [<!ENTITY b "c">]><s:Envelope>&b;</s:Envelope>',
        b'rubbish <!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b'--part\r\n\r\n<!DOCTYPE a [<!ENTITY b "c">]><s:Envelope>&b;</s:Envelope>',
        '<!DOC\x01TYPE E [<!ATT\x01LIST e a CDATA "A">]><E><e/></E>'.encode("utf-16"),
        b'<!doctype a [<!ENTITY b "c">]><a>&b;</a>'.replace(b"doctype", b"DOCTYPE"),
        b'<?xml version="1.0"?><!-- x --><!DOCTYPE a><a/>',
    ],
)
def test_document_types_are_refused_whatever_surrounds_them(hostile: bytes) -> None:
    with pytest.raises(NvrError) as caught:
        parse_xml(hostile)
    assert caught.value.kind is ErrorKind.PROTOCOL


def test_too_many_elements_are_refused_quickly() -> None:
    started = time.thread_time()
    with pytest.raises(NvrError) as caught:
        parse_xml(b"<a>" * 500_000)
    assert caught.value.kind is ErrorKind.PROTOCOL
    assert time.thread_time() - started < 1


@pytest.mark.parametrize(
    "endless",
    [
        b"<a>" * 101 + b"</a>" * 101,
        b"<a>" * 150_000 + b"</a>" * 150_000,
        b"<a>" + b"<b/>" * 60_000 + b"</a>",
        b"<a>" + b"<b c='1' d='2' e='3'/>" * 40_000 + b"</a>",
        b"<a " + b" ".join(b"b%d='1'" % n for n in range(20_000)) + b"/>",
    ],
    ids=["deep", "deeper", "elements", "attributes", "one tag"],
)
def test_what_no_answer_has_is_refused(endless: bytes) -> None:
    with pytest.raises(NvrError) as caught:
        parse_xml(endless)
    assert caught.value.kind is ErrorKind.PROTOCOL


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
        parse_xml(page)
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
        (b"<a>caf\xe9</a>", "café"),
        ("<a>ü</a>".encode() + b" \xff", "ü"),
        ("<?xml version='1.0' encoding='GB2312'?><a>ü</a>".encode(), "ü"),
        (b"<?xml version='1.0' encoding='utf-16'?><a>x</a>", "x"),
        ("<a>ü</a>".encode("utf-16-le"), "ü"),
        ("<a>ü</a>".encode("utf-16-be"), "ü"),
        (b"<v:a>x<w:b>y</w:b></v:a>", "x"),
        (b"<a w:b='1'>x</a>", "x"),
        (b"<a>x&#0;&#x1F;&#xFFFF;y&#x41;&#9999999;</a>", "xyA"),
        (b"<a>x&nbsp;&eacute;&Lt;&unheard;&</a>", "x\xa0é≪&unheard;&"),
        (b"<a>&LT;</a>", "<"),
        (b"<a b='1' c='2' b='3'>x</a>", "x"),
        (b"<a b=1 c = '2'>x</a>", "x"),
        (b"<a>x</a><a>y</a>", "x"),
        (b"<a b='" + b"y" * 100_000 + b"'>" + b"x" * 100_000 + b"</a>", "x" * 100_000),
        (b"<a>x</a>\r\nHTTP/1.1 200 OK", "x"),
        (b"\xef\xbb\xbf\r\n \x00<a>x</a>", "x"),
        (
            b"--p\r\nContent-ID: <root@x>\r\n\r\n<s:Envelope>x</s:Envelope>\r\n--p--",
            "x",
        ),
    ],
)
def test_sloppy_xml_is_mended(data: bytes, expected: str) -> None:
    assert text(parse_xml(data)) == expected


def test_mending_keeps_what_was_right() -> None:
    root = parse_xml(
        b"<a xmlns:n='u' b='1' b='2' c='a&amp;b &gt; c' n:d=\"it's\"/>&bare;".replace(
            b"/>", b">&#9;&quot;&amp;&lt;&#xFC;&</a>"
        )
    )
    assert dict(root.items()) == {"b": "1", "c": "a&b > c", "{u}d": "it's"}
    assert root.text == '\t"&<ü&'


def test_prefixes_are_resolved_where_they_are_declared() -> None:
    root = parse_xml(
        b"<x:a xmlns:x='u1' xmlns='u2'><b x:c='1' d='2'/><x:b xmlns:x='u3' xml:lang='e'/>"
        b"<y:e/><x:f/></x:a>"
    )
    assert root.tag == "{u1}a"
    assert [item.tag for item in root] == ["{u2}b", "{u3}b", "y:e", "{u1}f"]
    assert dict(root[0].items()) == {"{u1}c": "1", "d": "2"}
    assert dict(root[1].items()) == {"{http://www.w3.org/XML/1998/namespace}lang": "e"}
    assert find(root, "e") is not None


@pytest.mark.parametrize(
    ("data", "limits"),
    [
        (b"<E>" + b"<e/>" * 49_000 + b"</E>", ANSWER),
        (b"<E>" + b"<e a='&' b='2' c=''/>" * 30_000 + b"</E>", ANSWER),
        (b"<E>" + b"<Result><Time>2026-01-01T00:00:00Z</Time></Result>" * 55_000 + b"</E>", SEARCH),
        (b"<E>\x00" + b"<Result><Time>\xe9&\x01</Time></Result>" * 55_000 + b"</E>", SEARCH),
        (b"<e" + b" a='1'" * 9_000 + b"/>", ANSWER),
        (b"<!DOC\x01TYPE E [<!ATT\x01LIST e a CDATA '" + b"A" * 40_000 + b"'>]><E>"
         + b"<e/>" * 200_000 + b"</E>", SEARCH),
        (b"<e" + b" a='<1'" * 100_000 + b"/>", ANSWER),
        (b"<a>" + b"a b" * 1_000_000 + b"</a>", SEARCH),
        (b"<a '\"" * 100_000, ANSWER),
        (b"&" * 1_000_000, ANSWER),
        (b"<" * 1_000_000, ANSWER),
    ],
    ids=["elements", "attributes", "search", "mended", "one tag", "smuggled",
         "value", "text", "quotes", "ampersands", "brackets"],
)  # fmt: skip
def test_no_answer_holds_the_loop(data: bytes, limits: XmlLimits) -> None:
    """The loop has its turn between two steps; CPU time, for the machine is shared."""
    worst = 0.0

    async def turns() -> None:
        with contextlib.suppress(NvrError):
            await parse_in_turns(data, limits)

    coroutine = turns()
    # What the collector does is every object's of this process, not this answer's.
    gc.disable()
    try:
        while True:
            started = time.thread_time()
            try:
                coroutine.send(None)
            except StopIteration:
                break
            finally:
                worst = max(worst, time.thread_time() - started)
    finally:
        gc.enable()
    assert worst < 0.05


def test_an_answer_is_gone_when_nobody_needs_it() -> None:
    gc.disable()
    try:
        root = parse_xml(b"<a><b/></a>")
        watched = weakref.ref(root)
        del root
        assert watched() is None
    finally:
        gc.enable()


def test_elements_are_found_by_local_name() -> None:
    root = parse_xml(
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
            parse_xml(wrapped)
        except NvrError as error:
            kind = error.kind
        assert kind in {None, ErrorKind.NOT_ONVIF, ErrorKind.PROTOCOL}

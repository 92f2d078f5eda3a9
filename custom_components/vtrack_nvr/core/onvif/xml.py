"""Reads XML from devices: what is hostile is refused, what is sloppy is read.

Elements are found by local name: devices get namespaces and prefixes wrong, and within
one answer no two of the elements we read differ by namespace alone.
"""

from collections.abc import Iterator
import re

# The hostile parts of XML are all in the DTD, which `parse` refuses before parsing.
from xml.etree import ElementTree as ET

from ..errors import ErrorKind, NvrError

type Element = ET.Element

_ENCODINGS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "windows-1252": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb18030": "gb18030",
}
_DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,200}\?>")
_DECLARED = re.compile(rb"^[^>]{0,200}encoding\s*=\s*[\"']([A-Za-z0-9_.-]{1,40})[\"']")
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_BARE_AMPERSAND = re.compile(
    r"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});)"
)
_END = re.compile(r"</(?:[\w.-]{1,40}:)?Envelope\s*>")
_MARKUP_LIMIT = 400_000


def _decode(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    data = data.removeprefix(b"\xef\xbb\xbf")
    found = _DECLARED.match(data)
    name = found[1].decode("ascii").lower() if found else "utf-8"
    return data.decode(_ENCODINGS.get(name, "utf-8"), "replace")


def parse(data: bytes) -> Element:
    """Return the root; raises NOT_ONVIF for what is no XML, PROTOCOL for a DTD.

    Illegal characters, bare ampersands and rubbish around the envelope are mended.
    """
    text = _DECLARATION.sub("", _decode(data), count=1)
    lowered = text[:1024].lower()
    if "<!doctype html" in lowered or "<html" in lowered:
        raise NvrError(ErrorKind.NOT_ONVIF, "html page")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise NvrError(ErrorKind.PROTOCOL, "document type definitions are refused")
    if text.count("<") > _MARKUP_LIMIT:
        raise NvrError(ErrorKind.PROTOCOL, "more elements than any answer has")
    try:
        return ET.fromstring(text)  # noqa: S314 - no DTD can be in it, see above
    except ET.ParseError:
        pass
    try:
        return ET.fromstring(_mend(text))  # noqa: S314 - as above
    except ET.ParseError as error:
        detail = "no xml" if "<" not in text else f"broken xml: {error}"
        raise NvrError(ErrorKind.NOT_ONVIF, detail) from error


def _mend(text: str) -> str:
    start = max(text.find("<"), 0)
    end = _END.search(text)
    text = text[start : end.end()] if end else text[start:]
    return _BARE_AMPERSAND.sub("&amp;", _ILLEGAL.sub("", text))


def local(tag: object) -> str:
    """Return a tag or attribute name without its namespace."""
    return str(tag).rpartition("}")[2]


def children(element: Element | None, name: str = "") -> Iterator[Element]:
    """Yield the children of that local name (all where no name is given)."""
    for item in element if element is not None else ():
        if isinstance(item.tag, str) and (not name or local(item.tag) == name):
            yield item


def find(element: Element | None, path: str) -> Element | None:
    """Return the first element at a path of local names, or None."""
    if element is None:
        return None
    first, _, rest = path.partition("/")
    for item in children(element, first):
        found = find(item, rest) if rest else item
        if found is not None:
            return found
    return None


def descendants(element: Element | None, name: str) -> Iterator[Element]:
    """Yield all elements of that local name at any depth, in document order."""
    if element is not None:
        for item in element.iter():
            if local(item.tag) == name:
                yield item


def text(element: Element | None, path: str = "") -> str:
    """Return the stripped text at a path, empty where there is none."""
    found = find(element, path) if path else element
    return (found.text or "").strip() if found is not None else ""


def attribute(element: Element | None, name: str) -> str:
    """Return an attribute by local name, whatever its case, empty where it is missing."""
    if element is None:
        return ""
    value = element.get(name)
    if value is not None:
        return value.strip()
    wanted = name.lower()
    for key, item in element.items():
        if local(key).lower() == wanted:
            return item.strip()
    return ""

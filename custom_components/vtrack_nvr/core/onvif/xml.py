"""Reads XML from devices: what is hostile is refused, what is sloppy is read.

Elements are found by local name: devices get namespaces and prefixes wrong, and within
one answer no two of the elements we read differ by namespace alone. Prefixes are resolved
here and not by expat, which refuses one that nobody declared.
"""

import asyncio
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from itertools import islice
import re
from typing import Never

# Document types, where the hostile parts of XML are, are refused by the parser itself.
from xml.etree import ElementTree as ET
from xml.parsers import expat

from ..errors import ErrorKind, NvrError
from .xml_text import decode_xml, mend

type Element = ET.Element

_PIECE = 4 * 1024
_LONGEST_TAG = 64 * 1024
_MOST_EQUALS = 2_000
"""Expat hands out a tag's attributes all at once, so that there must not be more."""
_XML_NAMESPACE = "http://www.w3.org/XML/1998/namespace"
_ENVELOPE = re.compile(r"<(?:[\w.-]{1,40}:)?Envelope[\s>]")
_SEARCHED = 64 * 1024
_FEW_ELEMENTS = 2_000


@dataclass(frozen=True, slots=True)
class XmlLimits:
    """What an answer may consist of; more is refused while it is read."""

    elements: int = 50_000
    attributes: int = 100_000
    depth: int = 100


ANSWER = XmlLimits()
SEARCH = XmlLimits(elements=120_000, attributes=240_000)
"""Results of a search, whose number a device may decide by itself."""
DATAGRAM = XmlLimits(elements=600, attributes=1_200, depth=40)


def parse_xml(data: bytes, limits: XmlLimits = ANSWER) -> Element:
    """Return the root; raises NOT_ONVIF for what is no XML, PROTOCOL for a DTD.

    Prefixes nobody declared, wrong encodings, illegal characters and references, bare
    ampersands, doubled attributes and rubbish around the envelope (the parts of a
    multipart message, too) are mended. PROTOCOL as well for more than the limits allow.
    """
    steps = _steps(data, limits)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            root: Element = end.value
            return root


async def parse_in_turns(data: bytes, limits: XmlLimits = ANSWER) -> Element:
    """Do the same; the event loop has its turn after each few milliseconds of work."""
    steps = _steps(data, limits)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            root: Element = end.value
            return root
        await asyncio.sleep(0)


async def read_in_turns[T](read: Callable[[Element], T], answer: Element) -> T:
    """Return what a reader makes of an answer; the loop does not wait for a long one."""
    if next(islice(answer.iter(), _FEW_ELEMENTS, None), None) is None:
        return read(answer)
    return await asyncio.get_running_loop().run_in_executor(None, read, answer)


def _steps(data: bytes, limits: XmlLimits) -> Generator[None, None, Element]:
    text = decode_xml(data)
    yield
    lowered = text[:1024].lower()
    if "<!doctype html" in lowered or "<html" in lowered:
        raise NvrError(ErrorKind.NOT_ONVIF, "html page")
    begin = text.find("<")
    if found := _ENVELOPE.search(text, 0, _SEARCHED):
        # What stands before it is a declaration, a part's header or rubbish.
        if "<!" in text[: found.start()].replace("<!--", ""):
            _refuse_document_type()
        begin = found.start()
    if begin < 0:
        raise NvrError(ErrorKind.NOT_ONVIF, "no xml")
    text = text[begin:]
    try:
        return (yield from _built(_pieces(text), limits))
    except expat.ExpatError, UnicodeError:
        # Nothing of this leaves the function: it is read once more, mended.
        pass
    try:
        return (yield from _built(map(mend, _pieces(text)), limits))
    except expat.ExpatError as error:
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            _refuse_document_type()
        raise NvrError(ErrorKind.NOT_ONVIF, f"broken xml: {error}") from error


def _refuse_size() -> Never:
    raise NvrError(ErrorKind.PROTOCOL, "more elements than any answer has")


def _refuse_document_type(*_: object) -> Never:
    raise NvrError(ErrorKind.PROTOCOL, "document type definitions are refused")


def _pieces(text: str) -> Iterator[str]:
    """Cut between tags, and what is longer than a piece anywhere."""
    start = tag = 0
    while start < len(text):
        end = len(text)
        if end - start > _PIECE:
            end = text.rfind("<", start + 1, start + _PIECE)
            if end < 0:
                end = start + _PIECE
            else:
                tag = end
        if end - tag > _LONGEST_TAG and text.count("=", tag, end) > _MOST_EQUALS:
            _refuse_size()
        yield text[start:end]
        start = end


def _built(pieces: Iterator[str], limits: XmlLimits) -> Generator[None, None, Element]:
    builder = _Builder(limits)
    try:
        for piece in pieces:
            builder.feed(piece)
            if builder.root is not None:
                # Whatever follows belongs to nothing.
                return builder.root
            yield
        return builder.finish()
    finally:
        builder.release()


class _Scope:
    """The prefixes an element declares; names resolved once are remembered."""

    __slots__ = ("_known", "parent", "prefixes")

    def __init__(self, prefixes: dict[str, str], parent: _Scope | None = None) -> None:
        self.prefixes = prefixes
        self.parent = parent
        self._known: dict[str, str] = {}

    def resolve(self, name: str, *, is_attribute: bool = False) -> str:
        """Return `{namespace}local`; as it is written where nobody declared the prefix."""
        if is_attribute and ":" not in name:
            return name
        found = self._known.get(name)
        if found is None:
            prefix, _, local_name = name.rpartition(":")
            namespace = self._namespace(prefix)
            found = f"{{{namespace}}}{local_name}" if namespace else name
            self._known[name] = found
        return found

    def _namespace(self, prefix: str) -> str:
        scope: _Scope | None = self
        while scope is not None:
            if prefix in scope.prefixes:
                return scope.prefixes[prefix]
            scope = scope.parent
        return ""


class _Builder:
    def __init__(self, limits: XmlLimits) -> None:
        self.root: Element | None = None
        self._limits = limits
        self._elements = self._attributes = 0
        self._scopes = [_Scope({"xml": _XML_NAMESPACE})]
        self._tree = ET.TreeBuilder()
        self._parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _refuse_document_type
        parser.EntityDeclHandler = _refuse_document_type
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._tree.data

    def feed(self, piece: str) -> None:
        """Read on; raises `ExpatError`, or PROTOCOL for a document type or a limit."""
        try:
            self._parser.Parse(piece, False)
        except expat.ExpatError:
            if self.root is None:
                raise

    def finish(self) -> Element:
        """Return the root; raises `ExpatError` where it was not closed."""
        self._parser.Parse("", True)
        assert self.root is not None
        return self.root

    def release(self) -> None:
        """Let go of the parser, which holds this builder and with it the whole tree."""
        self._parser.StartElementHandler = self._parser.EndElementHandler = None

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        self._attributes += len(attributes)
        limits = self._limits
        if (
            self._elements > limits.elements
            or self._attributes > limits.attributes
            or len(self._scopes) > limits.depth
        ):
            _refuse_size()
        scope = self._scopes[-1]
        if any(key.startswith("xmlns") for key in attributes):
            declared = {
                key[6:]: value
                for key, value in attributes.items()
                if key == "xmlns" or key.startswith("xmlns:")
            }
            if declared:
                scope = _Scope(declared, scope)
                attributes = {
                    key: value
                    for key, value in attributes.items()
                    if key != "xmlns" and not key.startswith("xmlns:")
                }
        self._scopes.append(scope)
        self._tree.start(
            scope.resolve(name),
            {
                scope.resolve(key, is_attribute=True): value
                for key, value in attributes.items()
            },
        )

    def _end(self, name: str) -> None:
        scope = self._scopes.pop()
        self._tree.end(scope.resolve(name))
        if len(self._scopes) == 1:
            self.root = self._tree.close()


def local(tag: object) -> str:
    """Return a tag or attribute name without its namespace."""
    return str(tag).rpartition("}")[2].rpartition(":")[2]


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

"""SOAP 1.2 envelopes: reading requests strictly, writing answers and faults.

What the specifications forbid is refused here with the fault they name (Core 5.8.2):
text that is not XML, a DTD, a foreign envelope, an element that is unknown, missing,
misplaced or in the wrong namespace.
"""

# Reads private members: lxml names the type of an element so.

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
import re
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

NS = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "wsa": "http://www.w3.org/2005/08/addressing",
    "wsse": (
        "http://docs.oasis-open.org/wss/2004/01/"
        "oasis-200401-wss-wssecurity-secext-1.0.xsd"
    ),
    "wsu": (
        "http://docs.oasis-open.org/wss/2004/01/"
        "oasis-200401-wss-wssecurity-utility-1.0.xsd"
    ),
    "wsnt": "http://docs.oasis-open.org/wsn/b-2",
    "wstop": "http://docs.oasis-open.org/wsn/t-1",
    "tt": "http://www.onvif.org/ver10/schema",
    "tds": "http://www.onvif.org/ver10/device/wsdl",
    "trt": "http://www.onvif.org/ver10/media/wsdl",
    "tr2": "http://www.onvif.org/ver20/media/wsdl",
    "tev": "http://www.onvif.org/ver10/events/wsdl",
    "tse": "http://www.onvif.org/ver10/search/wsdl",
    "trp": "http://www.onvif.org/ver10/replay/wsdl",
    "trc": "http://www.onvif.org/ver10/recording/wsdl",
    "tmd": "http://www.onvif.org/ver10/deviceIO/wsdl",
    "tns1": "http://www.onvif.org/ver10/topics",
    "ter": "http://www.onvif.org/ver10/error",
    "xs": "http://www.w3.org/2001/XMLSchema",
}
PREFIXES = {uri: prefix for prefix, uri in NS.items()}

CONTENT_TYPE = "application/soap+xml; charset=utf-8"


class SoapFault(Exception):  # noqa: N818 - that is what SOAP calls it
    """A fault to answer: `code` is Sender or Receiver, `subcodes` outermost first."""

    def __init__(
        self,
        code: str,
        *subcodes: str,
        reason: str = "",
        status: int | None = None,
        detail: str = "",
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(reason or "/".join(subcodes))
        self.code = code
        self.subcodes = subcodes
        self.reason = reason or "/".join(subcodes)
        # SOAP 1.2 part 2, table 20: Sender is 400, everything else 500.
        self.status = status or (400 if code == "Sender" else 500)
        self.detail = detail
        self.headers = headers or {}


def invalid_arg(subcode: str, reason: str) -> SoapFault:
    """Return the fault for an argument that is well formed but means nothing."""
    return SoapFault("Sender", "ter:InvalidArgVal", subcode, reason=reason)


@dataclass(slots=True)
class Element:
    """A request element: prefixed name, attributes, text, children in order."""

    name: str
    attributes: dict[str, str]
    text: str
    children: list[Element]
    nsmap: dict[str | None, str] = field(default_factory=dict)

    def all(self, name: str) -> list[Element]:
        """Return the children of that name."""
        return [child for child in self.children if child.name == name]

    def first(self, name: str) -> Element | None:
        """Return the first child of that name."""
        return next(iter(self.all(name)), None)

    def value(self, name: str, default: str | None = None) -> str | None:
        """Return the text of the first child of that name."""
        child = self.first(name)
        return default if child is None else child.text

    def need(self, name: str) -> str:
        """Return the text of a child that must be there and not be empty."""
        value = self.value(name)
        if not value:
            raise SoapFault(
                "Sender", "ter:InvalidArgs", reason=f"{name} is missing or empty"
            )
        return value


@dataclass(slots=True)
class Request:
    """One SOAP request: prefixed operation name, its element, header, wsa fields."""

    operation: str
    body: Element
    header: list[Element]

    @property
    def prefix(self) -> str:
        """Return the prefix of the operation's service."""
        return self.operation.split(":")[0]

    @property
    def local(self) -> str:
        """Return the operation's name without its prefix."""
        return self.operation.split(":")[1]


def prefixed(tag: str) -> str:
    """Return `prefix:local` for a Clark name, `?uri:local` for foreign namespaces."""
    qname = etree.QName(tag)
    uri = qname.namespace or ""
    return f"{PREFIXES.get(uri, f'?{uri}')}:{qname.localname}"


def _element(node: etree._Element) -> Element:
    return Element(
        prefixed(node.tag),
        {str(key): str(value) for key, value in node.attrib.items()},
        (node.text or "").strip(),
        [_element(child) for child in node if isinstance(child.tag, str)],
        dict(node.nsmap),
    )


def parse_request(data: bytes) -> Request:
    """Return the request in an envelope, or raise the fault Core 5.8.2 names."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError, ValueError:
        raise SoapFault("Sender", "ter:WellFormed", reason="not XML") from None
    if root.getroottree().docinfo.doctype:
        raise SoapFault("Sender", "ter:WellFormed", reason="a DTD is not allowed")
    name = etree.QName(root.tag)
    if name.localname != "Envelope" or name.namespace != NS["s"]:
        raise SoapFault("VersionMismatch", reason="not a SOAP 1.2 envelope")
    envelope = _element(root)
    names = [child.name for child in envelope.children]
    if names not in (["s:Header", "s:Body"], ["s:Body"]):
        raise SoapFault("Sender", "ter:TagMismatch", reason="Header? Body expected")
    body = envelope.children[-1]
    if len(body.children) != 1:
        raise SoapFault("Sender", "ter:TagMismatch", reason="one operation expected")
    header = envelope.children[0].children if len(names) == 2 else []
    operation = body.children[0]
    if operation.name.startswith("?"):
        raise SoapFault("Sender", "ter:Namespace", reason="unknown namespace")
    return Request(operation.name, operation, header)


def check_shape(parent: Element, shape: str) -> None:
    """Refuse children that do not follow `shape`, e.g. `"tse:A tse:B? tt:C*"`.

    Schema sequences are ordered: right elements in wrong order are wrong.
    """
    remaining = list(parent.children)
    for item in shape.split():
        name = item.rstrip("?*+")
        suffix = item[len(name) :]
        count = 0
        while remaining and remaining[0].name == name:
            remaining.pop(0)
            count += 1
            if suffix in ("", "?"):
                break
        if count == 0 and suffix in ("", "+"):
            found = remaining[0].name if remaining else "nothing"
            raise SoapFault(
                "Sender",
                "ter:InvalidArgs",
                reason=f"{parent.name}: expected {name}, found {found}",
            )
    if remaining:
        raise SoapFault(
            "Sender",
            "ter:InvalidArgs",
            reason=f"{parent.name}: unexpected {remaining[0].name}",
        )


_DURATION = re.compile(
    r"P(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)


def parse_duration_s(text: str) -> float:
    """Return the seconds of an xs:duration without years, months, sign."""
    match = _DURATION.fullmatch(text)
    if match is None or text in ("P", "PT") or text.endswith("T"):
        raise SoapFault("Sender", "ter:InvalidArgs", reason=f"bad duration {text}")
    parts = {key: float(value or 0) for key, value in match.groupdict().items()}
    return timedelta(**parts).total_seconds()


_DATETIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)?"
)


def parse_utc_ms(text: str) -> int:
    """Return milliseconds since 1970 of a time that says Z (RS 5.2.6 wants UTC)."""
    match = _DATETIME.fullmatch(text)
    if match is None or match[8] != "Z":
        raise SoapFault("Sender", "ter:InvalidArgs", reason=f"no UTC time: {text}")
    try:
        moment = datetime(*(int(match[i]) for i in range(1, 7)), tzinfo=UTC)
    except ValueError:
        raise SoapFault(
            "Sender", "ter:InvalidArgs", reason=f"no date: {text}"
        ) from None
    return int(moment.timestamp()) * 1000 + round(float(match[7] or 0) * 1000)


def parse_bool(text: str) -> bool:
    """Return an xs:boolean."""
    if text not in ("true", "false", "1", "0"):
        raise SoapFault("Sender", "ter:InvalidArgs", reason=f"no boolean: {text}")
    return text in ("true", "1")


def utc_text(ms: int) -> str:
    """Return xs:dateTime in UTC; a fraction only where there is one."""
    moment = datetime.fromtimestamp(ms // 1000, UTC)
    fraction = f".{ms % 1000:03d}" if ms % 1000 else ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"


def text_of(value: object) -> str:
    """Return escaped text; booleans as xs:boolean."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return escape(str(value))


def tag(name: str, *content: str | Iterable[str], **attributes: object) -> str:
    """Return an element around ready XML; attribute `_` of a name stands for `:`."""
    inner = "".join(
        part if isinstance(part, str) else "".join(part) for part in content
    )
    extra = "".join(
        f" {key.replace('__', ':')}={quoteattr(text_of_raw(value))}"
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{extra}>{inner}</{name}>" if inner else f"<{name}{extra}/>"


def text_of_raw(value: object) -> str:
    """Return text for an attribute, which `quoteattr` escapes."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def leaf(name: str, value: object, **attributes: object) -> str:
    """Return an element around text."""
    return tag(name, text_of(value), **attributes)


_DECLARATIONS = "".join(
    f' xmlns:{prefix}="{uri}"' for prefix, uri in NS.items() if prefix != "wsu"
)


def envelope(body: str, header: str = "") -> bytes:
    """Return the answer's bytes."""
    head = f"<s:Header>{header}</s:Header>" if header else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f"<s:Envelope{_DECLARATIONS}>{head}<s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def fault_envelope(fault: SoapFault) -> bytes:
    """Return a SOAP 1.2 fault with nested subcodes."""
    subcode = ""
    for name in reversed(fault.subcodes):
        subcode = tag("s:Subcode", leaf("s:Value", name), subcode)
    return envelope(
        tag(
            "s:Fault",
            tag("s:Code", leaf("s:Value", f"s:{fault.code}"), subcode),
            tag("s:Reason", leaf("s:Text", fault.reason, xml__lang="en")),
            tag("s:Detail", fault.detail) if fault.detail else "",
        )
    )


def fault_envelope_11(fault: SoapFault) -> bytes:
    """Return a SOAP 1.1 fault (section 4.4), its code the innermost subcode."""
    code = fault.subcodes[-1] if fault.subcodes else f"s:{fault.code}"
    written = envelope(
        tag("s:Fault", leaf("faultcode", code), leaf("faultstring", fault.reason))
    )
    return written.replace(
        NS["s"].encode(), b"http://schemas.xmlsoap.org/soap/envelope/"
    )

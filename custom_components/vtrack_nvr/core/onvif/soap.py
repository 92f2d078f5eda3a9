"""SOAP 1.2 envelopes and faults, without a socket (Core 5.9.2, 5.11)."""

from collections.abc import Mapping
from xml.sax.saxutils import escape, quoteattr

from ..errors import ErrorKind, NvrError
from .http_answer import HttpAnswer
from .names import ADDRESSING, ENVELOPE, SCHEMA
from .xml import Element, children, descendants, local, text

_AUTH = frozenset(
    {
        "NotAuthorized",
        "NotAuthorised",
        "FailedAuthentication",
        "InvalidSecurity",
        "InvalidSecurityToken",
        "FailedCheck",
        "UnsupportedSecurityToken",
        "SecurityTokenUnavailable",
        "AuthenticationFailed",
    }
)
_AUTH_WORDS = ("not authorized", "notauthorized", "unauthorized", "authority failure")
_KINDS = {
    "OperationProhibited": ErrorKind.NO_PERMISSION,
    "InvalidToken": ErrorKind.GONE,
    "NoRecording": ErrorKind.GONE,
    "NoProfile": ErrorKind.GONE,
    "NoTrack": ErrorKind.GONE,
    "InvalidSource": ErrorKind.GONE,
    "ResourceProblem": ErrorKind.BUSY,
    "TooManySessions": ErrorKind.BUSY,
    "StreamConflict": ErrorKind.BUSY,
    "MaxStreamReached": ErrorKind.BUSY,
    "ActionNotSupported": ErrorKind.UNSUPPORTED,
    "OptionalActionNotImplemented": ErrorKind.UNSUPPORTED,
    "NotImplemented": ErrorKind.UNSUPPORTED,
    "UnknownAction": ErrorKind.UNSUPPORTED,
    "NoSuchService": ErrorKind.UNSUPPORTED,
    "ActionNotImplemented": ErrorKind.UNSUPPORTED,
    "DestinationUnreachable": ErrorKind.UNSUPPORTED,
}


class SoapFault(NvrError):  # noqa: N818 - SOAP calls it a fault
    """A device's fault; `subcodes` are local names, outermost first."""

    def __init__(
        self,
        kind: ErrorKind,
        detail: str,
        *,
        where: str = "",
        subcodes: tuple[str, ...] = (),
        is_auth: bool = False,
    ) -> None:
        """Keep what the device said."""
        super().__init__(kind, detail, where=where)
        self.subcodes = subcodes
        self.is_auth = is_auth

    def has(self, subcode: str) -> bool:
        """Return whether a subcode was given."""
        return subcode in self.subcodes


class EmptyAnswer(NvrError):  # noqa: N818 - what it is, not that it is an error
    """An HTTP answer without a body; `status` is that of HTTP."""

    status = 0


def without_soap(answer: HttpAnswer, error: NvrError, where: str) -> NvrError:
    """Return what an answer without SOAP means; the HTTP status knows more then."""
    status, kind, detail = answer.status, error.kind, error.detail
    if status in {429, 503}:
        kind, detail = ErrorKind.BUSY, f"http {status}"
    elif status in {404, 405, 410, 501}:
        kind, detail = ErrorKind.NOT_ONVIF, f"http {status}"
    elif status == 403:
        kind, detail = ErrorKind.NO_PERMISSION, "http 403"
    elif status >= 500:
        kind, detail = ErrorKind.PROTOCOL, f"http {status}"
    elif kind is ErrorKind.NOT_ONVIF and status != 200:
        detail = f"{detail}, http {status}"
    if answer.body.strip():
        return NvrError(kind, detail, where=where)
    empty = EmptyAnswer(kind, detail, where=where)
    empty.status = status
    return empty


def envelope(body: str, headers: str = "") -> bytes:
    """Return a compact envelope; whitespace and odd prefixes upset some devices."""
    head = f"<s:Header>{headers}</s:Header>" if headers else ""
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        f'<s:Envelope xmlns:s="{ENVELOPE}">{head}<s:Body>{body}</s:Body></s:Envelope>'
    ).encode()


def element(
    name: str,
    content: str = "",
    *,
    namespace: str = "",
    attributes: Mapping[str, str] | None = None,
) -> str:
    """Return one element; `content` is XML already, `namespace` declares prefixes.

    Only `t:` (the operation's own namespace) and `tt:` (the schema) are ever declared.
    """
    declared = f' xmlns:t="{namespace}" xmlns:tt="{SCHEMA}"' if namespace else ""
    listed = "".join(f" {k}={quoteattr(v)}" for k, v in (attributes or {}).items())
    return f"<{name}{declared}{listed}>{content}</{name}>"


def leaf(name: str, value: str) -> str:
    """Return an element with text."""
    return f"<{name}>{escape(value)}</{name}>"


def addressing(action: str, to: str, message_id: str, reference: str = "") -> str:
    """Return WS-Addressing headers; `reference` are reference parameters as XML."""
    return (
        f'<a:Action xmlns:a="{ADDRESSING}" s:mustUnderstand="1">{escape(action)}</a:Action>'
        f'<a:MessageID xmlns:a="{ADDRESSING}">urn:uuid:{message_id}</a:MessageID>'
        f'<a:To xmlns:a="{ADDRESSING}" s:mustUnderstand="1">{escape(to)}</a:To>{reference}'
    )


def read_body(root: Element, where: str) -> Element:
    """Return the answer inside the body; raises `SoapFault`, PROTOCOL or NOT_ONVIF.

    An empty body is returned as the empty body element: some answers hold nothing.
    """
    if local(root.tag) != "Envelope":
        raise NvrError(
            ErrorKind.NOT_ONVIF, f"answers with <{local(root.tag)[:40]}>", where=where
        )
    body = next(children(root, "Body"), None)
    if body is None:
        raise NvrError(ErrorKind.PROTOCOL, "an envelope without a body", where=where)
    answer = next(children(body), None)
    if answer is None:
        return body
    if local(answer.tag) == "Fault":
        raise read_fault(answer, where)
    return answer


def read_fault(fault: Element, where: str) -> SoapFault:
    """Classify a fault of SOAP 1.2 (Code/Subcode/Value) or 1.1 (faultcode)."""
    codes = [
        text(value).rpartition(":")[2]
        for name in ("Value", "faultcode")
        for value in descendants(fault, name)
    ]
    reason = next(
        (
            text(item)
            for name in ("Text", "faultstring", "Reason")
            for item in descendants(fault, name)
            if text(item)
        ),
        "",
    )
    subcodes = tuple(code for code in codes if code)
    lowered = reason.lower()
    is_auth = any(code in _AUTH for code in subcodes) or (
        any(word in lowered for word in _AUTH_WORDS)
        and not any(code in _KINDS for code in subcodes)
    )
    if is_auth:
        kind = ErrorKind.AUTH_REFUSED
    else:
        # The innermost code is the most exact one.
        kind = next(
            (_KINDS[code] for code in reversed(subcodes) if code in _KINDS),
            ErrorKind.PROTOCOL,
        )
    shown = "/".join(code[:60] for code in subcodes[-2:]) or "fault"
    detail = f"{shown}: {' '.join(reason.split())[:160]}" if reason else shown
    return SoapFault(kind, detail, where=where, subcodes=subcodes, is_auth=is_auth)

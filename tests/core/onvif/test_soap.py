"""Envelopes as strict devices want them, faults as sloppy ones send them."""

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.onvif.names import Service
from custom_components.vtrack_nvr.core.onvif.soap import (
    SoapFault,
    addressing,
    element,
    envelope,
    leaf,
    read_body,
)
from custom_components.vtrack_nvr.core.onvif.wsse import (
    password_digest,
    security_header,
)
from custom_components.vtrack_nvr.core.onvif.xml import attribute, find, parse_xml, text

S = 'xmlns:s="http://www.w3.org/2003/05/soap-envelope"'


def fault(code: str, subcodes: str, reason: str = "") -> bytes:
    nested = ""
    for subcode in reversed(subcodes.split()):
        nested = f"<s:Subcode><s:Value>{subcode}</s:Value>{nested}</s:Subcode>"
    return (
        f"<s:Envelope {S}><s:Body><s:Fault><s:Code><s:Value>s:{code}</s:Value>{nested}"
        f'</s:Code><s:Reason><s:Text xml:lang="en">{reason}</s:Text></s:Reason>'
        "</s:Fault></s:Body></s:Envelope>"
    ).encode()


def test_an_envelope_is_one_line_and_escapes() -> None:
    written = envelope(
        element(
            "t:Op",
            leaf("t:Token", "a<&>\"'"),
            namespace=Service.SEARCH.value,
            attributes={"x": 'q"'},
        ),
        "<h/>",
    )
    assert b"\n" not in written
    root = parse_xml(written)
    assert text(root, "Body/Op/Token") == "a<&>\"'"
    assert attribute(find(root, "Body/Op"), "x") == 'q"'
    assert find(root, "Header/h") is not None
    assert find(parse_xml(envelope("<a/>")), "Header") is None


def test_the_answer_is_the_first_element_of_the_body() -> None:
    root = parse_xml(f"<s:Envelope {S}><s:Body><x/></s:Body></s:Envelope>".encode())
    assert read_body(root, "Op").tag == "x"
    empty = parse_xml(f"<s:Envelope {S}><s:Body/></s:Envelope>".encode())
    assert len(read_body(empty, "Op")) == 0


@pytest.mark.parametrize(
    ("xml", "kind"),
    [
        ("<rss/>", ErrorKind.NOT_ONVIF),
        (f"<s:Envelope {S}/>", ErrorKind.PROTOCOL),
    ],
)
def test_other_xml_is_classified(xml: str, kind: ErrorKind) -> None:
    with pytest.raises(NvrError) as caught:
        read_body(parse_xml(xml.encode()), "Op")
    assert caught.value.kind is kind
    assert caught.value.where == "Op"


@pytest.mark.parametrize(
    ("code", "subcodes", "reason", "kind", "is_auth"),
    [
        ("Sender", "ter:NotAuthorized", "", ErrorKind.AUTH_REFUSED, True),
        ("Sender", "wsse:FailedAuthentication", "", ErrorKind.AUTH_REFUSED, True),
        ("Sender", "", "Sender not Authorized", ErrorKind.AUTH_REFUSED, True),
        ("Sender", "ter:OperationProhibited", "", ErrorKind.NO_PERMISSION, False),
        ("Sender", "ter:InvalidArgVal ter:InvalidToken", "", ErrorKind.GONE, False),
        ("Sender", "ter:InvalidArgVal ter:NoRecording", "", ErrorKind.GONE, False),
        ("Receiver", "ter:Action ter:ResourceProblem", "", ErrorKind.BUSY, False),
        ("Receiver", "ter:ActionNotSupported", "", ErrorKind.UNSUPPORTED, False),
        ("Receiver", "ter:Odd", "what", ErrorKind.PROTOCOL, False),
    ],
)
def test_faults_are_classified_by_subcode_first(
    code: str, subcodes: str, reason: str, kind: ErrorKind, is_auth: bool
) -> None:
    with pytest.raises(SoapFault) as caught:
        read_body(parse_xml(fault(code, subcodes, reason)), "Op")
    assert caught.value.kind is kind
    assert caught.value.is_auth is is_auth
    for subcode in subcodes.split():
        assert caught.value.has(subcode.partition(":")[2])


def test_faults_of_soap_1_1_are_read() -> None:
    xml = (
        b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
        b"<e:Fault><faultcode>ter:NotAuthorized</faultcode>"
        b"<faultstring>no</faultstring></e:Fault></e:Body></e:Envelope>"
    )
    with pytest.raises(SoapFault) as caught:
        read_body(parse_xml(xml), "Op")
    assert caught.value.is_auth
    assert "no" in str(caught.value)


def test_long_reasons_are_cut() -> None:
    with pytest.raises(SoapFault) as caught:
        read_body(parse_xml(fault("Receiver", "ter:Odd", "x y\n" * 500)), "Op")
    assert len(str(caught.value)) < 300


def test_long_codes_are_cut() -> None:
    with pytest.raises(SoapFault) as caught:
        read_body(parse_xml(fault("Receiver", "ter:" + "x" * 100_000, "why")), "Op")
    assert len(str(caught.value)) < 300


def test_addressing_headers() -> None:
    root = parse_xml(
        envelope("<a/>", addressing("act", "http://x/?a&b", "1-2", "<r/>"))
    )
    assert text(root, "Header/Action") == "act"
    assert text(root, "Header/To") == "http://x/?a&b"
    assert text(root, "Header/MessageID") == "urn:uuid:1-2"
    assert find(root, "Header/r") is not None


def test_the_password_digest_is_that_of_the_specification() -> None:
    # Base64(SHA1(nonce + created + password)), worked out by hand.
    nonce = bytes(range(16))
    digest = password_digest(nonce, "2024-01-02T03:04:05Z", "secret")
    assert digest == "YId6ZSvXCBx4L1qbUT4Hsj1W4Lc="


def test_the_security_header_never_holds_the_password() -> None:
    header = security_header("a<b", "secret", bytes(range(16)), 1_704_164_645_999)
    assert "secret" not in header
    root = parse_xml(envelope("<x/>", header))
    token = find(root, "Header/Security/UsernameToken")
    assert text(token, "Username") == "a<b"
    assert text(token, "Created") == "2024-01-02T03:04:05Z"
    assert text(token, "Nonce") == "AAECAwQFBgcICQoLDA0ODw=="
    assert text(token, "Password") == "YId6ZSvXCBx4L1qbUT4Hsj1W4Lc="

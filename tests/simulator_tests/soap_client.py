"""A SOAP client for tests of the simulator, as plain as can be.

It knows nothing of the product and checks every answer against the ONVIF schemas that
onvif-zeep-async brings.
"""

import base64
from collections.abc import AsyncIterator
import contextlib
from datetime import UTC, datetime, timedelta
import functools
import hashlib
from pathlib import Path
import secrets
import ssl

import aiohttp
from lxml import etree
import onvif

from tests.simulator.nvr import SimulatedNvr
from tests.simulator.soap.envelope import NS
from tests.simulator.spec import NvrSpec

_WSDL = Path(onvif.__file__).parent / "wsdl"
_FILES = {
    "tds": "devicemgmt",
    "trt": "media",
    "tse": "search",
    "trp": "replay",
    "trc": "recording",
    "tev": "events",
    "tmd": "deviceio",
    "wsnt": "events",
}
_XS = "{http://www.w3.org/2001/XMLSchema}schema"
_DECLARED = "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in NS.items())
_DIGEST_TYPE = (
    "http://docs.oasis-open.org/wss/2004/01/"
    "oasis-200401-wss-username-token-profile-1.0#PasswordDigest"
)


@functools.cache
def any_tls() -> ssl.SSLContext:
    """Return TLS that believes anybody and speaks what cameras of 2012 speak.

    Always the same one: connections are kept for it.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


@functools.cache
def schema(prefix: str) -> etree.XMLSchema:
    """Return the schema of a service."""
    path = _WSDL / f"{_FILES[prefix]}.wsdl"
    node = etree.parse(path).find(f".//{_XS}")
    return etree.XMLSchema(etree.fromstring(etree.tostring(node), base_url=str(path)))


def token(
    user: str,
    password: str,
    *,
    created: str | None = None,
    nonce: bytes | None = None,
    offset_s: float = 0,
) -> str:
    """Return a WS-Security header."""
    nonce = nonce or secrets.token_bytes(16)
    moment = datetime.now(UTC) + timedelta(seconds=offset_s)
    created = created or f"{moment:%Y-%m-%dT%H:%M:%SZ}"
    digest = hashlib.sha1(nonce + created.encode() + password.encode()).digest()
    return (
        "<wsse:Security><wsse:UsernameToken>"
        f"<wsse:Username>{user}</wsse:Username>"
        f'<wsse:Password Type="{_DIGEST_TYPE}">{base64.b64encode(digest).decode()}'
        "</wsse:Password>"
        f"<wsse:Nonce>{base64.b64encode(nonce).decode()}</wsse:Nonce>"
        f"<wsu:Created>{created}</wsu:Created>"
        "</wsse:UsernameToken></wsse:Security>"
    )


def envelope(body: str, header: str = "") -> str:
    """Return a request."""
    return (
        f"<s:Envelope{_DECLARED}><s:Header>{header}</s:Header>"
        f"<s:Body>{body}</s:Body></s:Envelope>"
    )


class Answer:
    """What came back: `status`, `text`, and `root` where it was XML."""

    def __init__(self, status: int, text: str, headers: list[tuple[str, str]]) -> None:
        self.status = status
        self.text = text
        self.headers = headers
        self.root = None
        with contextlib.suppress(etree.XMLSyntaxError):
            self.root = etree.fromstring(text.encode())

    def all(self, path: str) -> list[str]:
        """Return the texts at a path with our prefixes."""
        assert self.root is not None, self.text
        return [node.text or "" for node in self.root.iterfind(f".//{path}", NS)]

    def one(self, path: str) -> str:
        """Return the text at a path that must be there once."""
        found = self.all(path)
        assert len(found) == 1, (path, found)
        return found[0]

    @property
    def subcodes(self) -> list[str]:
        """Return the fault's subcodes, outermost first; empty: no fault."""
        return self.all("s:Subcode/s:Value")


class SoapClient:
    """Talks to one simulated device with its right password."""

    def __init__(self, nvr: SimulatedNvr, session: aiohttp.ClientSession) -> None:
        self.nvr = nvr
        self.session = session
        self.user = nvr.spec.user
        self.password = nvr.accounts[nvr.spec.user]

    def url(self, path: str) -> str:
        """Return an address at the device."""
        scheme = "https" if self.nvr.spec.has_tls else "http"
        return path if "://" in path else f"{scheme}://127.0.0.1:{self.nvr.port}{path}"

    async def post(
        self,
        text: str | bytes,
        path: str,
        *,
        content_type: str = "application/soap+xml; charset=utf-8",
    ) -> Answer:
        """Send anything to a path."""
        async with self.session.post(
            self.url(path),
            data=text,
            headers={"Content-Type": content_type},
            ssl=any_tls(),
        ) as answer:
            return Answer(
                answer.status, await answer.text(), list(answer.headers.items())
            )

    async def call(
        self,
        body: str,
        *,
        path: str | None = None,
        header: str | None = None,
        is_checked: bool = True,
    ) -> Answer:
        """Send an operation with a login; the answer must follow the schema."""
        prefix = body[1:].split(":", maxsplit=1)[0]
        service = next(
            (s for s in self.nvr.services.values() if s.prefix == prefix), None
        )
        if path is None:
            assert service is not None, prefix
            path = service.path
        if header is None:
            header = token(
                self.user,
                self.password,
                offset_s=self.nvr.clock.offset_ms / 1000,
            )
        answer = await self.post(envelope(body, header), path)
        if is_checked and answer.root is not None and prefix in _FILES:
            self.check(answer, prefix)
        return answer

    @staticmethod
    def check(answer: Answer, prefix: str) -> None:
        """Compare an answer with the schema; faults are not in it."""
        assert answer.root is not None
        content = answer.root.find("s:Body/*", NS)
        if content is None or content.tag == f"{{{NS['s']}}}Fault":
            return
        schema(prefix).assertValid(
            etree.fromstring(etree.tostring(content)).getroottree()
        )


@contextlib.asynccontextmanager
async def talking_to(spec: NvrSpec) -> AsyncIterator[SoapClient]:
    """Switch a device on and yield a client of it."""
    async with SimulatedNvr(spec) as nvr, aiohttp.ClientSession() as session:
        yield SoapClient(nvr, session)

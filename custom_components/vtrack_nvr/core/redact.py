"""Takes secrets and identities out of anything that leaves the house.

Deterministic: the same input gives the same output, and what was equal stays equal
("**mac-1**" is one device throughout), so that a redacted capture can still be understood
and compared. Used by diagnostics and by `scripts/nvr capture`.
"""

import base64
from collections.abc import Iterable, Mapping, Sequence
import contextlib
import dataclasses
import html
import ipaddress
import re
from typing import Any
from urllib.parse import quote

_SECRET_KEYS = re.compile(
    r"passw(or)?d|passwd|\bpwd\b|passphrase|secret|credential|authori[sz]ation|cookie"
    r"|nonce|private_?key|api_?key|(access|refresh|auth|session|webhook|signed)_?(token|id)"
    r"|fingerprint|signature",
    re.IGNORECASE,
)
_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "user",
        re.compile(r"^(rtsp_|user_?)?(user(_?name)?|login|account)$", re.IGNORECASE),
    ),
    ("serial", re.compile(r"serial|hardware_?id|^sn$", re.IGNORECASE)),
    ("mac", re.compile(r"^(macs?|hw)_?(addr(ess)?)?$|hwaddress", re.IGNORECASE)),
    (
        "host",
        re.compile(
            r"^(host(name)?|ip(v4|v6)?(_?addr(ess)?)?|address|server)$", re.IGNORECASE
        ),
    ),
    (
        "id",
        re.compile(
            r"^(unique_id|uuid|endpoint_id|nvr|nvr_key|entry_id|key)$", re.IGNORECASE
        ),
    ),
    (
        "place",
        re.compile(
            r"^(lat(itude)?|lon(gitude)?|lng|gps.*|geo.*|elevation|altitude|location)$",
            re.IGNORECASE,
        ),
    ),
)
_KEPT_KEYS = re.compile(r"firmware|version", re.IGNORECASE)
_KEPT_HOSTS = frozenset(
    {"", "127.0.0.1", "0.0.0.0", "localhost", "::1", "::", "239.255.255.250"}  # noqa: S104  nobody listens there
)
_STANDARDS = re.compile(
    r"(^|\.)(onvif\.org|w3\.org|xmlsoap\.org|oasis-open\.org|home-assistant\.io)$",
    re.IGNORECASE,
)

_HEADER = re.compile(
    r"(\b(?:proxy-)?(?:authorization|www-authenticate|authentication-info|cookie"
    r"|set-cookie)[\"']?\s*:\s*)[^\r\n<]*",
    re.IGNORECASE,
)
_USERINFO = re.compile(
    r"(\b[a-z][a-z0-9+.-]{0,20}://)[^/\s\"'<>@?#]*(?:@[^/\s\"'<>@?#]*)*@", re.IGNORECASE
)
_URL_HOST = re.compile(
    r"(\b[a-z][a-z0-9+.-]{0,20}://)(\[[0-9a-f:.%]+\]|[^/:\s\"'<>?#*]+)", re.IGNORECASE
)
_QUERY = re.compile(
    r"([?&;](?:user(?:name)?|usr|loginuse|pass(?:word)?|passwd|pwd|loginpas|token|auth"
    r"|authsig|sig(?:nature)?|session|sid|key|secret)=)[^&\s\"'<>;]*",
    re.IGNORECASE,
)
_PAIR = re.compile(
    r"(\b(?:password|passwd|pwd|passphrase|secret|cnonce|nonce|response|username"
    r"|api_?key|access_token|refresh_token)\b[\"']?\s*[=:]\s*)"
    r"(\"[^\"]*\"|'[^']*'|[^\s,;&\"'<>]+)",
    re.IGNORECASE,
)
_XML_SECRETS = re.compile(
    r"(<(?:[\w.-]+:)?(Username|Password|Nonce|SerialNumber|HardwareId|HwAddress|HostName"
    r"|Latitude|Longitude|Key|Passphrase)\b[^<>]*>)([^<]*)(</)",
    re.IGNORECASE,
)
_XML_PLACE = re.compile(
    r"(\b(?:lat|lon|latitude|longitude|elevation)\s*=\s*)(\"[^\"]*\"|'[^']*')",
    re.IGNORECASE,
)
_PLACE_SCOPE = re.compile(
    r"(onvif://www\.onvif\.org/location/)[^\s<\"']*", re.IGNORECASE
)
_MARK_SCOPE = re.compile(
    r"(onvif://www\.onvif\.org/(serial\w*|sn|mac\w*|uuid)/)[^\s<\"']*", re.IGNORECASE
)
_UUID = re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", re.IGNORECASE)
_MAC = re.compile(
    r"(?<![0-9a-f:.-])[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}(?![0-9a-f:-])",
    re.IGNORECASE,
)
_IPV4 = re.compile(
    r"(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d.]*\d)"
)
_IPV6 = re.compile(
    r"(?<![\w:.])[0-9a-f:]*:[0-9a-f]*:[0-9a-f:.]*[0-9a-f:]", re.IGNORECASE
)
_COORDINATES = re.compile(
    r"(?<![\d.])-?\d{1,3}\.\d{4,}\s*,\s*-?\d{1,3}\.\d{4,}(?![\d.])"
)
_LONG_SECRET = re.compile(
    r"(?<![\w-])eyJ[\w-]++\.[\w-]++\.[\w-]*+|\b(?=\w*\d)(?=\w*[a-z])[\w-]{40,}\b",
    re.IGNORECASE,
)
_XML_KINDS = {
    "username": "user",
    "serialnumber": "serial",
    "hardwareid": "serial",
    "hwaddress": "mac",
    "hostname": "host",
    "latitude": "place",
    "longitude": "place",
}
HIDDEN = "**hidden**"
_SHORTEST_EVERYWHERE = 3
_SHORTEST_ENCODED = 6
"""Less of a secret in Base64 would hide ordinary words."""
_ENTITIES = {"&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos"}


class Redactor:
    """One redaction: whatever it has met once it knows again, in any spelling."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """`secrets` are hidden wherever they turn up, however they are encoded."""
        self._names: dict[tuple[str, str], str] = {}
        self._counts: dict[str, int] = {}
        self._names_everywhere: dict[str, str] = {}
        self._secrets: dict[str, re.Pattern[str]] = {}
        for secret in secrets:
            self._remember(secret, HIDDEN)

    def value(self, value: Any) -> Any:
        """Return a value of the same shape without secrets; nothing is changed in place."""
        value = _plain(value)
        self._collect(value)
        return self._walk(value, "")

    def text(self, text: str) -> str:
        """Return a text (log, XML, HTTP, JSON) without secrets."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = self._secrets[secret].sub(HIDDEN, text)
        for known in sorted(self._names_everywhere, key=len, reverse=True):
            if known in text:
                text = _whole(known).sub(self._names_everywhere[known], text)
        text = _HEADER.sub(rf"\1{HIDDEN}", text)
        text = _XML_SECRETS.sub(self._xml, text)
        text = _PLACE_SCOPE.sub(r"\1**place**", text)
        text = _MARK_SCOPE.sub(
            lambda m: m[1] + self._name("mark", m[0][len(m[1]) :]), text
        )
        text = _XML_PLACE.sub(r'\1"**place**"', text)
        text = _USERINFO.sub(r"\1**user**@", text)
        text = _QUERY.sub(rf"\1{HIDDEN}", text)
        text = _PAIR.sub(self._pair, text)
        text = _URL_HOST.sub(lambda m: m[1] + self._host(m[2]), text)
        text = _UUID.sub(lambda m: self._name("uuid", m[0].lower()), text)
        text = _MAC.sub(lambda m: self._name("mac", _bare_mac(m[0])), text)
        text = _IPV4.sub(lambda m: self._host(m[0]), text)
        text = _IPV6.sub(self._ipv6, text)
        text = _COORDINATES.sub("**place**", text)
        return _LONG_SECRET.sub(HIDDEN, text)

    def _remember(self, value: str, name: str) -> None:
        """Hide a value everywhere; a secret in every encoding it may travel in."""
        if len(value) < _SHORTEST_EVERYWHERE or "**" in value:
            return
        if name == HIDDEN:
            self._secrets.setdefault(value, encodings_pattern(value))
        else:
            for other in (value, quote(value, safe=""), quote(value)):
                self._names_everywhere.setdefault(other, name)

    def _name(self, kind: str, value: str) -> str:
        if not value or "**" in value:
            return value
        if (kind, value) not in self._names:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            self._names[kind, value] = f"**{kind}-{self._counts[kind]}**"
        return self._names[kind, value]

    def _host(self, host: str) -> str:
        bare = host.strip("[]").lower()
        if bare in _KEPT_HOSTS or _STANDARDS.search(bare) or "**" in bare:
            return host
        return self._name("host", bare)

    def _ipv6(self, found: re.Match[str]) -> str:
        try:
            ipaddress.IPv6Address(found[0])
        except ValueError:  # a time of day, mostly
            return found[0]
        return self._host(found[0])

    @staticmethod
    def _pair(found: re.Match[str]) -> str:
        quoted = found[2][0] if found[2][0] in "\"'" else ""
        return f"{found[1]}{quoted}{HIDDEN}{quoted}"

    def _xml(self, found: re.Match[str]) -> str:
        kind = _XML_KINDS.get(found[2].lower())
        inner = found[3].strip()
        if kind == "mac":
            inner = _bare_mac(inner)
        name = self._name(kind, inner) if kind else HIDDEN if inner else ""
        return f"{found[1]}{name}{found[4]}"

    def _known(self, key: str, value: str) -> str | None:
        """Return what stands for a value because of its key, None where nothing does."""
        if _SECRET_KEYS.search(key):
            return HIDDEN if value else value
        for kind, pattern in _KINDS:
            if pattern.search(key):
                if kind == "host":
                    return self._host(value)
                return self._name(kind, _bare_mac(value) if kind == "mac" else value)
        return None

    def _collect(self, value: Any, key: str = "") -> None:
        """Learn what is secret here, so that it is hidden in other places, too."""
        match value:
            case Mapping():
                for name, item in value.items():
                    self._collect(item, str(name))
            case str():
                known = self._known(key, value)
                if known is not None and known != value:
                    self._remember(value, known)
            case Sequence() if not isinstance(value, bytes):
                for item in value:
                    self._collect(item, key)

    def _walk(self, value: Any, key: str) -> Any:
        match value:
            case Mapping():
                return {
                    self.text(name) if isinstance(name, str) else name: self._walk(
                        item, str(name)
                    )
                    for name, item in value.items()
                }
            case str():
                known = self._known(key, value)
                if known is not None:
                    return known
                return value if _KEPT_KEYS.search(key) else self.text(value)
            case bytes():
                return f"**{len(value)} bytes**"
            case Sequence():
                return [self._walk(item, key) for item in value]
            case bool() | None:
                return value
            case int() | float():
                return value if self._known(key, str(value)) is None else HIDDEN
        return self.text(str(value))


def encodings_pattern(secret: str) -> re.Pattern[str]:
    """Return what finds a secret raw, in URLs, XML, JSON, hex or Base64, also mixed.

    Each character may be encoded or not by itself: serialisers differ in what they escape.
    """
    data = secret.encode("utf-8", "surrogatepass")
    whole = "".join(_character(character) for character in secret)
    shapes = [
        whole,
        f"(?i:{data.hex()})",
        f"(?i:{data.hex('@').replace('@', '[ :-]')})",
    ]
    for before in range(3):  # where it begins in a group of three bytes
        encoded = base64.b64encode(b"\0" * before + data).decode()
        # what depends on its neighbours is left out
        core = encoded[(0, 2, 3)[before] :].rstrip("=")
        if (before + len(data)) % 3:
            core = core[:-1]
        if len(core) >= _SHORTEST_ENCODED:
            shapes.append(re.escape(core))
            shapes.append(re.escape(core.replace("+", "-").replace("/", "_")))
    return re.compile("|".join(dict.fromkeys(shapes)))


def _character(character: str) -> str:
    """Return a pattern for a character in each encoding."""
    code = ord(character)
    shapes = [re.escape(character), re.escape(html.escape(character))]
    for encoding in ("utf-8", "latin-1"):
        with contextlib.suppress(UnicodeEncodeError):
            octets = character.encode(encoding)
            shapes.append("(?i:" + "".join(f"%(?:25)?{o:02x}" for o in octets) + ")")
    units = character.encode("utf-16-be", "surrogatepass").hex()
    pairs = (units[i : i + 4] for i in range(0, len(units), 4))
    shapes.append("(?i:" + "".join(rf"\\+u{pair}" for pair in pairs) + ")")
    shapes.append(rf"&(?:amp;)?(?i:\#0*{code}|\#x0*{code:x});")
    if (name := _ENTITIES.get(character)) is not None:
        shapes.append(f"&(?:amp;)?{name};")
    if character in "\"'\\/":
        shapes.append(rf"\\+{re.escape(character)}")
    if character == " ":
        shapes.append(r"\+")
    return f"(?:{'|'.join(dict.fromkeys(shapes))})"


def _whole(secret: str) -> re.Pattern[str]:
    """Return a pattern that does not find "cam" inside "camera"."""
    before = r"(?<!\w)" if re.match(r"\w", secret) else ""
    after = r"(?!\w)" if re.search(r"\w$", secret) else ""
    return re.compile(before + re.escape(secret) + after)


def _bare_mac(value: str) -> str:
    return re.sub(r"[^0-9a-z]", "", value.lower())


def _plain(value: Any) -> Any:
    """Turn dataclasses, sets and the like into mappings and lists."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = dataclasses.asdict(value)
    match value:
        case Mapping():
            return {name: _plain(item) for name, item in value.items()}
        case str() | bytes():
            return value
        case set() | frozenset():
            return sorted((_plain(item) for item in value), key=str)
        case Sequence():
            return [_plain(item) for item in value]
    return value


def redact(value: Any, secrets: Iterable[str] = ()) -> Any:
    """Return any nesting of mappings, sequences and texts without secrets."""
    return Redactor(secrets).value(value)

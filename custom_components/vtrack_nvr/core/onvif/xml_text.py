"""Makes text that XML would refuse readable: encodings that lie, characters, tags."""

from html.entities import html5
import re

_ENCODINGS = {
    "utf-16": "utf-16",
    "us-ascii": "cp1252",
    "ascii": "cp1252",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "windows-1252": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb18030": "gb18030",
}
_DECLARED = re.compile(rb"^[^>]{0,200}encoding\s*=\s*[\"']([A-Za-z0-9_.-]{1,40})[\"']")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,200}\?>")
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]+")
_STRAY_BYTES = re.compile("[\udc80-\udcff]+")
_BARE_AMPERSAND = re.compile(
    r"&(?!#[0-9]{1,7};|#[xX][0-9a-fA-F]{1,6};|[A-Za-z][A-Za-z0-9]{0,31};)"
)
_REFERENCE = re.compile(
    r"&(?!(?:amp|lt|gt|quot|apos);)"
    r"(#[0-9]{1,7};|#[xX][0-9a-fA-F]{1,6};|[A-Za-z][A-Za-z0-9]{0,31};)"
)
_ESCAPED = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# Possessive, and from the start of a word only: what has no end is read once.
_TAG = re.compile(
    r"<([A-Za-z_][\w:.-]*+)((?:[^<>\"'/]++|/(?!>)|\"[^\"<]*+\"|'[^'<]*+')*+)(/?)>"
)
_ATTRIBUTE = re.compile(
    r"(?<![\w:.-])([\w:.-]++)\s*+=\s*+(\"[^\"<]*+\"|'[^'<]*+'|[^\s\"'<>]++)"
)


def decode_xml(data: bytes) -> str:
    """Return the text without its declaration; never fails.

    UTF-8 where it is that, whatever is declared; else what is declared. Bytes that fit
    neither are taken as Windows-1252, one by one.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", "replace")
    elif data.startswith((b"<\x00", b"\x00<")):
        text = data.decode("utf-16-le" if data[0] else "utf-16-be", "replace")
    else:
        text = _decode_bytes(data.removeprefix(b"\xef\xbb\xbf"))
    return _DECLARATION.sub("", text, count=1)


def _decode_bytes(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        found = _DECLARED.match(data)
        name = _ENCODINGS.get(found[1].decode("ascii").lower()) if found else None
        if name:
            return data.decode(name, "replace")
    return data.decode("utf-8", "surrogateescape")


def restore_bytes(piece: str) -> str:
    """Return the text with bytes that were no UTF-8 read as Windows-1252."""
    return _STRAY_BYTES.sub(
        lambda found: (
            found[0].encode("utf-8", "surrogateescape").decode("cp1252", "replace")
        ),
        piece,
    )


def mend(piece: str) -> str:
    """Return whole tags and the text between them as XML allows them."""
    piece = _ILLEGAL.sub("", restore_bytes(piece))
    if "&" in piece:
        piece = _BARE_AMPERSAND.sub("&amp;", piece)
        piece = _REFERENCE.sub(_mend_reference, piece)
    return _TAG.sub(_mend_tag, piece)


def _mend_reference(found: re.Match[str]) -> str:
    name: str = found[1]
    if name.startswith("#"):
        is_hex = name[1] in "xX"
        code = int(name[2:-1], 16) if is_hex else int(name[1:-1])
        character = chr(code) if code <= 0x10FFFF else ""
        return "" if _ILLEGAL.match(character) else f"&#{code};" if character else ""
    known = html5.get(name)
    if known is None:
        return f"&amp;{name}"
    return "".join(_ESCAPED.get(character, character) for character in known)


def _mend_tag(found: re.Match[str]) -> str:
    """Quote what is not quoted; of an attribute that comes twice the first counts."""
    if "=" not in found[2]:
        return found[0]
    attributes: dict[str, str] = {}
    for name, value in _ATTRIBUTE.findall(found[2]):
        attributes.setdefault(name, value if value[0] in "\"'" else f'"{value}"')
    listed = "".join(f" {name}={value}" for name, value in attributes.items())
    return f"<{found[1]}{listed}{found[3]}>"

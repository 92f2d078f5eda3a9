"""The rules for one text that people read, wherever it stands."""

from collections.abc import Iterator
import re
import string

import probatio

HTML = re.compile(r"<[a-zA-Z/][^>]*>")
LINK = re.compile(
    r"(?:(?:ftps?|scp|https?|mqtts?|socket|socks5)://|\bwww\.)", re.IGNORECASE
)
KEY = re.compile(r"[a-z0-9]+(?:[_-][a-z0-9]+)*")
SLUG = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)*")


def text(value: object) -> str:
    """Accept a text fit for translation: no markup, no link, sound placeholders."""
    if not isinstance(value, str) or not value:
        raise probatio.Invalid("must be a text")
    if value != value.strip():
        raise probatio.Invalid("must not begin or end with a space")
    if HTML.search(value):
        raise probatio.Invalid("must not contain HTML")
    if LINK.search(value):
        raise probatio.Invalid("must not contain a link; hand it in as a placeholder")
    if "[%" in value or "%]" in value:
        raise probatio.Invalid("references are resolved in core's own build only")
    for name in placeholders(value):
        if not name.isidentifier():
            raise probatio.Invalid(f"placeholder {{{name}}} is no identifier")
        if f"'{{{name}}}'" in value:
            raise probatio.Invalid(
                f"placeholder {{{name}}} must not stand in single quotes"
            )
    return value


def placeholders(value: str) -> set[str]:
    """Return the names in braces; raise Invalid if the braces do not match."""
    try:
        return {
            name
            for _, name, _, _ in string.Formatter().parse(value)
            if name is not None
        }
    except ValueError as err:
        raise probatio.Invalid(f"braces do not match: {err}") from err


def leaves(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield (dotted path, text) of all texts."""
    if isinstance(value, dict):
        for name, below in value.items():
            yield from leaves(below, f"{path}.{name}" if path else name)
    elif isinstance(value, str):
        yield path, value


def plain(value: object) -> str:
    """Accept a text that is shown as it is: what is fit for translation and no more."""
    found = text(value)
    if placeholders(found):
        raise probatio.Invalid("placeholders are not filled in here")
    return found


def key(value: object) -> str:
    """Accept a key: lower case and digits, single hyphens or underscores between them."""
    if not isinstance(value, str) or not KEY.fullmatch(value):
        raise probatio.Invalid(f"{value!r} is no valid key")
    return value


def slug(value: object) -> str:
    """Accept a name of Home Assistant: a key without hyphens."""
    if not isinstance(value, str) or not SLUG.fullmatch(value):
        raise probatio.Invalid(f"{value!r} is no valid name")
    return value


def icon(value: object) -> str:
    """Accept a Material Design icon."""
    if not isinstance(value, str) or not re.fullmatch(r"mdi:[a-z0-9-]+", value):
        raise probatio.Invalid("must be an icon such as mdi:cctv")
    return value

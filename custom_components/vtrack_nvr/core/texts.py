"""The door for texts that devices write about themselves.

What comes through may stand in a log, a state, a title or a form: one line of at most
`LENGTH` characters, without anything that moves a cursor or turns the writing round.
"""

import re

LENGTH = 100
"""The longest text of a device that is kept; no maker's name is near it."""
DETAIL_LENGTH = 300
"""The longest detail of an error."""

_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f"  # control characters, escape sequences among them
    "\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # unseen, turning
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_BLANKS = re.compile(r"\s+")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~:&@])")


def clean(written: str, length: int = LENGTH) -> str:
    """Return a text of a device as one line that is safe to show; may be empty."""
    text = written[: 4 * length]
    text = _BLANKS.sub(" ", _UNSEEN.sub("", text)).strip()
    return text if len(text) <= length else f"{text[: length - 1]}…"


def clean_fields(value: object, *names: str) -> None:
    """Clean texts of a frozen value while it is made (`__post_init__`)."""
    for name in names:
        object.__setattr__(value, name, clean(getattr(value, name)))


def escape_markdown(text: str) -> str:
    """Return a text that a frontend which renders Markdown shows as it is."""
    return _MARKDOWN.sub(r"\\\1", text)

"""What is put into texts that Home Assistant's frontend renders as Markdown.

Names, addresses and paths come from devices, from the network and from people. None of
them may become a link, a picture or a heading in somebody's browser.
"""

from typing import Final

from .core.texts import escape_markdown

PLAIN: Final = "_plain"


class Markdown(str):
    """A text that is Markdown already: our own sentences, with what is in them escaped."""

    __slots__ = ()


def placeholders(**texts: object) -> dict[str, str]:
    """Return the placeholders of a form, an issue or a notification.

    `{name}` is for what is rendered as Markdown: descriptions, reasons to abort,
    messages. `{name_plain}` is the same text for what is not: titles and labels.
    """
    shown = {key: escaped(text) for key, text in texts.items()}
    plain = {
        f"{key}{PLAIN}": str(text)
        for key, text in texts.items()
        if not isinstance(text, Markdown)
    }
    return {**shown, **plain}


def escaped(text: object) -> str:
    """Return a text as Markdown that shows it as it is."""
    return str(text) if isinstance(text, Markdown) else escape_markdown(str(text))

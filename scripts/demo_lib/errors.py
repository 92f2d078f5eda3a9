"""What goes wrong in a demo, in words for the person before the terminal."""


class DemoError(Exception):
    """The demo cannot go on, or a proof failed; the text says what and where to look."""

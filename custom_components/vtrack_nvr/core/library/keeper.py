"""TEMP."""


class Keeper:
    """TEMP."""

    def __init__(self, *args: object) -> None:
        """TEMP."""

    def start(self) -> None:
        """TEMP."""

    def stop(self, seconds: float) -> None:
        """TEMP."""

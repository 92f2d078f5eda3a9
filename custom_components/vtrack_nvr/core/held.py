"""Things that are held for a while: leaving their `with` block lets go of them."""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class Held(ABC):
    """Enters as itself; `release` runs however the block is left."""

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let go."""
        self.release()

    @abstractmethod
    def release(self) -> None:
        """Let go; idempotent, never raises."""

"""Changes that break a file of an integration."""

from collections.abc import Callable
from typing import Any


def set_to(*path: str, value: object) -> Callable[[dict[str, Any]], object]:
    """Return a change that sets a value below a path of keys."""

    def change(data: dict[str, Any]) -> None:
        for key in path[:-1]:
            data = data.setdefault(key, {})
        data[path[-1]] = value

    return change

"""What all tests share: those of long files begin first, so that none is left for last."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put files marked 'long' in front; within them, and behind, all keep their order."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)

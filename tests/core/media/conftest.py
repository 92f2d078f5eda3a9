"""A folder that takes clips."""

from pathlib import Path

import pytest

from tests.core.download.conftest import FolderSink


@pytest.fixture
def sink(tmp_path: Path) -> FolderSink:
    return FolderSink(tmp_path)

"""Loopback sockets, which Home Assistant's test plugin blocks by default."""

import pytest


@pytest.fixture(autouse=True)
def _allow_loopback(request: pytest.FixtureRequest) -> None:
    if request.config.pluginmanager.hasplugin("homeassistant"):
        request.getfixturevalue("socket_enabled")

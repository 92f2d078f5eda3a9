"""The page about the WebSocket API names every command, and no other."""

from pathlib import Path
import re

from custom_components.vtrack_nvr.core.library import coverage_tiles as tiles
from custom_components.vtrack_nvr.websocket import COMMANDS
from custom_components.vtrack_nvr.websocket.info import API

PAGE = Path(__file__).parents[2] / "docs" / "websocket-api.md"


def test_the_page_names_every_command_and_no_other() -> None:
    named = set(re.findall(r'type: "vtrack_nvr/([a-z_/]+)"', PAGE.read_text()))
    assert named == set(COMMANDS)


def test_the_page_tells_the_version_and_the_states_in_their_order() -> None:
    page = PAGE.read_text()
    assert f"Version **{API}**" in page
    states = re.search(r"type State = ([^;]+);", page)
    assert states is not None
    assert tuple(re.findall(r'"(\w+)"', states.group(1))) == tiles.STATES

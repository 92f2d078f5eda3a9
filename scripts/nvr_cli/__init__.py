"""Talks to a camera or recorder with our core alone, without Home Assistant.

The parent package is our integration; importing it would import Home Assistant, so an
empty module with its path takes its place before anything of `core` is imported.
"""

from pathlib import Path
import sys
from types import ModuleType

_ROOT = Path(__file__).parents[2] / "custom_components"

for _name, _folder in (
    ("custom_components", _ROOT),
    ("custom_components.vtrack_nvr", _ROOT / "vtrack_nvr"),
):
    if _name not in sys.modules:
        _module = ModuleType(_name)
        _module.__path__ = [str(_folder)]
        sys.modules[_name] = _module

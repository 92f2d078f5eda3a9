"""Lets a process of its own import the core without Home Assistant."""

from pathlib import Path
import sys
from types import ModuleType

ROOT = Path(__file__).parents[2] / "custom_components"

for name, folder in (
    ("custom_components", ROOT),
    ("custom_components.vtrack_nvr", ROOT / "vtrack_nvr"),
):
    if name not in sys.modules:
        module = ModuleType(name)
        module.__path__ = [str(folder)]
        sys.modules[name] = module

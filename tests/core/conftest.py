"""Core tests run where Home Assistant is not installed, too.

There (and where `VTRACK_CORE_ONLY` is set, to test the core alone) the shell's `__init__.py` could not be imported; an empty parent module with the
right `__path__` stands in for it, so that `core` is found under its full name.
"""

import importlib.util
import os
from pathlib import Path
import sys
from types import ModuleType

ROOT = Path(__file__).parents[2] / "custom_components"

if (
    os.environ.get("VTRACK_CORE_ONLY")
    or importlib.util.find_spec("homeassistant") is None
):
    for name, folder in (
        ("custom_components", ROOT),
        ("custom_components.vtrack_nvr", ROOT / "vtrack_nvr"),
    ):
        if name not in sys.modules:
            module = ModuleType(name)
            module.__path__ = [str(folder)]
            sys.modules[name] = module

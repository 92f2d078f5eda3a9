"""Lets the package of Home Assistant's own tests run with a newer Home Assistant.

Loaded as a plugin by `scripts/test --newest`: the newest release of the package belongs to
the oldest Home Assistant we support.
"""

# Home Assistant puts its own modules in the place of others: before anybody imports those.
from homeassistant.components import logger
from homeassistant.components.logger import helpers
import homeassistant.const  # noqa: F401 - for that alone

if not hasattr(logger, "_clear_logger_overwrites"):
    vars(logger)["_clear_logger_overwrites"] = vars(helpers)["_clear_logger_overwrites"]

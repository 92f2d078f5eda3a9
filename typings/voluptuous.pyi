# Home Assistant's validation engine goes by the name of voluptuous at run time.
from probatio import *  # noqa: F403 - all of it

# Home Assistant answers `import voluptuous` with its own engine, probatio, at run time.
# This says the same to the type checker.
from probatio import *  # noqa: F403

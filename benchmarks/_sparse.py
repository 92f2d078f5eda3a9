"""Makes the simulated cameras of this process take two pictures a second.

To be imported before any other part of the simulator: they take the constant over.
"""

from tests.simulator import timeline

FRAME_MS = 500

timeline.FRAME_MS = FRAME_MS

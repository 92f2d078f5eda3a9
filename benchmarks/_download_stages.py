"""What the processor's time of a download goes into, stage by stage.

    scripts/bench _download_stages [--seconds 600] [--runs 3]

One download without a limit, alone in this process, from a sender in another. Functions
are wrapped that are called once for a quarter of a megabyte, for a group of pictures or
for a clip, so that counting costs next to nothing. What a stage calls of another stage
counts for the other one. The shares are what to go by: seconds depend on who else uses the
machine.
"""

import argparse
import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
import pkgutil
import statistics
import tempfile
import threading
import time
from typing import Any
from unittest.mock import patch

from benchmarks._downloads import fetch_all, without_home_assistant
from benchmarks._footage import encode, packetize
from benchmarks._sender import Sender

CORE = "custom_components.vtrack_nvr.core"
STAGES = {
    "read the socket": ("rtsp.wire.SocketWire.receive_into",),
    "frames and packets to pictures": ("rtsp.parser.StreamParser.feed",),
    "date and group pictures": ("download.playing.Playing._take",),
    "make packets for libav": ("media.writer.ClipWriter._video_packets",),
    "write through libav": (
        "media.writer.ClipWriter._mux",
        "media.output.OutputFile._finish",
    ),
    "read back and hash": ("media.series.sha256_of",),
    "check the tables": ("download.downloader.check_tables",),
    "all the rest": ("download.fetch.Fetch.run",),
}


class Spent:
    """CPU seconds by stage."""

    def __init__(self) -> None:
        """Begin at zero."""
        self.seconds: dict[str, float] = defaultdict(float)
        self._local = threading.local()

    def count(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that counts for a stage."""

        def counted(*args: Any, **options: Any) -> Any:
            outer = getattr(self._local, "inner", 0.0)
            self._local.inner = 0.0
            begun = time.thread_time()
            try:
                return function(*args, **options)
            finally:
                spent = time.thread_time() - begun
                self.seconds[stage] += spent - self._local.inner
                self._local.inner = outer + spent

        return counted


@contextmanager
def counting() -> Iterator[Spent]:
    """Count while the `with` block runs."""
    spent = Spent()
    with ExitStack() as stack:
        for stage, names in STAGES.items():
            for name in names:
                path, _, attribute = f"{CORE}.{name}".rpartition(".")
                owner = pkgutil.resolve_name(path)
                counted = spent.count(stage, getattr(owner, attribute))
                stack.enter_context(patch.object(owner, attribute, counted))
        yield spent


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    without_home_assistant()
    runs: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stream, sets = folder / "stream.rtp", folder / "sets"
        sets.write_bytes(packetize(encode(8, 4000, 50), arguments.seconds, stream))
        size = stream.stat().st_size
        sender = Sender(stream, sets, None)
        for _ in range(arguments.runs):
            with counting() as spent:
                asyncio.run(
                    fetch_all(sender.port, 1, arguments.seconds, folder, "tables")
                )
            runs.append(spent.seconds)
        sender.stop()
    middle = {stage: statistics.median(run[stage] for run in runs) for stage in STAGES}
    whole = sum(middle.values())
    for stage, seconds in (*middle.items(), ("together", whole)):
        print(
            f"{stage:32} {seconds / size * 1e9:5.2f} CPU-s/GB"
            f"  {seconds / whole * 100:3.0f} %"
        )


if __name__ == "__main__":
    main()

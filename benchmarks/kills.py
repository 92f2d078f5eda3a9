"""kill -9 of a syncing home, many times: `scripts/bench kills --kills 200 --seed 1`.

A worker process runs the real engine and the real library against a simulated NVR and is
killed at random moments, while it starts, salvages, fetches and finishes. Now and then it
is left alone to the end; then every frame must be there once, every row true, no file
without a row, and the ledger the same as after a sync that nobody disturbed. Workers of
every other round decode what they fetched, as the product does. A round in which nothing
was killed proves nothing and is a failure.
"""

from tests.end_to_end import core_only  # noqa: F401 - first

import asyncio  # isort: skip
from pathlib import Path
import sys
import tempfile

from benchmarks._bars import row_of
from benchmarks._rows import Row, finish, make_parser
from tests.end_to_end.devices import Devices
from tests.end_to_end.killing import Killer, Tally
from tests.simulator.footage import FootageStore


async def run(kills: int, seed: int) -> Tally:
    """Kill so often and return the tally."""
    devices = Devices(FootageStore())
    with tempfile.TemporaryDirectory() as folder:
        killer = Killer(devices, Path(folder), seed)
        try:
            return await killer.run(kills, lambda text: print(text, flush=True))
        finally:
            await devices.close()


def rows(tally: Tally) -> list[Row]:
    """Return what was lost, and everything else that was wrong."""
    wrong = len(tally.problems) - bool(tally.lost) - bool(tally.twice)
    said = f"{tally.kills} kills, {tally.frames} pictures"
    return [
        row_of("kills.lost", tally.lost + tally.twice, said=said),
        row_of("kills.mislabelled", wrong),
    ]


def main() -> int:
    """Return 0 if nothing was lost, double or mislabelled."""
    parser = make_parser(__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    tally = asyncio.run(run(chosen.kills, chosen.seed))
    print(
        f"{tally.kills} kills ({tally.in_fetch} with a session open, {tally.decoding} of "
        f"workers that decode) in {tally.rounds} rounds {tally.in_round}, {tally.seconds:.0f} s: {tally.frames} frames in {tally.clips} clips "
        f"proven, {tally.lost} lost, {tally.twice} twice, "
        f"{len(tally.mislabelled)} mislabelled, {len(tally.strays)} stray files"
    )
    for problem in tally.problems[:20]:
        print(f"  {problem}")
    return finish(rows(tally), chosen)


if __name__ == "__main__":
    sys.exit(main())

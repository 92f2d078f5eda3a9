"""Builds and checks the zip of a release; started by scripts/release."""

import argparse
from pathlib import Path
import sys
import tempfile

from .build import NAME, ROOT, build
from .check import check


def main() -> int:
    """Build, build again and compare, check; 0 if nothing is wrong."""
    parser = argparse.ArgumentParser(prog="scripts/release", description=__doc__)
    parser.add_argument("--tag", help="the release's tag, which the version must be")
    parser.add_argument("--out", type=Path, default=Path(NAME))
    arguments = parser.parse_args()
    digest = build(ROOT, arguments.out)
    with tempfile.TemporaryDirectory() as folder:
        again = build(ROOT, Path(folder, NAME))
    wrong = [] if again == digest else ["built twice, it is not the same"]
    wrong += check(ROOT, arguments.out, arguments.tag)
    for line in wrong:
        print(f"✗ {line}", file=sys.stderr)
    if wrong:
        return 1
    print(f"{digest}  {arguments.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

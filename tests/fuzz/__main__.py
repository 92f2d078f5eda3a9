"""Fuzz one target, or all of them: `scripts/fuzz TARGET --minutes N`."""

import argparse
import hashlib
from pathlib import Path
import sys
import tempfile

from .fuzzer import Fuzzer
from .targets import targets


def main() -> int:
    """Print what was tried and found; 1 if a bound was broken."""
    known = targets()
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__)
    parser.add_argument("target", choices=[*known, "all"])
    parser.add_argument("--minutes", type=float, default=1.0, help="for each target")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    found = 0
    for name in known if chosen.target == "all" else [chosen.target]:
        report = Fuzzer(known[name](), chosen.seed).run(seconds=60 * chosen.minutes)
        print(
            f"{name}: {report.inputs} inputs, {report.paths} kept, {report.lines} lines,"
            f" slowest {report.slowest_s * 1000:.0f} ms,"
            f" most memory {report.largest / 1e6:.1f} MB,"
            f" {len(report.findings)} findings",
            flush=True,
        )
        for finding in report.findings:
            digest = hashlib.sha256(finding.data).hexdigest()[:12]
            kept = Path(tempfile.gettempdir()) / f"fuzz-{name}-{digest}"
            kept.write_bytes(finding.data)
            print(f"  {finding.what}: {kept}", flush=True)
        found += len(report.findings)
    return int(found > 0)


if __name__ == "__main__":
    sys.exit(main())
